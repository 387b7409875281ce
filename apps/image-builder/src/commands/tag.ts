import { readLock } from '@qemu-user-static/lock';
import { DEFAULT_CHANNEL, primaryVersion } from '../images/tag-stems.ts';
import { command as define } from './command.ts';
import { channels } from './options.ts';

const examples = [
  ['tag', 'print the git tag of a release, such as v11.1.3-1'],
  ['tag --channel stable', 'print that of another channel'],
] as const;

/** The git tag that starts a release: QEMU's version and the rebuild number of the lock. */
export const command = define([channels()], examples, async ({ channel }, environment) => {
  const lock = await readLock(environment.paths.lock);
  const names = channel.length > 0 ? channel : [DEFAULT_CHANNEL];
  const tags = names.map((name) => {
    const version = primaryVersion(lock, name);
    return { channel: name, tag: `v${version}-${lock.rebuilds[version]?.number ?? 1}` };
  });
  return { text: tags.map(({ tag }) => tag).join('\n'), value: { tags } };
});
