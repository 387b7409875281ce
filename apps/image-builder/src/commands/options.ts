import { resolve } from 'node:path';
import { type HostPlatform, hostNamed } from '@qemu-user-static/arch-table';
import { COMPRESSIONS, type Compression } from '@qemu-user-static/compression';
import { InvalidArgumentError, Option } from 'commander';
import { DEFAULT_CHANNEL } from '../images/tags.ts';

// Options that several commands have, as commander wants them and as the commands get them.

export interface CommonOptions {
  readonly json?: true;
}

export interface ArchiveOptions extends CommonOptions {
  readonly mirror?: string;
  readonly cache?: string;
}

export interface SelectionOptions extends ArchiveOptions {
  readonly channel: string[];
  readonly platform: HostPlatform[];
}

/** One image of a layout. */
export interface ImageOptions extends CommonOptions {
  readonly layout: string;
  readonly image: string;
  readonly platform?: HostPlatform;
}

/** One image of a layout, and what it is to be called. */
export interface NamedImageOptions extends ImageOptions {
  readonly repository?: string;
}

/** The layouts whose images are meant, and which of them. */
export interface ImagesOptions {
  readonly from: string[];
  readonly platform: HostPlatform[];
  readonly tag: string[];
}

export interface RegistryOptions extends CommonOptions {
  readonly plainHttp?: true;
  readonly ca?: string;
  readonly connections: number;
}

/** Repositories, and how to reach them. */
export interface DestinationOptions extends RegistryOptions {
  readonly to: string[];
}

/** The files of a release on GitHub. */
export interface ReleaseFilesOptions {
  readonly plainHost: HostPlatform;
  readonly assets: string;
}

/** Where the layout is, unless the command line says otherwise. */
export const DEFAULT_OUTPUT = 'dist/oci';

export const json = () => new Option('--json', 'print the result as JSON');

export const archive = () => [
  new Option(
    '--mirror <url>',
    'Debian mirror (default: DEBIAN_MIRROR, sources.json, this host’s APT, the public mirror)',
  ),
  new Option('--cache <folder>', 'where packages are kept (default: $XDG_CACHE_HOME/qemu-user-static)'),
];

export const selection = () => [
  new Option('--channel <name>', 'a channel of the lock; may be given several times')
    .default([], DEFAULT_CHANNEL)
    .argParser(collect((name) => name)),
  new Option('--platform <name>', 'only this host platform; may be given several times')
    .default([], 'all of the channel')
    .argParser(collect(parsePlatform)),
];

export const compression = () =>
  new Option('--compression <list>', 'gzip, or gzip,zstd')
    .default([...COMPRESSIONS], COMPRESSIONS.join(','))
    .argParser(parseCompressions);

export const output = () => folder('--output <folder>', 'the OCI image layout', DEFAULT_OUTPUT);

/** A folder, given to the command as an absolute path. */
export const folder = (flags: string, description: string, byDefault: string) =>
  new Option(flags, description).default(resolve(byDefault), byDefault).argParser((path) => resolve(path));

export const layout = () =>
  folder('--layout <folder>', 'the OCI image layout to take it from', DEFAULT_OUTPUT);

export const oneImage = () => [
  new Option('--image <tag>', 'a tag of the layout: latest, register, aarch64, …').default(DEFAULT_CHANNEL),
  new Option('--platform <name>', 'the host platform (default: this machine’s)').argParser(parsePlatform),
  layout(),
];

export const repository = () =>
  new Option('--repository <name>', 'what the image is called (default: as it is published)');

export const destination = () =>
  new Option('--to <repository>', 'such as ghcr.io/owner/qemu-user-static; may be given several times')
    .makeOptionMandatory()
    .argParser(collect((name) => name));

export const from = () =>
  new Option('--from <folder>', 'an OCI image layout; several, each with other platforms, become one')
    .default([], DEFAULT_OUTPUT)
    .argParser(append);

export const images = () => [
  from(),
  new Option('--platform <name>', 'only this host platform; may be given several times')
    .default([], 'all of the lock, and each must be there')
    .argParser(collect(parsePlatform)),
  new Option('--tag <pattern>', 'only tags like this, such as "11.1*"; may be given several times')
    .default([], 'all')
    .argParser(append),
];

export const registries = () => [
  new Option('--plain-http', 'speak without TLS, also to a registry that is not on this machine'),
  new Option('--ca <file>', 'a private certificate authority, in PEM'),
  new Option('--connections <number>', 'at most so many connections to one registry')
    .default(8)
    .argParser(parseConnections),
];

export const releaseFiles = () => [
  new Option('--plain-host <platform>', 'whose emulators are also there under names without a host')
    .default('linux/amd64')
    .argParser(parsePlatform),
  folder('--assets <folder>', 'where the files of the GitHub release are made', 'dist/github'),
];

export const gitHub = (description: string) => new Option('--github <repository>', description);

function collect<T>(parse: (value: string) => T): (value: string, before?: T[]) => T[] {
  return (value, before = []) => [...before, ...value.split(',').map(parse)];
}

/** For values that may hold a comma. */
function append(value: string, before: string[]): string[] {
  return [...before, value];
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
  if (!/^[1-9]\d?$/.test(text)) throw new InvalidArgumentError('It is a number from 1 to 99.');
  return Number(text);
}

function parseCompressions(list: string): Compression[] {
  const chosen = COMPRESSIONS.filter((name) => list.split(',').includes(name));
  if (chosen.length !== list.split(',').length || chosen[0] !== 'gzip') {
    throw new InvalidArgumentError('It is gzip or gzip,zstd: one-guest images are made in gzip alone.');
  }
  return chosen;
}
