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
  const files = await stage('fetch', environment.onEvent, async () => {
    const fetched = await fetch(lock, selectionOf(given), context);
    const packages = fetched.flatMap(({ platforms }) =>
      platforms.flatMap(({ locked: { shell }, packages: emulators, shellDeb }) => [
        ...emulators,
        { locked: shell, deb: shellDeb },
      ]),
    );
    return Promise.all(
      packages.map(async ({ locked: { path, size }, deb }) => ({ package: path, size, file: await deb() })),
    );
  });
  return {
    text: files.map(({ package: path, size, file }) => `${file}  ${megabytes(size)}  ${path}`).join('\n'),
    value: { packages: files },
  };
});
