import { matchesGlob, resolve } from 'node:path';
import { readLock } from '@qemu-user-static/lock';
import { proofOf } from '../build/proof.ts';
import { originOf } from '../images/labels.ts';
import { type ImageSet, withTags } from '../layouts/image-set.ts';
import { loadImages } from '../layouts/load.ts';
import { BuilderError } from '../report/errors.ts';
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
