import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostPlatform } from '@qemu-user-static/arch-table';
import type { Lock } from '@qemu-user-static/lock';
import { BUILDAH_PUSH, type Contender, DOCKER_PUSH, OURS, release } from './building.ts';
import { copyCheckout } from './checkout.ts';
import { type Cost, costOf, median } from './cost.ts';
import type { Effort, Section } from './section.ts';
import { bringPackages, CHANNEL, fetchedFiles, lockedPlatforms, type Workshop } from './workshop.ts';

const CHANGES = ['nothing', 'the script', 'a package of a platform'] as const;

/** The replacement of the changed package: the same host's of another Debian release. */
const OTHER_CHANNEL = 'stable';

/** Everything again, into the same registry, after a change. */
export async function measureRebuilding(workshop: Workshop, { repeat, note }: Effort): Promise<Section> {
  const contenders = [OURS, DOCKER_PUSH, BUILDAH_PUSH];
  const costs = new Map<string, Cost[]>();
  for (let round = 0; round < repeat; round++) {
    const checkout = await copyCheckout(join(workshop.folder, `checkout-${round}`));
    const commands = (contender: Contender, registry: string) =>
      contender === OURS
        ? release(workshop, registry, workshop.inCache(checkout.program))
        : contender.commands(workshop, registry);
    for (const contender of contenders) {
      const registry = await workshop.registry();
      const daemons = await contender.daemons(workshop);
      try {
        await contender.prepare(workshop, registry.name);
        await costOf(commands(contender, registry.name), daemons);
        for (const change of CHANGES) {
          if (change === 'the script') await changeScript();
          if (change === 'a package of a platform') await changePackage();
          const cost = await costOf(commands(contender, registry.name), daemons);
          const key = `${contender.name}, ${change}`;
          costs.set(key, [...(costs.get(key) ?? []), cost]);
          note(`rebuilding, ${key} changed: ${cost.wall.toFixed(1)} s`);
        }
      } finally {
        await registry.close();
        await changeBack();
      }
    }

    async function changeScript(): Promise<void> {
      const line = '\n# changed\n';
      await appendFile(join(workshop.folder, 'register'), line);
      await checkout.edit('apps/register/src/script/registering/90-main.sh', (text) => text + line);
      await checkout.editLock(raised);
    }
    async function changePackage(): Promise<void> {
      const platform = workshop.platforms[0] as HostPlatform;
      const [[, other] = []] = await lockedPlatforms([platform], OTHER_CHANNEL);
      if (other === undefined) throw new Error(`${OTHER_CHANNEL} has no ${platform}`);
      await bringPackages(workshop.folder, platform, other, await fetchedFiles(OTHER_CHANNEL));
      await checkout.editLock((lock) => {
        const channel = lock.channels[CHANNEL];
        if (channel === undefined) throw new Error(`the lock has no ${CHANNEL}`);
        const platforms = { ...channel.platforms, [platform]: other };
        return raised({ ...lock, channels: { ...lock.channels, [CHANNEL]: { ...channel, platforms } } });
      });
    }
    async function changeBack(): Promise<void> {
      const files = await fetchedFiles(CHANNEL);
      for (const [platform, locked] of await lockedPlatforms(workshop.platforms))
        await bringPackages(workshop.folder, platform, locked, files);
    }
  }
  const wall = (contender: Contender, change: string) =>
    median((costs.get(`${contender.name}, ${change}`) ?? []).map(({ wall }) => wall));
  return {
    title: 'Rebuilding',
    what: 'Everything again into the same registry, in seconds: when nothing changed, when only the script did, when one platform has other packages.',
    columns: CHANGES.flatMap((change) => [`${change}, s`, 'times ours']),
    rows: contenders.map((contender) => ({
      name: contender.name,
      ours: contender.ours,
      values: CHANGES.flatMap((change) => [
        wall(contender, change),
        wall(contender, change) / wall(OURS, change),
      ]),
    })),
    claims: [],
  };
}

/** As `update` does after a change: a tag such as 11.1.3-1 never moves, so `publish` would refuse. */
function raised(lock: Lock): Lock {
  const next = Object.entries(lock.rebuilds).map(([version, { number, inputs }]) => [
    version,
    { number: number + 1, inputs },
  ]);
  return { ...lock, rebuilds: Object.fromEntries(next) };
}
