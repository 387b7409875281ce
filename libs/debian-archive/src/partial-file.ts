import { createHash, type Hash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { cachePath, onDisk } from './cache.ts';
import { requireOwnFolder } from './own-folder.ts';

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

  /** Continues what an earlier download left, or begins with nothing. */
  static async claim(cache: string, sha256: string): Promise<PartialFile> {
    const folder = join(cache, 'partial');
    await requireOwnFolder(cache);
    await requireOwnFolder(folder);
    const path = join(folder, `${sha256}@${hostname()}@${process.pid}@${randomUUID()}`);
    for (const left of await abandoned(cache, sha256)) {
      const taken = await rename(left, path).then(
        () => true,
        () => false,
      );
      if (taken) break;
    }
    const handle = (await openLeft(path)) ?? (await onDisk(open(path, 'wx+', 0o600), path));
    const partial = new PartialFile(cache, sha256, path, handle);
    await onDisk(partial.#readWhatIsThere(), path);
    return partial;
  }

  /** By the handle that is written to later: what is hashed is what is continued. */
  async #readWhatIsThere(): Promise<void> {
    const stream = this.#handle.createReadStream({ start: 0, autoClose: false, highWaterMark: 1 << 20 });
    for await (const chunk of stream) {
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
    await requireOwnFolder(dirname(target));
    await onDisk(this.#handle.sync(), this.#path);
    await this.#handle.close();
    await onDisk(rename(this.#path, target), target);
    const rest = await abandoned(this.#cache, this.#sha256);
    await Promise.all(rest.map((left) => rm(left, { force: true })));
    return target;
  }

  /** Leaves the bytes so far to the next download. */
  async release(): Promise<void> {
    await this.#handle.close();
    if (this.#received === 0) await rm(this.#path, { force: true });
    else await rename(this.#path, join(this.#cache, 'partial', this.#sha256)).catch(() => {});
  }
}

/**
 * Opens what an earlier download left, to read and write it; not in append mode, so that bytes go where they belong.
 * Only a file with this one name is opened: through a link, symbolic or hard, another file would be overwritten.
 * Anything else is removed, and is null as nothing is.
 */
async function openLeft(path: string): Promise<FileHandle | null> {
  const handle = await open(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    () => null,
  );
  const found = await handle?.stat();
  if (handle && found?.isFile() && found.nlink === 1) return handle;
  await handle?.close();
  await onDisk(rm(path, { force: true }), path);
  return null;
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
  const [, host, pid = ''] = name.split('@');
  if (host === undefined) return false;
  // Zero and negative numbers would ask for groups of processes.
  if (host === hostname()) return Number(pid) > 0 && isRunning(Number(pid));
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
