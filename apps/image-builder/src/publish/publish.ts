import type { Repository } from '@qemu-user-static/oci-registry';
import type { ImageSet } from '../layouts/image-set.ts';
import type { OnEvent } from '../report/events.ts';
import { stage } from '../report/events.ts';
import { applyTarget } from './apply.ts';
import { type Destination, nameOf } from './destination.ts';
import { type PublishPlan, planPublish, type TargetPlan } from './plan.ts';
import { publishRefusal } from './refusal.ts';
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
 * Applies the plan: registries side by side, repositories of one registry one after the other, because the
 * later ones mount blobs of the earlier ones. The failure of one registry does not stop the others.
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
    if (found === undefined) throw new RangeError(`${nameOf({ registry, repository })} is not a destination`);
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
