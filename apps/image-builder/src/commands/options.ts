import { relative, resolve } from 'node:path';
import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { type HostPlatform, hostNamed } from '@qemu-user-static/arch-table';
import { COMPRESSIONS, type Compression } from '@qemu-user-static/compression';
import type { ImageName } from '@qemu-user-static/oci-image';
import { DEFAULT_CHANNEL } from '../images/tag-stems.ts';
import { BuilderError } from '../report/errors.ts';
import type { AnyOption, OptionsOf } from './command.ts';
import type { Environment } from './environment.ts';

// Options that several commands share. They also give a command's values their types.

/** The layout that commands write and read by default. */
export const DEFAULT_LAYOUT = 'dist/oci';

/** Options of every command. */
export const common = () =>
  [
    new Option('--json', 'print the result as JSON'),
    new Option('-q, --quiet', 'print no progress, only the result and errors').conflicts('verbose'),
    new Option('-v, --verbose', 'print every request and every file from the cache'),
  ] as const;

export type CommonOptions = OptionsOf<ReturnType<typeof common>>;

export const archive = () =>
  [
    new Option(
      '--mirror <url>',
      'Debian mirror (default: DEBIAN_MIRROR, sources.json, this host’s APT, the public mirror)',
    ),
    new Option(
      '--cache <folder>',
      'folder for downloaded packages (default: $XDG_CACHE_HOME/qemu-user-static)',
    ).env('IMAGE_BUILDER_CACHE'),
  ] as const;

const platforms = (byDefault: string) =>
  new Option('-p, --platform <name>', 'only this host platform; repeat it, or separate by commas')
    .default<HostPlatform[]>([], byDefault)
    .argParser(collect(parsePlatform));

export const channels = () =>
  new Option('-c, --channel <name>', 'channel of the lock; repeat it, or separate by commas')
    .default<string[]>([], DEFAULT_CHANNEL)
    .argParser(collect((name) => name));

export const selection = () => [channels(), platforms('all of the channel')] as const;

/** Options of every command that makes a layout. */
export const making = () =>
  [
    ...selection(),
    new Option('--compression <list>', 'gzip, or gzip,zstd')
      .default<Compression[]>([...COMPRESSIONS], COMPRESSIONS.join(','))
      .argParser(parseCompressions),
    ...layoutOrOutput('OCI image layout to write'),
    ...archive(),
  ] as const;

/** One layout, read or written. */
export const layout = (description: string) =>
  new Option('-l, --layout <folder>', description)
    .default(resolve(DEFAULT_LAYOUT), DEFAULT_LAYOUT)
    .argParser((path) => resolve(path));

/** The layout of commands that called it `--output`. */
export const layoutOrOutput = (description: string) => {
  const option = layout(description);
  return [option, formerly('-o, --output <folder>', option)] as const;
};

/** Several layouts, which are read as one. */
export const layouts = () => {
  const option = new Option(
    '-l, --layout <folder>',
    'OCI image layout; repeat it, or separate by commas, for layouts of other platforms',
  )
    .default<string[]>([], DEFAULT_LAYOUT)
    .argParser(collect((folder) => folder));
  return [option, formerly('--from <folder>', option)] as const;
};

export const oneImage = () =>
  [
    new Option('-i, --image <tag>', 'tag of the layout: latest, register, aarch64, …').default(
      DEFAULT_CHANNEL,
    ),
    new Option('-p, --platform <name>', 'host platform (default: this machine’s)').argParser(parsePlatform),
    layout('OCI image layout to read'),
  ] as const;

/** The name of an image in an engine or in an archive. */
export const name = () => {
  const option = new Option('--name <repository>', 'name of the image (default: OWNER/REPO of package.json)');
  return [option, formerly('--repository <name>', option)] as const;
};

/** Repositories of registries. */
export const repositories = () => {
  const option = new Option(
    '-r, --repository <name>',
    'repository, such as ghcr.io/owner/qemu-user-static; repeat it, or separate by commas',
  )
    .env('IMAGE_BUILDER_REPOSITORY')
    .makeOptionMandatory()
    .argParser(collect((text) => text));
  return [option, formerly('--to <repository>', option)] as const;
};

