import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { contentsNamed, openBuildContext } from '../build/build-context.ts';
import type { ContextOptions } from '../cli/context.ts';
import type { ContextFile } from '../images/context.ts';
import { ownPlatform } from '../images/platforms.ts';
import { DEFAULT_CHANNEL } from '../images/tags.ts';
import { BuilderError } from '../report/errors.ts';
import type { Environment } from './environment.ts';
import type { Result } from './result.ts';

/** Writes one image's build context: the rendered Dockerfile and every file it copies. */
export async function writeContext(options: ContextOptions, environment: Environment): Promise<Result> {
  const contents = contentsNamed(options.image);
  const [channel = DEFAULT_CHANNEL] = options.channel;
  const platform = options.platform[0] ?? ownPlatform();
  if (platform === null)
    throw new BuilderError('USAGE', 'this machine is none of the host platforms, so --platform is needed');
  const { files, guests } = await openBuildContext({ channel, platform, contents }, environment);
  await rm(options.output, { recursive: true, force: true });
  await mkdir(options.output, { recursive: true });
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
