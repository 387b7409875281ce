import { hash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openGzip, openZstd } from '@qemu-user-static/compression';

// `node limit.ts gzip|zstd|sha256 FOLDER`: does nothing but this one thing to every file of a folder, in the library
// that the build does it with. `nothing` reads the files, which the others do too.

const [what, folder = '.'] = process.argv.slice(2);
const files: Uint8Array[] = [];
for (const name of (await readdir(folder)).sort()) files.push(await readFile(join(folder, name)));

if (what === 'sha256') for (const file of files) hash('sha256', file);
if (what === 'gzip') {
  const gzip = openGzip();
  await Promise.all(files.map((file) => gzip.member([file])));
  await gzip.close();
}
if (what === 'zstd') {
  const zstd = openZstd();
  const content = zstd.content(files.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const file of files) {
    content.set(file, at);
    at += file.length;
  }
  await zstd.frame();
  await zstd.close();
}
