import { hash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openGzip, zstdFrame } from '@qemu-user-static/compression';

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
  const frame = zstdFrame(files.reduce((sum, { length }) => sum + length, 0));
  frame.resume();
  for (const file of files) await new Promise((written) => frame.write(file, written));
  await new Promise((ended) => frame.end().once('end', ended));
}
