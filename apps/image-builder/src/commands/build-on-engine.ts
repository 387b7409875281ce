import { connectEngine } from '@qemu-user-static/container-engine';
import { contentsNamed, contextArchive, openBuildContext } from '../build/build-context.ts';
import type { BuildOptions } from '../cli/build.ts';
import { DEFAULT_CHANNEL } from '../images/tags.ts';
import { stage } from '../release/pipeline.ts';
import { BuilderError } from '../report/errors.ts';
import type { Environment } from './environment.ts';
import { imageName } from './image-name.ts';
import type { Result } from './result.ts';

/** Lets the container engine of this machine build one image from the rendered Dockerfile, and leaves it there. */
export async function buildOnEngineCommand(options: BuildOptions, environment: Environment): Promise<Result> {
  const { image = 'latest', repository } = options;
  const contents = contentsNamed(image);
  const channel = onlyOne('--channel', options.channel) ?? DEFAULT_CHANNEL;
  const asked = onlyOne('--platform', options.platform);
  const engine = await connectEngine();
  const platform = asked ?? engine.platform;
  if (platform === null)
    throw new BuilderError(
      'USAGE',
      `${engine.description} is none of the host platforms, so --platform is needed`,
    );
  const tag = contents.kind === 'all' ? channel : image;
  const named = imageName({ image: tag, ...(repository !== undefined && { repository }) }, environment);
  const name = `${named.repository}:${named.tag}`;
  const context = await openBuildContext({ channel, platform, contents }, environment);
  const id = await stage('build', environment.onEvent, () =>
    engine.build(contextArchive(context), { platform, name }),
  );
  return {
    text: `${name} for ${platform}, built by ${engine.description}, is in it: ${id}`,
    value: { name, platform, id, guests: context.guests, engine: engine.description },
  };
}

/** An engine keeps one image under a name, so one is built at a time. */
function onlyOne<T>(option: string, given: readonly T[]): T | undefined {
  if (given.length > 1)
    throw new BuilderError('USAGE', `--builder docker builds one image: give ${option} once`);
  return given[0];
}
