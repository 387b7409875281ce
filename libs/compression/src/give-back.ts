/** Bytes from which memory is an allocation of its own, and not a part of a pool that other buffers are in. */
const OWN = 1 << 20;

/**
 * Gives the memory of bytes back at once; they are empty then. Memory outside of V8's heap would else wait for its garbage
 * collector, which such memory sets off again and again, though the heap has nothing to collect.
 * @param bytes which nothing else uses
 */
export function giveBack({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength >= OWN) buffer.transfer(0);
}
