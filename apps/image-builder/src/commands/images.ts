import { matchesGlob, resolve } from 'node:path';
import { readLock } from '@qemu-user-static/lock';
import { proofOf } from '../build/proof.ts';
import { assertJudged, describeFailure, type Gate, isHeld, readGates } from '../images/gate.ts';
import { originOf } from '../images/labels.ts';
import { type ImageSet, withTags } from '../layouts/image-set.ts';
import { loadImages } from '../layouts/load.ts';
import { BuilderError } from '../report/errors.ts';
import { listed } from '../report/problems.ts';
import { buildInputs, type Environment } from './environment.ts';
import { DEFAULT_LAYOUT, type ImagesOptions } from './options.ts';

/**
 * The images that are meant, in the layouts that are meant; they must be those of this checkout.
 * @throws BuilderError USAGE, and what `loadImages` throws
 */
export async function imagesIn(
  { layout, platform, tag: patterns }: ImagesOptions,
  environment: Environment,
): Promise<ImageSet> {
  const lock = await readLock(environment.paths.lock);
  const inputs = await buildInputs(environment);
  const proof = proofOf(lock, inputs);
  const origin = originOf(lock, proof.template, proof.script, inputs.source);
  const folders = (layout.length > 0 ? layout : [DEFAULT_LAYOUT]).map((folder) => resolve(folder));
  const set = await loadImages(folders, proof, platform, { origin, onEvent: environment.onEvent });
  if (patterns.length === 0) return set;
  const chosen = withTags(set, (tag) => patterns.some((pattern) => matchesGlob(tag, pattern)));
  if (chosen.tags.length === 0) throw new BuilderError('USAGE', `no tag is like ${patterns.join(' or ')}`);
  return chosen;
}

/**
 * What the checks of guest programs found of the channels of a set; without files nothing.
 * @throws BuilderError GATE_UNREADABLE, GATE_INCOMPLETE
 */
export async function verdictOn(
  { tags }: ImageSet,
  files: readonly string[] | undefined,
  { paths }: Environment,
): Promise<Gate> {
  const gate = await readGates(files ?? []);
  const channels = new Set(tags.map(({ channel }) => channel));
  if (files !== undefined) assertJudged(gate, await readLock(paths.lock), channels);
  return { ...gate, failures: gate.failures.filter(({ channel }) => channels.has(channel)) };
}

/** Without the tags that the gate keeps where they are. @throws as `verdictOn` */
export async function letThrough(
  set: ImageSet,
  files: readonly string[] | undefined,
  environment: Environment,
): Promise<ImageSet> {
  const gate = await verdictOn(set, files, environment);
  const held = new Set(set.tags.filter((tag) => isHeld(gate, tag)).map(({ tag }) => tag));
  if (held.size === 0) return set;
  const failures = listed(gate.failures.map(describeFailure));
  environment.onEvent({
    type: 'note',
    text: `cases fail that passed before:${failures}\nso these tags stay as they are: ${[...held].join(', ')}`,
  });
  return withTags(set, (tag) => !held.has(tag));
}
