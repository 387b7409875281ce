import { Readable } from 'node:stream';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { packTar } from 'modern-tar';
import { expect, test, vi } from 'vitest';
import { digestOf, readLayer } from './index.ts';

// A disk that fails while a layer is read: no file of a test does that.
const disk = vi.hoisted(() => ({ bytes: new Uint8Array(), size: 0, fails: true }));
vi.mock('./blob-file.ts', async (original) => ({
  ...(await original<typeof import('./blob-file.ts')>()),
  openBlob: async () => ({
    stat: async () => ({ size: disk.size }),
    createReadStream: () =>
      Readable.from(
        (async function* () {
          yield disk.bytes.subarray(0, disk.bytes.length / 2);
          if (disk.fails) throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' });
          yield disk.bytes.subarray(disk.bytes.length / 2);
        })(),
      ),
  }),
}));

test.each([
  ['gzip', gzipSync],
  ['zstd', zstdCompressSync],
] as const)(
  'a disk that fails in the middle of a %s layer ends in its error, and nothing waits',
  { timeout: 10_000 },
  async (compression, compress) => {
    const body = Buffer.alloc(1 << 16, 'x');
    const header = { name: 'a', type: 'file', size: body.length, mode: 0o755, mtime: new Date(0) } as const;
    disk.bytes = compress(Buffer.from(await packTar([{ header, body }])));
    disk.size = disk.bytes.length;
    disk.fails = true;
    const blob = { layout: { folder: '/nowhere' }, digest: digestOf(disk.bytes), compression };
    await expect(readLayer(blob)).rejects.toMatchObject({ code: 'EIO' });
  },
);

test('a gzip layer that becomes longer while it is read is refused', async () => {
  disk.bytes = gzipSync(Buffer.alloc(1024));
  disk.size = disk.bytes.length - 1;
  disk.fails = false;
  const blob = { layout: { folder: '/nowhere' }, digest: digestOf(disk.bytes), compression: 'gzip' } as const;
  await expect(readLayer(blob)).rejects.toThrow('it became longer while it was read');
});
