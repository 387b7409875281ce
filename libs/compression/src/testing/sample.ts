/** Bytes that compress a little, the same at every run. */
export function sample(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let i = 0, x = 1; i < size; i++) {
    x = (x * 1103515245 + 12345) & 0x7fffffff;
    bytes[i] = (x >> 16) & 0x1f;
  }
  return bytes;
}
