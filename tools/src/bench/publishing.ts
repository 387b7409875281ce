import { readFile } from 'node:fs/promises';
import {
  blobPath,
  type Descriptor,
  type Layout,
  MEDIA_TYPE,
  REF_NAME,
  readIndex,
} from '@qemu-user-static/oci-image';
import { startDockerRegistry } from '@qemu-user-static/oci-registry/testing';
import { $ } from 'zx';
import { sidTool } from '../e2e/sid-tools.ts';
import { layoutIn } from './building.ts';
import { type Cost, costOf, medianCost } from './cost.ts';
import { COST_COLUMNS, costRows, type Effort, type Section } from './section.ts';
import type { Workshop } from './workshop.ts';

/** One way to bring a layout into a registry: programs that are run one after the other. */
interface Contender {
  readonly name: string;
  commands(registry: string): readonly (readonly string[])[];
}

/** Tags of a second `publish`, which finds nothing to send. */
const FEW = 200;

/** The same layout into a fresh registry, in an order that turns from round to round. */
export async function measurePublishing(workshop: Workshop, { repeat, note }: Effort): Promise<Section> {
  const layout: Layout = { folder: layoutIn(workshop) };
  const only = workshop.platforms.flatMap((platform) => ['--platform', platform]);
  await $`${[...workshop.builder, 'build', ...only, '--output', layout.folder]}`.quiet();
  const tagged = (await readIndex(layout)).manifests;
  const ours = (registry: string, ...words: string[]) => [
    [
      ...[...workshop.builder, 'publish', '--push', '--from', layout.folder, '--to', `${registry}/o/q`],
      ...words,
    ],
  ];
  const few = tagged.slice(0, FEW).flatMap(({ annotations }) => ['--tag', annotations?.[REF_NAME] ?? '']);

  const publish: Contender = {
    name: `publish, ${tagged.length} tags, each read back`,
    commands: (registry) => ours(registry),
  };
  const contenders = [publish, ...(await others(layout, tagged))];
  const again = { name: `publish again, ${tagged.length} tags`, commands: publish.commands };
  const fewAgain = {
    name: `publish again, ${FEW} tags`,
    commands: (registry: string) => ours(registry, ...few),
  };

  const costs = new Map<string, Cost[]>();
  const measure = async ({ name, commands }: Contender, registry: string) => {
    // Writes that an earlier one left are not this one's cost.
    await $`sync`;
    const cost = await costOf(commands(registry));
    costs.set(name, [...(costs.get(name) ?? []), cost]);
    note(`publishing, ${name}: ${cost.wall.toFixed(1)} s`);
  };
  for (let round = 0; round < repeat; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const contender = contenders[(turn + round) % contenders.length] as Contender;
      const registry = await startDockerRegistry();
      try {
        await measure(contender, registry.name);
        if (contender === publish) for (const more of [again, fewAgain]) await measure(more, registry.name);
      } finally {
        await registry.close();
      }
    }
  }
  const rows = [...contenders, again, fewAgain].map(({ name }) => ({
    name,
    ours: name.startsWith('publish'),
    cost: medianCost(costs.get(name) ?? []),
  }));
  const wallOf = (name: string | undefined) => rows.find((row) => row.name === name)?.cost.wall ?? Number.NaN;
  const [oneTag, everyTag] = contenders.slice(1).map(({ name }) => name);
  return {
    title: 'Publishing',
    what: `The whole set from a layout to a fresh docker-registry on this machine.`,
    columns: COST_COLUMNS,
    rows: costRows(rows),
    claims: [
      {
        what: 'publish against crane push and crane tag',
        atLeast: 1,
        found: wallOf(everyTag) / wallOf(publish.name),
      },
      {
        what: 'publish with every tag against crane push with one',
        atLeast: 1,
        found: wallOf(oneTag) / wallOf(publish.name),
      },
      { what: `publish again, ${FEW} tags, in 2 s`, atLeast: 1, found: 2 / wallOf(fewAgain.name) },
    ],
  };
}

async function others(layout: Layout, tagged: readonly Descriptor[]): Promise<Contender[]> {
  const crane = await sidTool('crane');
  const enough = await tagsOfEveryImage(layout, tagged);
  const pushed = (registry: string) => [
    [crane, 'push', '--index', '--insecure', layout.folder, `${registry}/o/q:all`],
  ];
  return [
    { name: 'crane push --index, everything under one tag', commands: pushed },
    {
      name: `crane push --index, then crane tag for ${tagged.length} tags`,
      commands: (registry) => [
        ...pushed(registry),
        ...tagged.map(({ digest, annotations }) => [
          ...[crane, 'tag', '--insecure', `${registry}/o/q@${digest}`, annotations?.[REF_NAME] ?? ''],
        ]),
      ],
    },
    {
      name: `skopeo copy --all, ${enough.length} tags that have every image`,
      commands: (registry) =>
        enough.map((tag) => [
          ...['skopeo', 'copy', '--all', '--quiet', '--preserve-digests', '--dest-tls-verify=false'],
          ...['--insecure-policy', `oci:${layout.folder}:${tag}`, `docker://${registry}/o/q:${tag}`],
        ]),
    },
  ];
}

/** As few tags as will do: one after the other, that which has most of the images that are not had yet. */
async function tagsOfEveryImage(layout: Layout, tagged: readonly Descriptor[]): Promise<string[]> {
  const images = await Promise.all(
    tagged.map(async ({ mediaType, digest, annotations }) => {
      const tag = annotations?.[REF_NAME] ?? '';
      if (mediaType !== MEDIA_TYPE.index) return { tag, has: [digest] };
      const { manifests } = JSON.parse(await readFile(blobPath(layout, digest), 'utf8')) as {
        manifests: Descriptor[];
      };
      return { tag, has: manifests.map((one) => one.digest) };
    }),
  );
  const missing = new Set(images.flatMap(({ has }) => has));
  const chosen: string[] = [];
  while (missing.size > 0) {
    const gain = ({ has }: (typeof images)[number]) => has.filter((digest) => missing.has(digest)).length;
    const best = images.reduce((a, b) => (gain(b) > gain(a) ? b : a));
    chosen.push(best.tag);
    for (const digest of best.has) missing.delete(digest);
  }
  return chosen;
}
