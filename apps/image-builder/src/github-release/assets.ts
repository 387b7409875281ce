import { hash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type HostPlatform, host } from '@qemu-user-static/arch-table';
import { COMPRESSORS, type GzipPool, openGzip } from '@qemu-user-static/compression';
import {
  claimFolder,
  emptyFolder,
  type FolderContents,
  memoKey,
  recall,
  remember,
  replaceFile,
} from '@qemu-user-static/files';
import { blobPath, digestOf, END_OF_ARCHIVE, readFiles, tarEntry } from '@qemu-user-static/oci-image';
import pLimit from 'p-limit';
import { BuilderError } from '../report/errors.ts';
import type { Binary, ReleasePlan } from './plan.ts';

/** A file of a release, on disk. */
export interface Asset {
  readonly name: string;
  readonly path: string;
  readonly size: number;
  /** 64 lower-case hex digits. */
  readonly sha256: string;
}

export const LOCK_ASSET = 'sources.lock.json';
export const SUMS_ASSET = 'SHA256SUMS';
/** Which guest programs each QEMU version runs. */
export const CONFORMANCE_ASSET = 'conformance.json';

const IMAGES_ASSET = 'images.json';

/** Files that every release of a run has. */
export interface ReleaseTexts {
  readonly lock: string;
  /** docs/conformance.json. */
  readonly conformance: string;
}

/** The folder of one release. */
const CONTENTS: FolderContents = {
  kind: 'release files',
  files: [
    'qemu-*-static',
    'qemu-*-static.tar.gz',
    '*_qemu-*-static.tar.gz',
    IMAGES_ASSET,
    LOCK_ASSET,
    CONFORMANCE_ASSET,
    SUMS_ASSET,
    '.memo/assets.json',
  ],
};

/** Raise it when the same binaries give other files than before. */
const ASSETS_VERSION = 1;

/**
 * Writes the files of a release, or finds those of an earlier run: each emulator as an archive, those of one host also
 * under names without a host and as plain programs; the lock; what guest programs run; the digests of the images; the sums of all of them. The same
 * images give the same bytes. Memory holds one program for each core.
 *
 * @param plain the host whose files have no host in their names
 * @throws BuilderError CHECK_FAILED if a layer does not have its digest; FilesError FOLDER_FOREIGN
 */
export async function makeAssets(
  plan: ReleasePlan,
  { lock, conformance }: ReleaseTexts,
  plain: HostPlatform,
  folder: string,
): Promise<Asset[]> {
  await claimFolder(folder, CONTENTS);
  const key = memoKey([
    ASSETS_VERSION,
    COMPRESSORS.gzip,
    plain,
    plan.binaries.map(({ layout: _, ...binary }) => binary),
  ]);
  const earlier = await recall<Asset[]>({ folder }, 'assets', key);
  const isWhole = earlier !== null && (await areThere(earlier));
  const binaries = isWhole ? earlier : await writeBinaries(plan, plain, folder);
  await remember({ folder }, 'assets', key, binaries);

  const images = `${JSON.stringify({ version: plan.version, images: plan.images }, null, 2)}\n`;
  const all = [
    ...binaries,
    await writeAsset(folder, IMAGES_ASSET, images),
    await writeAsset(folder, LOCK_ASSET, lock),
    await writeAsset(folder, CONFORMANCE_ASSET, conformance),
  ].sort((a, b) => (a.name < b.name ? -1 : 1));
  const sums = all.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join('');
  return [...all, await writeAsset(folder, SUMS_ASSET, sums)];
}

async function areThere(assets: readonly Asset[]): Promise<boolean> {
  const sizes = await Promise.all(assets.map(({ path }) => stat(path).catch(() => null)));
  return assets.every(({ size }, index) => sizes[index]?.size === size);
}

async function writeBinaries(plan: ReleasePlan, plain: HostPlatform, folder: string): Promise<Asset[]> {
  // It is not known what a killed run has left.
  await emptyFolder(folder, CONTENTS);
  const gzip = openGzip();
  try {
    const made = await pLimit(availableParallelism()).map(plan.binaries, (binary) =>
      writeBinary(binary, plain, folder, gzip),
    );
    return made.flat();
  } finally {
    await gzip.close();
  }
}

async function writeBinary(
  binary: Binary,
  plain: HostPlatform,
  folder: string,
  gzip: GzipPool,
): Promise<Asset[]> {
  const { platform, guest, created } = binary;
  const name = `qemu-${guest}-static`;
  const program = await programIn(binary, name);
  const entry = { path: name, type: 'file', mode: 0o755, size: program.length } as const;
  const archive = await gzip.member([...tarEntry(entry, program, created), END_OF_ARCHIVE]);
  const prefixed = await writeAsset(folder, `${host(platform).uname}_${name}.tar.gz`, archive);
  if (platform !== plain) return [prefixed];
  return [
    prefixed,
    await writeAsset(folder, `${name}.tar.gz`, archive),
    await writeAsset(folder, name, program),
  ];
}

async function programIn({ layout, layer }: Binary, name: string): Promise<Uint8Array> {
  const { digest } = layer;
  if (digestOf(await readFile(blobPath(layout, digest))) !== digest)
    throw new BuilderError('CHECK_FAILED', `blob ${digest} of ${layout.folder} does not have its digest`);
  const wanted = (path: string) => path === `usr/bin/${name}`;
  let program: Uint8Array | null = null;
  for await (const { content } of readFiles({ layout, digest, compression: 'gzip' }, wanted))
    program = content;
  if (program === null) throw new BuilderError('CHECK_FAILED', `blob ${digest} has no ${name}`);
  return program;
}

async function writeAsset(folder: string, name: string, content: Uint8Array | string): Promise<Asset> {
  const path = join(folder, name);
  await replaceFile(path, content);
  return { name, path, size: Buffer.byteLength(content), sha256: hash('sha256', content) };
}
