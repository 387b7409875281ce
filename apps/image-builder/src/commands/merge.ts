import { resolve } from 'node:path';
import { Option } from '@commander-js/extra-typings';
import { writeImages } from '../layouts/write-layout.ts';
import { command as define } from './command.ts';
import { imagesIn } from './images.ts';
import { archive, DEFAULT_LAYOUT, images } from './options.ts';

const options = [
  ...images(),
  new Option('-o, --output <folder>', 'OCI image layout to write')
    .default(resolve(DEFAULT_LAYOUT), DEFAULT_LAYOUT)
    .argParser((path) => resolve(path)),
  ...archive(),
] as const;

const examples = [['merge --layout amd64/oci,arm64/oci', 'one layout of two machines, in dist/oci']] as const;

/** Several machines' layouts become one. */
export const command = define(options, examples, async (given, environment) => {
  const set = await imagesIn(given, environment);
  await writeImages(set, given.output);
  const tags = set.tags.map(({ tag, digest }) => ({ tag, digest }));
  return { text: tags.map(({ tag, digest }) => `${digest} ${tag}`).join('\n'), value: { tags } };
});
