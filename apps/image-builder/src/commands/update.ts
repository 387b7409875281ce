import { Option } from '@commander-js/extra-typings';
import {
  describeChanges,
  formatLock,
  type Lock,
  LockError,
  readLock,
  readSources,
  update,
  writeLock,
} from '@qemu-user-static/lock';
import { renderRegisterScript } from '@qemu-user-static/register';
import { BuilderError } from '../report/errors.ts';
import { stage } from '../report/events.ts';
import { command as define } from './command.ts';
import { acceptExpired, archive } from './options.ts';

const options = [
  new Option('--check', 'only report whether the lock is up to date; exit 1 if it is not'),
  acceptExpired(),
  new Option(
    '--restart-rebuilds',
    'number the builds of every version from 1 again: for a fork, or as long as nothing is published',
  ).conflicts('check'),
  ...archive(),
] as const;

const examples = [
  ['update', 'follow the archive, and write sources.lock.json'],
  ['update --check', 'exit 1 if the lock is behind the archive'],
  ['update --accept-expired', 'accept a Release whose Valid-Until has passed'],
] as const;

/** @throws BuilderError LOCK_OUTDATED with --check, if the lock is not what `update` would write */
export const command = define(options, examples, async (given, environment) => {
  const { paths, onEvent } = environment;
  const before = await lockBefore(paths.lock);
  const now = await stage('update', onEvent, async () =>
    update(await readSources(paths.sources), before, {
      ...(await environment.archive()),
      keys: await environment.keys(),
      now: environment.now(),
      acceptExpired: given.acceptExpired ?? false,
      restartRebuilds: given.restartRebuilds ?? false,
      template: await environment.template(),
      script: renderRegisterScript(environment.source),
      onEvent,
    }),
  );
  const changes = describeChanges(before, now);
  const isCurrent = before !== null && formatLock(before) === formatLock(now);
  if (given.check && !isCurrent) {
    throw new BuilderError(
      'LOCK_OUTDATED',
      `sources.lock.json is behind the archive:${changes.map((change) => `\n  - ${change}`).join('')}`,
    );
  }
  if (!given.check && !isCurrent) await writeLock(paths.lock, now);
  const text = isCurrent
    ? 'sources.lock.json is up to date'
    : ['sources.lock.json is written:', ...changes.map((change) => `  - ${change}`)].join('\n');
  return { text, value: { upToDate: isCurrent, changes } };
});

/** A missing lock does not keep one from being made; a damaged one is an error. */
async function lockBefore(path: string): Promise<Lock | null> {
  try {
    return await readLock(path);
  } catch (error) {
    if (error instanceof LockError && error.code === 'LOCK_MISSING') return null;
    throw error;
  }
}
