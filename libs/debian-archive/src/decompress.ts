import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism, constants, setPriority } from 'node:os';
import { pipeline, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline as pipelineUntilEnd } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { zstdFrames } from '@qemu-user-static/compression';
import { ArchiveError } from './errors.ts';
import { systemError } from './limits.ts';

export type Compression = 'none' | 'gz' | 'xz' | 'zst';

/**
 * The bytes decompressed. When the reader stops early, the source and the program stop too.
 *
 * @throws ArchiveError COMPRESSION_MALFORMED, also for data that is cut short; XZ_MISSING, XZ_FAILED,
 *   RESOURCES_EXHAUSTED
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
    throw systemError('COMPRESSION_MALFORMED', (cause as Error).message, cause);
  }
}

/** Each holds a block of up to 24 MB of a package, packed and unpacked: 8 threads would need 450 MB. */
const MOST_THREADS = 4;

/**
 * The program, since the xz libraries for Node either let a truncated file end without an error or need
 * several times its memory.
 */
async function* throughXz(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const xz = await startXz();
  runBelow(xz);
  const exited = once(xz, 'close');
  const complaint = text(xz.stderr);
  const input = new Input(source);
  const fed = pipelineUntilEnd(input, xz.stdin).catch((error: unknown) => error);
  try {
    yield* xz.stdout as AsyncIterable<Uint8Array>;
    const [status, signal] = await exited;
    const unwritten = await fed;
    // Of a source that fails xz sees only that it ends early.
    if (input.failure !== undefined) throw input.failure;
    if (status !== 0) throw xzError((await complaint).trim() || `xz ended with ${status ?? signal}`);
    if (unwritten) throw new ArchiveError('XZ_FAILED', 'xz ended before it had read its input', unwritten);
  } finally {
    xz.kill();
    await fed;
  }
}

/**
 * A child that could not be started has no process id. Its `kill` would send the signal to 0, which is this program's
 * whole process group and so its caller: such a child must not leave this function.
 */
async function startXz(): Promise<ChildProcessWithoutNullStreams> {
  // Options of the user's own are not for this run; messages are for our error.
  const env = { ...process.env, XZ_OPT: '', XZ_DEFAULTS: '', LC_ALL: 'C' };
  try {
    const xz = spawn('xz', [`-T${Math.min(MOST_THREADS, availableParallelism())}`, '-dc'], { env });
    if (xz.pid !== undefined) return xz;
    const [error] = await once(xz, 'error');
    throw error;
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw systemError(isMissing ? 'XZ_MISSING' : 'XZ_FAILED', 'xz cannot be started', cause);
  }
}

/** The bytes of a source, and the error that it ended in. */
class Input implements AsyncIterable<Uint8Array> {
  readonly #source: AsyncIterable<Uint8Array>;
  failure: unknown;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      yield* this.#source;
    } catch (error) {
      this.failure = error;
      throw error;
    }
  }
}

/** Words of xz about damaged data. All others are about xz itself or the machine. */
const OF_THE_DATA = /corrupt|unexpected end|not recognized|unsupported options/i;

const OF_THE_MACHINE = /cannot allocate memory|memory usage limit|failed to map segment/i;

function xzError(complaint: string): ArchiveError {
  if (OF_THE_DATA.test(complaint)) return new ArchiveError('COMPRESSION_MALFORMED', complaint);
  return new ArchiveError(OF_THE_MACHINE.test(complaint) ? 'RESOURCES_EXHAUSTED' : 'XZ_FAILED', complaint);
}

/** Its threads are ahead of who reads what they made, and are not to take the cores from them. */
function runBelow({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Where that is forbidden, or it has ended already, it makes no difference to the result.
  }
}
