import { Option } from '@commander-js/extra-typings';
import { connectEngine } from '@qemu-user-static/container-engine';
import { formatSmoke, smoke } from '../check/smoke.ts';
import { DEFAULT_CHANNEL } from '../images/tag-stems.ts';
import { stage } from '../report/events.ts';
import { command as define } from './command.ts';
import { layout } from './options.ts';

const options = [
  new Option('--image <tag>', 'image that contains every emulator').default(DEFAULT_CHANNEL),
  layout('OCI image layout to read'),
] as const;

const examples = [['smoke', 'try image latest of dist/oci']] as const;

/** Proves an image of the layout on this machine's container engine. */
export const command = define(options, examples, async (given, { onEvent }) => {
  const engine = await connectEngine();
  const report = await stage('smoke', onEvent, () => smoke({ folder: given.layout }, given.image, engine));
  return { text: formatSmoke(report), value: report };
});
