/** Bytes of addresses for each piece, of which only what is used takes memory: it grows where it is. */
const RESERVED = 1 << 30;

/**
 * Memory for large contents that is used again and again. New memory for each would be garbage of many megabytes, and sets
 * V8's collector off, though the heap itself has nothing to collect; of shared memory it keeps no account.
 */
export class SharedMemory {
  readonly #free: SharedArrayBuffer[] = [];

  /** @param size in bytes. What was in the memory before is still there. */
  take(size: number): Uint8Array<SharedArrayBuffer> {
    const free = this.#free.pop();
    const fits = free !== undefined && free.maxByteLength >= size;
    const memory = fits ? free : new SharedArrayBuffer(0, { maxByteLength: Math.max(size, RESERVED) });
    if (memory.byteLength < size) memory.grow(size);
    return new Uint8Array(memory, 0, size);
  }

  /** @param bytes what `take` gave, which nothing uses any more */
  giveBack({ buffer }: Uint8Array): void {
    if (buffer instanceof SharedArrayBuffer) this.#free.push(buffer);
  }
}
