import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { packTar, type TarHeader } from 'modern-tar';
import type { Compression } from '../decompress.ts';
import type { PoolPackage } from '../files.ts';

/** A file to put into a package; `header` overrides what the tar header says. */
export interface TestFile {
  readonly path: string;
  readonly body?: Uint8Array | string;
  readonly header?: Partial<TarHeader>;
}

export interface TestPackage {
  readonly deb: Buffer;
  /** As an index describes it. */
  readonly described: PoolPackage;
}

export const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');

/** An ar archive. https://manpages.debian.org/ar.5 */
export function makeAr(members: readonly (readonly [name: string, body: Uint8Array | string])[]): Buffer {
  const parts = members.map(([name, content]) => {
    const body = Buffer.from(content);
    const fields = [name.padEnd(16), '0'.padEnd(12), '0'.padEnd(6), '0'.padEnd(6), '100644'.padEnd(8)];
    const header = `${fields.join('')}${String(body.length).padEnd(10)}\`\n`;
    return Buffer.concat([Buffer.from(header), body, Buffer.alloc(body.length % 2, '\n')]);
  });
  return Buffer.concat([Buffer.from('!<arch>\n'), ...parts]);
}

export async function makeTar(files: readonly TestFile[]): Promise<Buffer> {
  const entries = files.map(({ path, body = '', header }) => ({
    header: {
      name: path,
      size: Buffer.byteLength(body),
      mode: path.endsWith('/') ? 0o755 : 0o644,
      mtime: new Date('2026-10-29T06:59:36Z'),
      type: path.endsWith('/') ? ('directory' as const) : ('file' as const),
      ...header,
    },
    body,
  }));
  return Buffer.from(await packTar(entries));
}

export function compress(bytes: Uint8Array, compression: Compression): Buffer {
  if (compression === 'gz') return gzipSync(bytes);
  if (compression === 'zst')
    return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
  if (compression === 'none') return Buffer.from(bytes);
  const key = sha256(bytes);
  const packed =
    xzMade.get(key) ?? spawnSync('xz', ['-0', '-c'], { input: bytes, maxBuffer: 1 << 30 }).stdout;
  xzMade.set(key, packed);
  // A test may damage what it gets.
  return Buffer.from(packed);
}

/** By the hash of what it was made of: the tests of one file make the same packages again and again, each by a process. */
const xzMade = new Map<string, Buffer>();

/** A package as dpkg-deb makes it, by hand. */
export async function makePackage(
  { package: name = 'hello', version = '1:2.0-1', architecture = 'amd64' },
  files: readonly TestFile[],
  compression: Compression = 'xz',
): Promise<TestPackage> {
  const control = `Package: ${name}\nVersion: ${version}\nArchitecture: ${architecture}\nDescription: test\n more\n`;
  const suffix = compression === 'none' ? '' : `.${compression}`;
  const pack = async (list: readonly TestFile[]) => compress(await makeTar(list), compression);
  const deb = makeAr([
    ['debian-binary', '2.0\n'],
    [`control.tar${suffix}`, await pack([{ path: './' }, { path: './control', body: control }])],
    [`data.tar${suffix}`, await pack(files)],
  ]);
  const path = `pool/main/h/${name}/${name}_${version.replace(/^\d+:/, '')}_${architecture}.deb`;
  const described = { package: name, version, architecture, path, size: deb.length, sha256: sha256(deb) };
  return { deb, described };
}
