import { hash } from 'node:crypto';
import type { Lock } from './lock.ts';
import { platformsOf } from './locked.ts';
import { sourcesText } from './sources-text.ts';

/** The part of the lock that images are made from. */
type Inputs = Pick<Lock, 'channels' | 'common' | 'sources'>;

/**
 * How often the images of each QEMU version were made again, for tags such as `11.1.3-2`: the number goes up
 * when the packages of that version, the platforms that have it, the guests of `common`, or the recipe are others than
 * the last time.
 *
 * @param recipe hash of all that the images contain apart from packages
 */
export function numberRebuilds(lock: Inputs, recipe: string, before: Lock['rebuilds']): Lock['rebuilds'] {
  const versions = new Set(
    Object.values(lock.channels).flatMap((channel) => platformsOf(channel).map(([, { version }]) => version)),
  );
  const rebuilds: Lock['rebuilds'] = {};
  for (const version of versions) {
    const inputs = inputsOf(lock, recipe, version);
    const last = before[version];
    const number = last === undefined ? 1 : last.inputs === inputs ? last.number : last.number + 1;
    rebuilds[version] = { number, inputs };
  }
  // A version that is gone may come back (an archive can be rolled back), and its tags are still out there.
  return { ...before, ...rebuilds };
}

/** Raise it when the same inputs give other layers than before: another order of entries, another compression. */
export const LAYERS_VERSION = 6;

/** Raise it when the same layers give other configs, manifests or indexes than before. */
export const DOCUMENTS_VERSION = 3;

/** Hash of all that the images contain apart from packages, and of how it is packed and described. */
export function recipeHash(
  template: string,
  script: string,
  [layers, documents]: readonly [layers: number, documents: number] = [LAYERS_VERSION, DOCUMENTS_VERSION],
): string {
  return hash('sha256', JSON.stringify([layers, documents, template, script]));
}

/** Hash of all that images of a QEMU version are made from: the same inputs, the same images. */
export function inputsOf({ channels, common, sources }: Inputs, recipe: string, version: string): string {
  const packages = Object.values(channels)
    .flatMap((channel) => platformsOf(channel))
    .filter(([, locked]) => locked.version === version)
    .map(([platform, { released, emulators, shell }]) =>
      [
        platform,
        released,
        ...[emulators, shell].map((one) => `${one.sha256} ${sourcesText(one, sources)}`),
      ].join(' '),
    );
  return hash('sha256', JSON.stringify([recipe, common, packages.sort()]));
}
