import { machine } from 'node:os';
import { hostNamed } from '@qemu-user-static/arch-table';
import { $ } from 'zx';
import { readTable, restoreTable } from '../e2e/binfmt-table.ts';
import { BINFMT } from '../e2e/places.ts';
import { DOCKER_PUSH, layoutIn, release } from './building.ts';
import { costOf, median } from './cost.ts';
import { keyOf, layoutSizes } from './layout-sizes.ts';
import type { Effort, Gain, Section } from './section.ts';
import { openSlowLink } from './slow-link.ts';
import type { Workshop } from './workshop.ts';

const MEGABIT = 1e6 / 8;
/** Bytes a second. */
export const LINK = 100 * MEGABIT;

/** The engine takes zstd from `latest`, which has both compressions. */
const IMAGES = [
  { name: 'the classic recipe', reference: 'seed:latest', ours: false, compression: 'gzip' },
  { name: 'latest-gzip', reference: 'ours:latest-gzip', ours: true, compression: 'gzip' },
  { name: 'latest', reference: 'ours:latest', ours: true, compression: 'zstd' },
  // What the other popular image has: ten emulators, in gzip.
  { name: 'common-gzip', reference: 'ours:common-gzip', ours: true, compression: 'gzip' },
  { name: 'common', reference: 'ours:common', ours: true, compression: 'zstd' },
  { name: 'aarch64', reference: 'ours:aarch64', ours: true, compression: 'gzip' },
];

const READY = 'docker pull --quiet "$1"; docker run --rm --privileged "$1" --reset -p yes';
const FORGET =
  'docker container prune --force; docker images --quiet | sort -u | xargs -r docker rmi --force';

/** docker pull and registering with the kernel of this machine, by an engine that has nothing of the image. */
export async function measurePulling(workshop: Workshop, { repeat, note }: Effort): Promise<Section> {
  const daemons = [await workshop.engine('puller')];
  const registry = await workshop.registry();
  const link = await openSlowLink(registry.name, LINK);
  const before = await readTable(BINFMT);
  workshop.atEnd(() => restoreTable(BINFMT, before));
  try {
    await DOCKER_PUSH.prepare(workshop, registry.name);
    await costOf([...release(workshop, registry.name), ...DOCKER_PUSH.commands(workshop, registry.name)]);
    note('pulling: the images are in the registry');
    const times = IMAGES.map(() => ({ local: [] as number[], slow: [] as number[] }));
    for (let round = 0; round < repeat; round++) {
      for (const [index, { name, reference }] of IMAGES.entries()) {
        for (const [way, from] of [
          ['local', registry.name],
          ['slow', link.name],
        ] as const) {
          await $`${workshop.onEngine('puller', FORGET)}`.quiet();
          // Writes that one pull left must not delay the next one.
          await $`sync`.quiet();
          const { wall } = await costOf(
            [workshop.onEngine('puller', READY, `${from}/${reference}`)],
            daemons,
          );
          times[index]?.[way].push(wall);
          note(`pulling, ${name}, ${way}: ${wall.toFixed(2)} s`);
          await restoreTable(BINFMT, before);
        }
      }
    }
    const bytes = await layoutSizes(
      { folder: layoutIn(workshop) },
      IMAGES.map(({ name }) => name),
    );
    const seconds = times.map(({ local, slow }) => [median(local), median(slow)] as const);
    const [seed = [Number.NaN, Number.NaN]] = seconds;
    const ratio = (name: string) =>
      seed[1] / (seconds[IMAGES.findIndex((image) => image.name === name)]?.[1] ?? Number.NaN);
    return {
      title: 'Pulling and being ready',
      what: 'docker pull and registering, nothing there before, in seconds; from a registry on this machine, and through a link held to 100 Mbit/s.',
      columns: [
        'local s',
        '100 Mbit/s s',
        'times sooner, local',
        'times sooner, 100 Mbit/s',
        'the link alone, s',
      ],
      rows: IMAGES.map(({ name, ours, compression }, index) => {
        const [local, slow] = seconds[index] ?? [Number.NaN, Number.NaN];
        const size = bytes.get(`${name} ${keyOf(hostNamed(machine()))} ${compression}`) ?? Number.NaN;
        return { name, ours, values: [local, slow, seed[0] / local, seed[1] / slow, size / LINK] };
      }),
      gains: gainsOf(IMAGES.map(({ name }, index) => [name, seconds[index]?.[1] ?? Number.NaN])),
      claims: [
        { what: 'aarch64 is ready over 100 Mbit/s', atLeast: 15, found: ratio('aarch64') },
        { what: 'latest is ready over 100 Mbit/s', atLeast: 3, found: ratio('latest') },
      ],
      next: [
        'latest: what the link does not take is the unpacking, by the engine: zstd, sha256 of the contents, CRC-64 of each file, and to write them',
        'latest: an engine begins to unpack a layer when it has it whole; in several layers, each with fewer emulators to be like, the layers would be larger',
      ],
    };
  } finally {
    await link.close();
    await registry.close();
  }
}

/** Over 100 Mbit/s: our images against the classic recipe, and against ten emulators as the other popular image has them. */
function gainsOf(ready: readonly (readonly [name: string, seconds: number])[]): Gain[] {
  const times = new Map(ready);
  const gain = (ours: string, theirs: string, called: string) => ({
    what: `${ours} against ${called}, 100 Mbit/s`,
    found: (times.get(theirs) ?? Number.NaN) / (times.get(ours) ?? Number.NaN),
  });
  const against = ['latest', 'common', 'aarch64'];
  return [
    ...against.map((ours) => gain(ours, 'the classic recipe', 'the classic recipe')),
    ...against.slice(1).map((ours) => gain(ours, 'common-gzip', 'ten emulators in gzip')),
  ];
}
