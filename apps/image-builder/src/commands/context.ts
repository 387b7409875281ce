import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { claimFolder, emptyFolder } from '@qemu-user-static/files';
import { contentsNamed, openBuildContext } from '../build/build-context.ts';
import type { ContextOptions } from '../cli/context.ts';
import { CONTEXT_CONTENTS, type ContextFile } from '../images/context.ts';
import { ownPlatform } from '../images/platforms.ts';
import { DEFAULT_CHANNEL } from '../images/tags.ts';
import { BuilderError } from '../report/errors.ts';
import type { Environment } from './environment.ts';
import type { Result } from './result.ts';

/**
 * Writes one image's build context: the rendered Dockerfile and every file it copies.
 * @throws FilesError FOLDER_FOREIGN, and what `openBuildContext` throws
 */
export async function writeContext(options: ContextOptions, environment: Environment): Promise<Result> {
  const contents = contentsNamed(options.image);
  const [channel = DEFAULT_CHANNEL] = options.channel;
  const platform = options.platform[0] ?? ownPlatform();
  if (platform === null)
    throw new BuilderError('USAGE', 'this machine is none of the host platforms, so --platform is needed');
  // Asked before anything is downloaded for it.
  await claimFolder(options.output, CONTEXT_CONTENTS);
  const { files, guests } = await openBuildContext({ channel, platform, contents }, environment);
  await emptyFolder(options.output, CONTEXT_CONTENTS);
  for await (const file of files) await writeContextFile(options.output, file);
  const hint = `docker build --platform ${platform} ${options.output}`;
  return {
    text: options.output,
    value: { context: options.output, platform, image: options.image, guests, hint },
  };
}

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
