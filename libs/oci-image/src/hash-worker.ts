import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import type { Digest } from './digest.ts';

// A worker of findBadBlobs: a path comes in, its file's digest goes out, null if it cannot be read.
const buffer = Buffer.allocUnsafe(1 << 20);

function digestOfFile(path: string): Digest {
  const file = openSync(path, 'r');
  try {
    const sha256 = createHash('sha256');
    for (let length = readSync(file, buffer); length > 0; length = readSync(file, buffer)) {
      sha256.update(buffer.subarray(0, length));
    }
    return `sha256:${sha256.digest('hex')}`;
  } finally {
    closeSync(file);
  }
}

parentPort?.on('message', (path: string) => {
  let digest: Digest | null = null;
  try {
    digest = digestOfFile(path);
  } catch {
    // Told as null: to the caller a file that cannot be read is a bad blob.
  }
  parentPort?.postMessage(digest);
});
