import { readLock } from '@qemu-user-static/lock';
import { fetch } from '../build/fetch.ts';
import { stage } from '../report/events.ts';
import { megabytes } from '../report/format.ts';
import { command as define } from './command.ts';
import { archive, selection, selectionOf } from './options.ts';

const options = [...selection(), ...archive()] as const;

const examples = [
  ['fetch', 'download the packages of channel latest'],
  ['fetch --channel stable --platform arm64', 'download the packages of one host platform'],
] as const;

export const command = define(options, examples, async (given, environment) => {
  const lock = await readLock(environment.paths.lock);
  const context = await environment.archive();
  const fetched = await stage('fetch', environment.onEvent, () => fetch(lock, selectionOf(given), context));
  const files = fetched.flatMap(({ platforms }) =>
    platforms.flatMap(({ locked, packages, shellDeb }) => [
      ...packages.map((one) => ({ package: one.locked.path, size: one.locked.size, file: one.deb })),
      { package: locked.shell.path, size: locked.shell.size, file: shellDeb },
    ]),
  );
  return {
    text: files.map(({ package: path, size, file }) => `${file}  ${megabytes(size)}  ${path}`).join('\n'),
    value: { packages: files },
  };
});