export const images = () =>
  [
    ...layouts(),
    platforms('all of the lock, and each must be there'),
    new Option(
      '--tag <pattern>',
      'only tags that match this glob, such as "11.1*"; repeat it, or separate by commas',
    )
      .default<string[]>([], 'all')
      .argParser(collect((pattern) => pattern)),
  ] as const;

/** What the checks of guest programs found: it keeps tags that move where they are. */
export const gates = () =>
  verdicts(
    'verdict of `npm run conformance -- --gate`: a channel in which it found a failure keeps its tags that move; repeat it, or separate by commas',
  );

/** Files with what the checks of guest programs found. */
export const verdicts = (description: string) =>
  [new Option('--gate <file>', description).argParser(collect((file) => resolve(file)))] as const;

export type ImagesOptions = OptionsOf<ReturnType<typeof images>>;

export const registries = () =>
  [
    new Option(
      '--plain-http',
      'allow HTTP without TLS for remote registries (loopback registries may always use it)',
    ),
    new Option('--ca <file>', 'certificate authority of a private registry, in PEM'),
    new Option('--connections <number>', 'maximum number of connections to one registry')
      .default(8)
      .argParser(parseConnections),
  ] as const;

export const releaseFiles = () =>
  [
    new Option('--plain-host <platform>', 'host whose emulators are also published without a host prefix')
      .default<HostPlatform>('linux/amd64')
      .argParser(parsePlatform),
    new Option('--assets <folder>', 'folder for the files of the GitHub release')
      .default(resolve('dist/github'), 'dist/github')
      .argParser((path) => resolve(path)),
  ] as const;

export const acceptExpired = () =>
  new Option('--accept-expired', 'accept a Release whose Valid-Until has passed; the lock records it');

/** An image's name in an engine: as it is published, unless another repository is given. */
export function imageName(
  { image, name }: { readonly image: string; readonly name?: string | undefined },
  { source }: Pick<Environment, 'source'>,
): ImageName {
  return { repository: name ?? new URL(source).pathname.slice(1).toLowerCase(), tag: image };
}

/** For a command that makes one image. @throws BuilderError USAGE */
export function onlyOne<T>(option: string, given: readonly T[]): T | undefined {
  if (given.length > 1)
    throw new BuilderError(
      'USAGE',
      `this command makes one image: give ${option} once, not ${given.join(' and ')}`,
    );
  return given[0];
}

/** An option under an earlier name, which works and has no line in `--help`. */
export function formerly<One extends AnyOption>(flags: string, option: One): One {
  const earlier = Object.assign(new Option(flags).hideHelp(), {
    attributeName: () => option.attributeName(),
  });
  if (option.parseArg !== undefined) Object.assign(earlier, { parseArg: option.parseArg });
  return earlier as unknown as One;
}

/** The channels and platforms of a command line. */
export function selectionOf({ channel, platform }: { channel: string[]; platform: HostPlatform[] }) {
  return { channels: channel.length > 0 ? [...new Set(channel)] : [DEFAULT_CHANNEL], platforms: platform };
}

function collect<T>(parse: (value: string) => T): (value: string, before?: T[]) => T[] {
  return (value, before = []) => [...before, ...value.split(',').map(parse)];
}

function parsePlatform(name: string): HostPlatform {
  try {
    return hostNamed(name);
  } catch (error) {
    const { message, remedy } = error as Error & { remedy: string };
    throw new InvalidArgumentError(`${message}. ${remedy}`);
  }
}

function parseConnections(text: string): number {
  if (!/^[1-9]\d?$/.test(text)) throw new InvalidArgumentError('Give a number from 1 to 99.');
  return Number(text);
}

function parseCompressions(list: string): Compression[] {
  const chosen = COMPRESSIONS.filter((name) => list.split(',').includes(name));
  if (chosen.length !== list.split(',').length || chosen[0] !== 'gzip') {
    throw new InvalidArgumentError('Give gzip or gzip,zstd: one-guest images are made in gzip alone.');
  }
  return chosen;
}

/** A path as a person would type it: relative where that is shorter. */
export function shown(path: string): string {
  const short = relative(process.cwd(), path);
  return short !== '' && short.length < path.length ? short : path;
}
