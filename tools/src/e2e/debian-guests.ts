import { createReadStream, existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type FetchContext, fetchFile, fetchPackageIndex, readDeb } from '@qemu-user-static/debian-archive';
import {
  assembleImage,
  createBlob,
  createLayout,
  type Descriptor,
  digestOf,
  END_OF_ARCHIVE,
  type Layout,
  type Platform,
  putDocument,
  REF_NAME,
  type TarEntry,
  tarEntry,
  writeIndex,
} from '@qemu-user-static/oci-image';
import { type SuiteName, withDebian } from './debian.ts';
import { FOLDER } from './places.ts';

/** An image of another CPU, as the README names it, made of Debian's own busybox for it. */
export interface Guest {
  /** As the classic images' examples have it: `arm64v8`. */
  readonly name: string;
  readonly platform: Platform;
  readonly debian: string;
  /** Debian 12 has every one but riscv64. */
  readonly suite: SuiteName;
  /** The output of `uname -m` under emulation, or on a CPU that runs it natively. */
  readonly machine: string;
}

/** Every platform of those examples. */
export const GUESTS: readonly Guest[] = [
  guest('arm64v8', 'arm64', 'arm64', 'aarch64'),
  guest('arm32v7', 'arm', 'armhf', 'armv7l', 'v7'),
  // Debian's armel is for ARMv5; QEMU's default CPU calls itself armv7l for every 32-bit program.
  guest('arm32v5', 'arm', 'armel', 'armv7l', 'v5'),
  guest('ppc64le', 'ppc64le', 'ppc64el', 'ppc64le'),
  guest('s390x', 's390x', 's390x', 's390x'),
  { ...guest('riscv64', 'riscv64', 'riscv64', 'riscv64'), suite: 'sid' },
  guest('i386', '386', 'i386', 'x86_64'),
];

function guest(name: string, architecture: string, debian: string, machine: string, variant?: string): Guest {
  const platform = { os: 'linux', architecture, ...(variant !== undefined && { variant }) };
  return { name, platform, debian, suite: 'bookworm', machine };
}

/** As `linux/arm/v7`. */
export function platformOf({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
}

/** The names that busybox is called by in these images. */
const APPLETS = ['sh', 'uname', 'cat', 'true'];

/** A layout with an image for each guest, tagged with its name. It is made once. */
export async function guestLayout(): Promise<Layout> {
  const folder = join(FOLDER, 'guests');
  if (!existsSync(folder)) {
    const making = `${folder}.making`;
    await rm(making, { recursive: true, force: true });
    await makeGuestLayout(making);
    await rename(making, folder);
  }
  return { folder };
}

async function makeGuestLayout(folder: string): Promise<void> {
  const layout = await createLayout(folder);
  await withDebian(async ({ suite: open, context }) => {
    const tagged: Descriptor[] = [];
    for (const { name, platform, debian, suite } of GUESTS) {
      const index = await fetchPackageIndex(await open(suite), debian, ['busybox-static']);
      const program = await busyboxIn(index.get('busybox-static'), context);
      tagged.push(await putImage(layout, name, platform, program));
    }
    await writeIndex(layout, tagged);
  });
}

async function busyboxIn(found: Parameters<typeof fetchFile>[0], context: FetchContext): Promise<Uint8Array> {
  for await (const entry of readDeb(createReadStream(await fetchFile(found, context)), found))
    if (/^(usr\/)?bin\/busybox$/.test(entry.path)) return await entry.read();
  throw new Error(`${found.path} has no busybox`);
}

async function putImage(
  layout: Layout,
  name: string,
  platform: Platform,
  program: Uint8Array,
): Promise<Descriptor> {
  const none = new Uint8Array();
  const link = (applet: string): [TarEntry, Uint8Array] => [
    { path: `bin/${applet}`, type: 'symlink', mode: 0o777, size: 0, linkname: 'busybox' },
    none,
  ];
  const entries: [TarEntry, Uint8Array][] = [
    [{ path: 'bin', type: 'directory', mode: 0o755, size: 0 }, none],
    [{ path: 'bin/busybox', type: 'file', mode: 0o755, size: program.length }, program],
    ...APPLETS.map(link),
    [{ path: 'usr', type: 'directory', mode: 0o755, size: 0 }, none],
    [{ path: 'usr/bin', type: 'directory', mode: 0o755, size: 0 }, none],
  ];
  const tar = Buffer.concat([
    ...entries.flatMap(([entry, content]) => tarEntry(entry, content, 0)),
    END_OF_ARCHIVE,
  ]);
  const blob = await createBlob(layout);
  await blob.write(gzipSync(tar));
  const written = await blob.commit();
  const layer = { ...written, compression: 'gzip' as const, diffId: digestOf(tar), createdBy: 'busybox' };
  const run = { env: ['PATH=/bin:/usr/bin'], entrypoint: [], cmd: ['sh'], labels: {} };
  const image = assembleImage(platform, [layer], run, 0, {});
  await putDocument(layout, image.config);
  await putDocument(layout, image.manifest);
  return { ...image.manifest.descriptor, platform, annotations: { [REF_NAME]: name } };
}
