import { createReadStream, existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fetchFile, fetchPackageIndex, readDeb } from '@qemu-user-static/debian-archive';
import { withDebian } from './debian.ts';
import { FOLDER } from './places.ts';

/** Clients of registries that no stable Debian has; each is a package of its name, with one program of that name. */
export type SidTool = 'crane' | 'oras';

/** The path of a program of Debian sid, which is fetched, checked and unpacked unless it is there already. */
export async function sidTool(name: SidTool): Promise<string> {
  const folder = join(FOLDER, 'sid');
  const path = join(folder, name);
  if (existsSync(path)) return path;
  const program = await withDebian(async ({ suite, context }) => {
    const index = await fetchPackageIndex(await suite('sid'), 'amd64', [name]);
    const found = index.get(name);
    let bytes: Uint8Array | undefined;
    // To its end: only then is the whole package known to be the one that was signed.
    for await (const entry of readDeb(createReadStream(await fetchFile(found, context)), found))
      if (entry.path === `usr/bin/${name}`) bytes = await entry.read();
    return bytes;
  });
  if (program === undefined) throw new Error(`the package ${name} has no program of that name`);
  await mkdir(folder, { recursive: true });
  await writeFile(`${path}.${process.pid}`, program, { mode: 0o755 });
  await rename(`${path}.${process.pid}`, path);
  return path;
}
