import { writeImages } from '../layouts/write-layout.ts';
import { command as define } from './command.ts';
import { imagesIn } from './images.ts';
import { images, output } from './options.ts';

const options = [...images(), output()] as const;

const examples = [
  ['merge --from amd64/oci --from arm64/oci', 'one layout of two machines, in dist/oci'],
] as const;

/** Several machines' layouts become one. */
export const command = define(options, examples, async (given, environment) => {
  const set = await imagesIn(given, environment);
  await writeImages(set, given.output);
  const tags = set.tags.map(({ tag, digest }) => ({ tag, digest }));
  return { text: tags.map(({ tag, digest }) => `${digest} ${tag}`).join('\n'), value: { tags } };
});
