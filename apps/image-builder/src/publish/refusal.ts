import { printable } from '@qemu-user-static/errors';
import { BuilderError } from '../report/errors.ts';
import { listed } from '../report/problems.ts';
import { type Destination, nameOf } from './destination.ts';
import type { PlannedTag, PublishPlan } from './plan.ts';

/** Why a plan cannot be applied: it would move a tag that never moves. Undefined if it can. */
export function publishRefusal({ targets }: PublishPlan): BuilderError | undefined {
  const taken = targets.flatMap((target) =>
    target.tags.filter(({ action }) => action === 'refuse').map((tag) => takenTag(target, tag)),
  );
  return taken.length === 0 ? undefined : tagsTaken(taken);
}

/** A tag that never moves and has another digest, as a line of a message. */
export function takenTag(
  target: Pick<Destination, 'registry' | 'repository'>,
  { tag, was, digest }: Pick<PlannedTag, 'tag' | 'was' | 'digest'>,
): string {
  return `${nameOf(target)}:${tag} is ${printable(String(was))}, and would become ${digest}`;
}

export function tagsTaken(tags: readonly string[]): BuilderError {
  return new BuilderError('TAG_IMMUTABLE', `tags that never move exist with other images:${listed(tags)}`);
}
