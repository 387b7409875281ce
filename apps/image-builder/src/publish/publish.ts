import type { Repository } from '@qemu-user-static/oci-registry';
import type { ImageSet } from '../layouts/image-set.ts';
import { BuilderError } from '../report/errors.ts';
import type { OnEvent } from '../report/events.ts';
import { stage } from '../report/events.ts';
import { listed } from '../report/problems.ts';
import { applyTarget } from './apply.ts';
import { type Destination, nameOf } from './destination.ts';
import { type PublishPlan, planPublish, type TargetPlan } from './plan.ts';
import { askRepository } from './state.ts';

/** Asks every destination what it has, and works out what is to be done. Nothing is changed. */
export function makePlan(
  set: ImageSet,
  destinations: readonly Destination[],
  thorough: boolean,
  onEvent: OnEvent,
): Promise<PublishPlan> {
  return stage('plan', onEvent, async () => {
    const targets = destinations.map(async ({ registry, repository, client }) => ({
      registry,
      repository,
      state: await askRepository(client, set, thorough),
    }));
    return planPublish(set, await Promise.all(targets));
  });
}

/**
 * Does what the plan says: registries side by side, repositories of one registry one after the other, as the
 * later ones take blobs over from the earlier. The failure of one registry does not stop the others.
 *
 * @param atOnce blobs in work at a time, for each registry
 * @throws BuilderError TAG_IMMUTABLE, before anything is sent
 */
export async function applyPlan(
  plan: PublishPlan,
  set: ImageSet,
  destinations: readonly Destination[],
  atOnce: number,
  onEvent: OnEvent,
): Promise<void> {
  const clientOf = ({ registry, repository }: TargetPlan): Repository => {
    const found = destinations.find((one) => one.registry === registry && one.repository === repository);
    if (found === undefined) throw new RangeError(`${registry}/${repository} is no destination`);
    return found.client;
  };
  const refusal = publishRefusal(plan);
  if (refusal !== undefined) throw refusal;
  return stage('publish', onEvent, async () => {
    const registries = Map.groupBy(plan.targets, ({ registry }) => registry);
    const done = await Promise.allSettled(
      Array.from(registries.values(), async (targets) => {
        for (const target of targets) {
          const { registry, repository, bytes } = target;
          onEvent({ type: 'sending', registry, repository, bytes });
          await applyTarget(target, set, clientOf(target), atOnce);
        }
      }),
    );
    const [first, ...others] = done.flatMap((one) =>
      one.status === 'rejected' ? [one.reason as Error] : [],
    );
    for (const { message } of others) onEvent({ type: 'note', text: message });
    if (first !== undefined) throw first;
  });
}

/** Why a plan cannot be followed: a tag that never moves would have to. */
export function publishRefusal({ targets }: PublishPlan): BuilderError | undefined {
  const refused = targets.flatMap((target) =>
    target.tags
      .filter(({ action }) => action === 'refuse')
      .map(({ tag, was, digest }) => `${nameOf(target)}:${tag} is ${was}, and would become ${digest}`),
  );
  if (refused.length === 0) return undefined;
  return new BuilderError(
    'TAG_IMMUTABLE',
    `tags that never move are there with other images:${listed(refused)}`,
  );
}
