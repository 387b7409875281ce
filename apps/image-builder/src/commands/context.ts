import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Option } from '@commander-js/extra-typings';
import { claimFolder, emptyFolder } from '@qemu-user-static/files';
import { readLock } from '@qemu-user-static/lock';
import { contentsNamed, openBuildContext } from '../build/build-context.ts';
import { CONTEXT_CONTENTS, type ContextFile } from '../images/context.ts';
import { ownPlatform } from '../images/platforms.ts';
import { DEFAULT_CHANNEL } from '../images/tag-stems.ts';
import { BuilderError } from '../report/errors.ts';
import { command as define } from './command.ts';
import { buildInputs } from './environment.ts';
import { archive, onlyOne, selection } from './options.ts';

const options = [
  new Option('--image <name>', 'latest, common, register, or a guest such as aarch64').default('latest'),
  ...selection(),
  new Option('--output <folder>', 'folder to write')
    .default(resolve('dist/context'), 'dist/context')
    .argParser((path) => resolve(path)),
  ...archive(),
] as const;

const examples = [
  ['context --platform linux/amd64', 'write dist/context'],
  ['context --image aarch64 && docker build dist/context', 'build one image yourself'],
] as const;

/**
 * Writes one image's build context: the rendered Dockerfile and every file it copies.
 * @throws FilesError FOLDER_FOREIGN, and what `openBuildContext` throws
 */
export const command = define(options, examples, async (given, environment) => {
  const lock = await readLock(environment.paths.lock);
  const contents = contentsNamed(given.image, lock);
  const channel = onlyOne('--channel', given.channel) ?? DEFAULT_CHANNEL;
  const platform = onlyOne('--platform', given.platform) ?? ownPlatform();
  if (platform === null)
    throw new BuilderError('USAGE', 'this machine is not a known host platform: give --platform');
  // Asked before anything is downloaded for it.
  await claimFolder(given.output, CONTEXT_CONTENTS);
  const { files, guests } = await openBuildContext(
    lock,
    { channel, platform, contents },
    await buildInputs(environment),
  );
  await emptyFolder(given.output, CONTEXT_CONTENTS);
  for await (const file of files) await writeContextFile(given.output, file);
  const hint = `docker build --platform ${platform} ${given.output}`;
  return {
    text: given.output,
    value: { context: given.output, platform, image: given.image, guests, hint },
  };
});

async function writeContextFile(
  folder: string,
  { path, type, mode, linkname, content }: ContextFile,
): Promise<void> {
  const target = join(folder, path);
  if (type === 'symlink') await symlink(linkname ?? '', target);
  else if (type === 'file') await writeFile(target, content);
  else await mkdir(target);
  // Set afterwards: what a call is given as mode is cut by the umask.
  if (type !== 'symlink') await chmod(target, mode);
}
