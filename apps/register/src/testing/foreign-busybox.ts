import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GuestName } from '@qemu-user-static/arch-table';
import { fetchFile, fetchPackageIndex, readDeb } from '@qemu-user-static/debian-archive';
import { once, withSid } from './archive.ts';

/** The CPU of an image that this machine does not run by itself, and Debian's name of it. */
export const FOREIGN: { readonly guest: GuestName; readonly debian: string } = {
  guest: 's390x',
  debian: 's390x',
};

/** The path of sid's static busybox for that CPU. */
export async function foreignBusybox(): Promise<string> {
  return withSid(async (sid, context) => {
    const found = (await fetchPackageIndex(sid, FOREIGN.debian, ['busybox-static'])).get('busybox-static');
    const folder = await once(`busybox-${found.sha256}`, async (unpacked) => {
      const path = await fetchFile(found, context);
      for await (const entry of readDeb(createReadStream(path), found)) {
        if (entry.path === 'usr/bin/busybox') {
          await writeFile(join(unpacked, 'busybox'), await entry.read(), { mode: 0o755 });
        }
      }
    });
    return join(folder, 'busybox');
  });
}
