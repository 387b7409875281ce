import { createHash, type Hash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { cachePath, onDisk } from './cache.ts';

/**
 * The beginning of a file, on the same filesystem as the cache. While a process writes it, its name is
 * `<sha256>@<host>@<process>@<random>`, so no two ever write to one; a process that gives up names it
 * `<sha256>`. Either way the next download of the file takes it over by renaming it, which only one can do.
 */
export class PartialFile {
  readonly #cache: string;
  readonly #sha256: string;
  readonly #path: string;
  readonly #handle: FileHandle;
  #hash: Hash = createHash('sha256');
  #received = 0;

  private constructor(cache: string, sha256: string, path: string, handle: FileHandle) {
    this.#cache = cache;
    this.#sha256 = sha256;
    this.#path = path;
    this.#handle = handle;
  }

  /** Goes on with what an earlier download left, or begins anew. */
  static async claim(cache: string, sha256: string): Promise<PartialFile> {
    const folder = join(cache, 'partial');
    const path = join(folder, `${sha256}@${hostname()}@${process.pid}@${randomUUID()}`);
    await onDisk(mkdir(folder, { recursive: true }), folder);
    for (const left of await abandoned(cache, sha256)) {
      const taken = await rename(left, path).then(
        () => true,
        () => false,
      );
      if (taken) break;
    }
    // Not in append mode: bytes go where they belong, whoever else may hold the file open.
    const handle = await onDisk(
      open(path, 'r+').catch(() => open(path, 'wx+')),
      path,
    );
    const partial = new PartialFile(cache, sha256, path, handle);
    await onDisk(partial.#readWhatIsThere(), path);
    return partial;
  }

  async #readWhatIsThere(): Promise<void> {
    for await (const chunk of createReadStream(this.#path, { highWaterMark: 1 << 20 })) {
      this.#hash.update(chunk);
      this.#received += chunk.length;
    }
  }

  /** Bytes so far. */
  get received(): number {
    return this.#received;
  }

  /** SHA-256 of the bytes so far. */
  get sha256(): string {
    return this.#hash.copy().digest('hex');
  }

  async append(chunk: Uint8Array): Promise<void> {
    this.#hash.update(chunk);
    for (let written = 0; written < chunk.length; ) {
      const { bytesWritten } = await onDisk(
        this.#handle.write(chunk, written, chunk.length - written, this.#received),
        this.#path,
      );
      written += bytesWritten;
      this.#received += bytesWritten;
    }
  }

  async restart(): Promise<void> {
    await onDisk(this.#handle.truncate(0), this.#path);
    this.#hash = createHash('sha256');
    this.#received = 0;
  }

  /** It is whole: moves it into the cache, where a crash leaves it whole or not there. Gives its path. */
  async commit(): Promise<string> {
    const target = cachePath(this.#cache, this.#sha256);
    await onDisk(mkdir(dirname(target), { recursive: true }), target);
    await onDisk(this.#handle.sync(), this.#path);
    await this.#handle.close();
    await onDisk(rename(this.#path, target), target);
    const rest = await abandoned(this.#cache, this.#sha256);
    await Promise.all(rest.map((left) => rm(left, { force: true })));
    return target;
  }

  /** Leaves what is there to the next download. */
  async release(): Promise<void> {
    await this.#handle.close();
    if (this.#received === 0) await rm(this.#path, { force: true });
    else await rename(this.#path, join(this.#cache, 'partial', this.#sha256)).catch(() => {});
  }
}

/** Beginnings of the file that no running process writes. */
async function abandoned(cache: string, sha256: string): Promise<string[]> {
  const folder = join(cache, 'partial');
  const names = (await onDisk(readdir(folder), folder)).filter((name) => name.startsWith(sha256));
  const paths = await Promise.all(
    names.map(async (name) => ((await isWritten(folder, name)) ? [] : [join(folder, name)])),
  );
  return paths.flat();
}

/** Whether another machine's process still runs cannot be known; after an hour without a byte it does not. */
const STALLED_MS = 3_600_000;

async function isWritten(folder: string, name: string): Promise<boolean> {
  const [, host, pid] = name.split('@');
  if (host === undefined) return false;
  if (host === hostname()) return isRunning(Number(pid));
  const { mtimeMs } = await stat(join(folder, name)).catch(() => ({ mtimeMs: 0 }));
  return Date.now() - mtimeMs < STALLED_MS;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
