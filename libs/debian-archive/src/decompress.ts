import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism, constants, setPriority } from 'node:os';
import { pipeline, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline as pipelineUntilEnd } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { zstdFrames } from '@qemu-user-static/compression';
import { ArchiveError } from './errors.ts';

export type Compression = 'none' | 'gz' | 'xz' | 'zst';

/**
 * The bytes decompressed. Whoever stops reading early stops the source and the program too.
 *
 * @throws ArchiveError COMPRESSION_MALFORMED, also for data that is cut short; XZ_MISSING
 */
export function decompress(
  source: AsyncIterable<Uint8Array>,
  compression: Compression,
): AsyncIterable<Uint8Array> {
  switch (compression) {
    case 'none':
      return source;
    case 'gz':
      return orMalformed(gunzipped(source));
    case 'zst':
      return orMalformed(zstdFrames(source));
    case 'xz':
      return throughXz(source);
  }
}

const CHUNK_BYTES = 1 << 18;

async function* gunzipped(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  yield* pipeline(Readable.from(source), gunzip, () => {}) as AsyncIterable<Uint8Array>;
}

async function* orMalformed(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (cause) {
    if (cause instanceof ArchiveError) throw cause;
    throw new ArchiveError('COMPRESSION_MALFORMED', (cause as Error).message, cause);
  }
}

/** Each holds a block of up to 24 MB of a package, packed and unpacked: 8 threads would need 450 MB. */
const MOST_THREADS = 4;

/**
 * The program, since the xz libraries for Node either let a truncated file end without an error or need
 * several times its memory.
 */
async function* throughXz(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  // Options of the user's own are not for this run; messages are for our error.
  const env = { ...process.env, XZ_OPT: '', XZ_DEFAULTS: '', LC_ALL: 'C' };
  const xz = spawn('xz', [`-T${Math.min(MOST_THREADS, availableParallelism())}`, '-dc'], { env });
  runBelow(xz);
  const exited = once(xz, 'close').catch((error: unknown) => [error]);
  const complaint = text(xz.stderr);
  const fed = pipelineUntilEnd(source, xz.stdin).catch((error: unknown) => error);
  try {
    yield* xz.stdout as AsyncIterable<Uint8Array>;
    const [status] = await exited;
    const failure = await fed;
    if (failure instanceof ArchiveError) throw failure;
    if (status instanceof Error) throw new ArchiveError('XZ_MISSING', 'xz', status);
    if (status !== 0) throw new ArchiveError('COMPRESSION_MALFORMED', (await complaint).trim());
    if (failure) throw failure;
  } finally {
    xz.kill();
    await fed;
  }
}

/** Its threads are ahead of who reads what they made, and are not to take the cores from them. */
function runBelow({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Where that is forbidden, or it has ended already, it makes no difference to the result.
  }
}
