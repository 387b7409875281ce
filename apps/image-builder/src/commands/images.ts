import { matchesGlob, resolve } from 'node:path';
import { readLock } from '@qemu-user-static/lock';
import { renderRegisterScript } from '@qemu-user-static/register';
import { originOf } from '../images/labels.ts';
import { type ImageSet, withTags } from '../layouts/image-set.ts';
import { loadImages } from '../layouts/load.ts';
import { BuilderError } from '../report/errors.ts';
import type { Environment } from './environment.ts';
import { DEFAULT_LAYOUT, type ImagesOptions } from './options.ts';

/**
 * The images that are meant, in the layouts that are meant; they must be those of this checkout.
 * @throws BuilderError USAGE, and what `loadImages` throws
 */
export async function imagesIn(
  { from, platform, tag: patterns }: ImagesOptions,
  environment: Environment,
): Promise<ImageSet> {
  const lock = await readLock(environment.paths.lock);
  const template = await environment.template();
  const origin = originOf(lock, template, renderRegisterScript(environment.source), environment.source);
  const folders = (from.length > 0 ? from : [DEFAULT_LAYOUT]).map((folder) => resolve(folder));
  const set = await loadImages(folders, lock, platform, { template, origin });
  if (patterns.length === 0) return set;
  const chosen = withTags(set, (tag) => patterns.some((pattern) => matchesGlob(tag, pattern)));
  if (chosen.tags.length === 0) throw new BuilderError('USAGE', `no tag is like ${patterns.join(' or ')}`);
  return chosen;
}
