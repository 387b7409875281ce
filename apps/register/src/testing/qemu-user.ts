import { createReadStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fetchFile, fetchPackageIndex, readDeb } from '@qemu-user-static/debian-archive';
import { architecture, once, withSid } from './archive.ts';

/** Debian's qemu-user of sid, unpacked once: `emulators/qemu-*-static`, as in the images, and `binfmt.d/*.conf`. */
export interface QemuUser {
  readonly version: string;
  readonly emulators: string;
  readonly binfmt: string;
}

export async function qemuUser(): Promise<QemuUser> {
  return withSid(async (sid, context) => {
    const found = (await fetchPackageIndex(sid, architecture ?? '', ['qemu-user'])).get('qemu-user');
    const folder = await once(`qemu-user-${found.sha256}`, async (unpacked) => {
      await Promise.all([mkdir(join(unpacked, 'emulators')), mkdir(join(unpacked, 'binfmt.d'))]);
      const path = await fetchFile(found, context);
      for await (const entry of readDeb(createReadStream(path), found)) {
        const [, emulator] = /^usr\/bin\/(qemu-[^/]+)$/.exec(entry.path) ?? [];
        const [, conf] = /^usr\/share\/qemu\/binfmt\.d\/([^/]+\.conf)$/.exec(entry.path) ?? [];
        if (emulator !== undefined) {
          const file = join(unpacked, 'emulators', `${emulator}-static`);
          await writeFile(file, await entry.read(), { mode: 0o755 });
        }
        if (conf !== undefined) await writeFile(join(unpacked, 'binfmt.d', conf), await entry.read());
      }
    });
    return { version: found.version, emulators: join(folder, 'emulators'), binfmt: join(folder, 'binfmt.d') };
  });
}
