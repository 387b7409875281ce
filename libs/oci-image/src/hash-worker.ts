import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { OPEN_FLAGS } from './blob-file.ts';
import type { Digest } from './digest.ts';

const buffer = Buffer.allocUnsafe(1 << 20);

/** A worker of `findBadBlobs`: a path in, its file's digest out, null for one that cannot be read or is not a regular file. */
export default function digestOfFile(path: string): Digest | null {
  let file: number;
  try {
    file = openSync(path, OPEN_FLAGS);
  } catch {
    return null;
  }
  try {
    if (!fstatSync(file).isFile()) return null;
    const sha256 = createHash('sha256');
    for (let length = readSync(file, buffer); length > 0; length = readSync(file, buffer)) {
      sha256.update(buffer.subarray(0, length));
    }
    return `sha256:${sha256.digest('hex')}`;
  } finally {
    closeSync(file);
  }
}
