import type { MergeOptions } from '../cli/merge.ts';
import { writeImages } from '../layouts/write-layout.ts';
import type { Environment } from './environment.ts';
import { imagesIn } from './images.ts';
import type { Result } from './result.ts';

/** Several machines' layouts become one. */
export async function mergeCommand(options: MergeOptions, environment: Environment): Promise<Result> {
  const set = await imagesIn(options, environment);
  await writeImages(set, options.output);
  const tags = set.tags.map(({ tag, digest }) => ({ tag, digest }));
  return { text: tags.map(({ tag, digest }) => `${digest} ${tag}`).join('\n'), value: tags };
}
