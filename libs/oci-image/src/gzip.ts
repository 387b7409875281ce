import { availableParallelism } from 'node:os';
import { Tinypool } from 'tinypool';

/** Compresses on all cores. */
export interface GzipPool {
  /**
   * Bytes as one gzip member. Members may be joined: a file of several is a valid gzip file whose content is
   * theirs in a row (RFC 1952, 2.2). The header has no time and no name, so equal bytes give equal members.
   */
  member(bytes: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}

/**
 * libdeflate as WebAssembly, and not Node's zlib: on emulators it is 5 % smaller at the same speed, and its
 * bytes depend neither on the CPU nor on the zlib that a Node was built with.
 */
export function openGzip(): GzipPool {
  let workers: Tinypool | null = null;
  // Begun with the first member: a build that has nothing to compress should not wait for them.
  const begun = () => {
    workers ??= new Tinypool({
      filename: new URL('./gzip-worker.ts', import.meta.url).href,
      minThreads: availableParallelism(),
      maxThreads: availableParallelism(),
    });
    return workers;
  };
  return {
    member: (bytes) => begun().run(bytes),
    close: async () => workers?.destroy(),
  };
}
