import { DOCKER_PUSH, layoutIn, release } from './building.ts';
import { costOf } from './cost.ts';
import { bytesOf, type Index, keyOf, layoutSizes, type Manifest } from './layout-sizes.ts';
import type { Claim, Effort, Row, Section } from './section.ts';
import type { Workshop } from './workshop.ts';

/** The emulators of the other popular image. */
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

/** Bytes of layers, as they are sent: configs and manifests are a few kilobytes. */
export async function measureSizes(workshop: Workshop, { note }: Effort): Promise<Section> {
  const registry = await workshop.registry();
  try {
    await costOf(release(workshop, registry.name));
    note('sizes: our set is made');
    await DOCKER_PUSH.prepare(workshop, registry.name);
    await costOf(DOCKER_PUSH.commands(workshop, registry.name));
    note('sizes: building the images of the classic recipe');
    const ours = await layoutSizes({ folder: layoutIn(workshop) }, ['latest', 'common', 'register', ...TEN]);
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
        of('common', 'zstd'),
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
        'classic recipe',
        'latest, gzip',
        'latest, zstd',
        'common, zstd',
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
