import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { $ } from 'zx';
import { type Cost, costOf, medianCost } from './cost.ts';
import { BUILDAH, BUILDKIT, DOCKER, DOCKER_ONE_GUEST } from './peers.ts';
import { COST_COLUMNS, costRows, type Effort, type Section } from './section.ts';
import type { Workshop } from './workshop.ts';

/** One way from the packages to a set in a registry. */
export interface Contender {
  readonly name: string;
  readonly ours: boolean;
  /** Takes away what an earlier run left, and brings the base; it is not measured. */
  prepare(workshop: Workshop, registry: string): Promise<void>;
  commands(workshop: Workshop, registry: string): readonly (readonly string[])[];
  /** Process ids of the daemons that do a part of the work. */
  daemons(workshop: Workshop): Promise<readonly number[]>;
}

export const layoutIn = (workshop: Workshop) => join(workshop.folder, 'oci');

/** From the cached packages to every tag in the registry, by a program and into a layout. */
export function release(workshop: Workshop, registry: string, program = workshop.builder): string[][] {
  const only = workshop.platforms.flatMap((platform) => ['--platform', platform]);
  return [
    [...program, 'build', ...only, '--output', layoutIn(workshop)],
    [...program, 'publish', ...only, '--push', '--from', layoutIn(workshop), '--to', `${registry}/ours`],
  ];
}

export const OURS: Contender = {
  name: 'this project, the whole set',
  ours: true,
  async prepare(workshop) {
    await workshop.forgetLayers();
    await rm(layoutIn(workshop), { recursive: true, force: true });
  },
  commands: (workshop, registry) => release(workshop, registry),
  daemons: async () => [],
};

export const DOCKER_PUSH: Contender = {
  name: 'docker build, push, manifest: latest',
  ours: false,
  async prepare(workshop) {
    await workshop.engine('docker');
    await $`${workshop.onEngine('docker', 'docker builder prune --all --force')}`.quiet();
  },
  commands: (workshop, registry) => [workshop.onEngine('docker', DOCKER, registry, ...workshop.platforms)],
  daemons: async (workshop) => [await workshop.engine('docker')],
};

export const BUILDAH_PUSH: Contender = {
  name: 'buildah: latest',
  ours: false,
  async prepare(workshop, registry) {
    const script = `registry=$1
shift
b() { buildah --root "$PWD/buildah" --runroot "$PWD/buildah-run" --storage-driver overlay "$@"; }
b rmi --all --force || :
for platform; do
  name=$(echo "\${platform#linux/}" | tr / -)
  b pull --quiet --platform "$platform" --tls-verify=false --signature-policy policy.json "$registry/base:$name"
done`;
    await $`${workshop.onMachine(script, registry, ...workshop.platforms)}`.quiet();
  },
  commands: (workshop, registry) => [workshop.onMachine(BUILDAH, registry, ...workshop.platforms)],
  daemons: async () => [],
};

export const BUILDKIT_OCI: Contender = {
  name: 'docker buildx, OCI output, skopeo: latest',
  ours: false,
  async prepare(workshop, registry) {
    await workshop.engine('containerd');
    const script = `docker builder prune --all --force
registry=$1
shift
for platform; do docker pull --quiet --platform "$platform" "$registry/base:latest"; done`;
    await $`${workshop.onEngine('containerd', script, registry, ...workshop.platforms)}`.quiet();
  },
  commands: (workshop, registry) => [
    workshop.onEngine('containerd', BUILDKIT, registry, ...workshop.platforms),
    workshop.onMachine(
      'skopeo --policy policy.json copy --all --dest-tls-verify=false oci-archive:seed.tar "docker://$1/buildkit:latest"',
      registry,
    ),
  ],
  daemons: async (workshop) => [await workshop.engine('containerd')],
};

const CONTENDERS = [OURS, DOCKER_PUSH, BUILDAH_PUSH, BUILDKIT_OCI];

/** Each into a fresh registry, in an order that turns from round to round. */
export async function measureBuilding(workshop: Workshop, { repeat, note }: Effort): Promise<Section> {
  const costs = new Map<Contender, Cost[]>(CONTENDERS.map((contender) => [contender, []]));
  const oneGuest: Cost[] = [];
  for (let round = 0; round < repeat; round++) {
    for (let turn = 0; turn < CONTENDERS.length; turn++) {
      const contender = CONTENDERS[(turn + round) % CONTENDERS.length] as Contender;
      const registry = await workshop.registry();
      try {
        await contender.prepare(workshop, registry.name);
        const daemons = await contender.daemons(workshop);
        const cost = await costOf(contender.commands(workshop, registry.name), daemons);
        costs.get(contender)?.push(cost);
        note(`building, ${contender.name}: ${cost.wall.toFixed(1)} s`);
        if (contender === DOCKER_PUSH) {
          const last = workshop.platforms.at(-1) as string;
          oneGuest.push(
            await costOf([workshop.onEngine('docker', DOCKER_ONE_GUEST, registry.name, last)], daemons),
          );
          note(`building, one-guest images of ${last}: ${oneGuest.at(-1)?.wall.toFixed(1)} s`);
        }
      } finally {
        await registry.close();
      }
    }
  }
  const rows = CONTENDERS.map((contender) => ({
    name: contender.name,
    ours: contender.ours,
    cost: medianCost(costs.get(contender) ?? []),
  }));
  const [ours, docker] = rows.map(({ cost }) => cost.wall) as [number, number];
  const last = workshop.platforms.at(-1);
  const more = { name: `docker, one-guest images of ${last}`, ours: false, cost: medianCost(oneGuest) };
  return {
    title: 'Building',
    what: `From the downloaded packages to ${workshop.platforms.length} platforms in a registry on this machine.`,
    columns: COST_COLUMNS,
    rows: costRows([...rows, more]),
    claims: [
      { what: 'the whole set against the classic recipe for latest', atLeast: 4, found: docker / ours },
    ],
  };
}
