import { Option } from '@commander-js/extra-typings';
import { connectEngine } from '@qemu-user-static/container-engine';
import { readLock } from '@qemu-user-static/lock';
import { contentsNamed, contextArchive, openBuildContext } from '../build/build-context.ts';
import { DEFAULT_CHANNEL } from '../images/tag-stems.ts';
import { makeLayout } from '../release/pipeline.ts';
import { BuilderError } from '../report/errors.ts';
import { stage } from '../report/events.ts';
import { command as define, type OptionsOf, type Result } from './command.ts';
import { buildInputs, type Environment } from './environment.ts';
import { imageName, making, name, onlyOne, selectionOf } from './options.ts';

const options = [
  ...making(),
  new Option(
    '--builder <name>',
    'let the container engine of this machine build one image, and keep it there',
  )
    .choices(['docker'] as const)
    .conflicts(['layout', 'compression']),
  new Option(
    '--image <name>',
    'with --builder: latest, common, register, or a guest such as aarch64 (default: latest)',
  ),
  ...name(),
] as const;

const examples = [
  ['build', 'make dist/oci'],
  ['build --compression gzip --platform linux/arm64', 'a quick build of one platform'],
  ['build --builder docker --image aarch64', 'one image by the container engine'],
] as const;

type Options = OptionsOf<typeof options>;

export const command = define(options, examples, (given, environment) => {
  if (given.builder === 'docker') return buildOnEngine(given, environment);
  if (given.image !== undefined || given.name !== undefined)
    throw new BuilderError('USAGE', '--image and --name go with --builder docker');
  return buildLayout(given, environment);
});

async function buildLayout(given: Options, environment: Environment): Promise<Result> {
  const lock = await readLock(environment.paths.lock);
  const { layout: output, compression: compressions } = given;
  const built = await makeLayout(
    lock,
    { ...selectionOf(given), output, compressions },
    await buildInputs(environment),
  );
  const tags = built.tags.map(({ plan, descriptor }) => ({ tag: plan.tag, digest: descriptor.digest }));
  return { text: tags.map(({ tag, digest }) => `${digest} ${tag}`).join('\n'), value: { tags } };
}

/** An engine builds one image of one platform from the rendered Dockerfile, and keeps it, without a layout. */
async function buildOnEngine(given: Options, environment: Environment): Promise<Result> {
  const { image = 'latest' } = given;
  const lock = await readLock(environment.paths.lock);
  const contents = contentsNamed(image, lock);
  const channel = onlyOne('--channel', given.channel) ?? DEFAULT_CHANNEL;
  const asked = onlyOne('--platform', given.platform);
  const engine = await connectEngine();
  const platform = asked ?? engine.platform;
  if (platform === null)
    throw new BuilderError('USAGE', `${engine.description} is not a known host platform: give --platform`);
  const { repository, tag } = imageName(
    { image: contents.kind === 'all' ? channel : image, name: given.name },
    environment,
  );
  const context = await openBuildContext(
    lock,
    { channel, platform, contents },
    await buildInputs(environment),
  );
  const id = await stage('build', environment.onEvent, () =>
    engine.build(contextArchive(context), { platform, name: `${repository}:${tag}` }),
  );
  return {
    text: `${repository}:${tag} for ${platform}, built by ${engine.description}, is in it: ${id}`,
    value: { name: `${repository}:${tag}`, platform, id, guests: context.guests, engine: engine.description },
  };
}
