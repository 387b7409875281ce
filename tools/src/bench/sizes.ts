import { readFile } from 'node:fs/promises';
import type { HostPlatform } from '@qemu-user-static/arch-table';
import { blobPath, type Descriptor, type Layout, REF_NAME, readIndex } from '@qemu-user-static/oci-image';
import { DOCKER_PUSH, layoutIn, release } from './building.ts';
import { costOf } from './cost.ts';
import type { Claim, Effort, Row, Section } from './section.ts';
import type { Workshop } from './workshop.ts';

/** What the other popular image carries: one emulator for each of these. */
const TEN = [
  'aarch64',
  'arm',
  'i386',
  'loongarch64',
  'mips64',
  'mips64el',
  'ppc64le',
  'riscv64',
  's390x',
  'x86_64',
];

interface Manifest {
  readonly layers: readonly Descriptor[];
}
interface Index {
  readonly manifests: readonly (Descriptor & {
    readonly platform?: { architecture: string; variant?: string };
  })[];
}

/** Bytes of layers, as they are sent: configs and manifests are a few kilobytes. */
export async function measureSizes(workshop: Workshop, { note }: Effort): Promise<Section> {
  const registry = await workshop.registry();
  try {
    await costOf(release(workshop, registry.name));
    note('sizes: our set is made');
    await DOCKER_PUSH.prepare(workshop, registry.name);
    await costOf(DOCKER_PUSH.commands(workshop, registry.name));
    note("sizes: the seeds' images are made");
    const ours = await ourSizes({ folder: layoutIn(workshop) });
    const seeds = await seedSizes(registry.name);
    const rows: Row[] = [];
    const claims: Claim[] = [];
    for (const platform of workshop.platforms) {
      const of = (tag: string, compression: string) =>
        ours.get(`${tag} ${keyOf(platform)} ${compression}`) ?? null;
      const [gzip, zstd] = [of('latest', 'gzip'), of('latest', 'zstd')];
      const emulators = TEN.map((guest) => ours.get(`${guest} ${keyOf(platform)} emulator`) ?? 0);
      // A host that lacks some of the ten has no such image.
      const ten = emulators.includes(0) ? null : emulators.reduce((sum, size) => sum + size, 0);
      const values = [
        seeds.get(keyOf(platform)) ?? null,
        gzip,
        zstd,
        ten,
        of('aarch64', 'gzip') ?? of('arm', 'gzip'),
        of('register', 'gzip'),
      ];
      rows.push({
        name: platform,
        ours: true,
        values: [...values.map((size) => (size === null ? null : size / 1e6)), (gzip ?? 0) / (zstd ?? 1)],
      });
      if (ten === null) continue;
      claims.push({
        what: `${platform}: latest-zstd against latest in gzip`,
        atLeast: platform === 'linux/amd64' ? 3.7 : 3.3,
        found: (gzip ?? 0) / (zstd ?? 1),
      });
      const rest = of('register', 'zstd') ?? 0;
      claims.push({
        what: `${platform}: ten emulators in gzip against all in zstd`,
        atLeast: 1,
        found: ten / ((zstd ?? 0) - rest),
      });
    }
    return {
      title: 'Size',
      what: 'What is sent for an image, in MB: the layers, compressed.',
      columns: [
        "seeds' recipe",
        'latest, gzip',
        'latest, zstd',
        'ten emulators alone, gzip',
        'one emulator, gzip',
        'register, gzip',
        'gzip : zstd',
      ],
      rows,
      claims,
    };
  } finally {
    await registry.close();
  }
}

const keyOf = (platform: HostPlatform) => platform.replace('linux/', '');

/** By `TAG PLATFORM COMPRESSION`; with `emulator` instead of the compression, that layer alone. */
async function ourSizes(layout: Layout): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  const read = async <T>(digest: Descriptor['digest']) =>
    JSON.parse(await readFile(blobPath(layout, digest), 'utf8')) as T;
  for (const { digest, annotations } of (await readIndex(layout)).manifests) {
    const tag = annotations?.[REF_NAME];
    if (tag === undefined || !['latest', 'register', ...TEN].includes(tag)) continue;
    for (const one of (await read<Index>(digest)).manifests) {
      const { layers } = await read<Manifest>(one.digest);
      const platform = [one.platform?.architecture, one.platform?.variant].filter(Boolean).join('/');
      const compression = layers[0]?.mediaType.endsWith('zstd') ? 'zstd' : 'gzip';
      sizes.set(`${tag} ${platform} ${compression}`, bytesOf(layers));
      if (compression === 'gzip') sizes.set(`${tag} ${platform} emulator`, layers[1]?.size ?? 0);
    }
  }
  return sizes;
}

/** By platform, from the registry. https://distribution.github.io/distribution/spec/manifest-v2-2/ */
async function seedSizes(registry: string): Promise<Map<string, number>> {
  const accept = [
    'application/vnd.docker.distribution.manifest.list.v2+json',
    'application/vnd.docker.distribution.manifest.v2+json',
  ].join(', ');
  const read = async <T>(reference: string) => {
    const response = await fetch(`http://${registry}/v2/seed/manifests/${reference}`, {
      headers: { accept },
    });
    if (!response.ok) throw new Error(`seed ${reference}: status ${response.status}`);
    return (await response.json()) as T;
  };
  const sizes = new Map<string, number>();
  for (const { digest, platform } of (await read<Index>('latest')).manifests) {
    const { layers } = await read<Manifest>(digest);
    sizes.set([platform?.architecture, platform?.variant].filter(Boolean).join('/'), bytesOf(layers));
  }
  return sizes;
}

function bytesOf(layers: readonly Descriptor[]): number {
  return layers.reduce((sum, { size }) => sum + size, 0);
}
