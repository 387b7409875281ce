import { type HostPlatform, hostNamed } from '@qemu-user-static/arch-table';
import { COMPRESSIONS, type Compression } from '@qemu-user-static/oci-image';
import { Command, InvalidArgumentError, Option } from 'commander';
import { ARCHIVE_FORMATS, type ArchiveFormat } from './engine/image-archive.ts';
import { DEFAULT_CHANNEL } from './tags.ts';

/** What the commands do; the command line only says which, and with what. */
export interface Commands {
  update(options: UpdateOptions): Promise<void>;
  fetch(options: SelectionOptions): Promise<void>;
  build(options: BuildOptions): Promise<void>;
  check(options: CheckOptions): Promise<void>;
  context(options: ContextOptions): Promise<void>;
  release(options: ReleaseOptions): Promise<void>;
  smoke(options: SmokeOptions): Promise<void>;
  publish(options: PublishOptions): Promise<void>;
  'verify-remote'(options: VerifyRemoteOptions): Promise<void>;
  export(options: ExportOptions): Promise<void>;
  load(options: LoadOptions): Promise<void>;
}

interface CommonOptions {
  readonly json?: true;
}

interface ArchiveOptions extends CommonOptions {
  readonly mirror?: string;
  readonly cache?: string;
}

export interface SelectionOptions extends ArchiveOptions {
  readonly channel: string[];
  readonly platform: HostPlatform[];
}

export interface BuildOptions extends SelectionOptions {
  readonly output: string;
  readonly compression: Compression[];
}

export interface UpdateOptions extends ArchiveOptions {
  readonly check?: true;
  readonly acceptExpired?: true;
}

export interface CheckOptions extends CommonOptions {
  readonly output: string;
}

export interface ContextOptions extends ArchiveOptions {
  readonly channel: string[];
  readonly platform: HostPlatform[];
  readonly image: string;
  readonly output: string;
}

export interface ReleaseOptions extends BuildOptions {
  readonly requireSmoke?: true;
}

export interface SmokeOptions extends CommonOptions {
  readonly layout: string;
  readonly image: string;
}

/** One image of a layout, and what it is to be called. */
export interface LoadOptions extends CommonOptions {
  readonly layout: string;
  readonly image: string;
  readonly platform?: HostPlatform;
  readonly repository?: string;
}

export interface ExportOptions extends LoadOptions {
  readonly format: ArchiveFormat;
  readonly output?: string;
}

interface RegistryOptions extends CommonOptions {
  readonly plainHttp?: true;
  readonly ca?: string;
  readonly connections: number;
}

export interface PublishOptions extends RegistryOptions {
  readonly to: string[];
  readonly from: string[];
  readonly platform: HostPlatform[];
  readonly tag: string[];
  readonly push?: true;
  readonly thorough?: true;
  readonly save?: string;
}

export interface VerifyRemoteOptions extends BuildOptions, RegistryOptions {
  readonly at: string;
  readonly deep?: true;
}

/** Where the layout is, unless the command line says otherwise. */
export const DEFAULT_OUTPUT = 'dist/oci';

const json = () => new Option('--json', 'print the result as JSON');
const mirror = () =>
  new Option(
    '--mirror <url>',
    'Debian mirror (default: DEBIAN_MIRROR, sources.json, this host’s APT, the public mirror)',
  );
const cache = () =>
  new Option('--cache <folder>', 'where packages are kept (default: $XDG_CACHE_HOME/qemu-user-static)');
const output = () => new Option('--output <folder>', 'the OCI image layout').default(DEFAULT_OUTPUT);
const channel = () =>
  new Option('--channel <name>', 'a channel of the lock; may be given several times')
    .default([], DEFAULT_CHANNEL)
    .argParser(collect((name) => name));
const platform = () =>
  new Option('--platform <name>', 'only this host platform; may be given several times')
    .default([], 'all of the channel')
    .argParser(collect(parsePlatform));
const compression = () =>
  new Option('--compression <list>', 'gzip, or gzip,zstd')
    .default([...COMPRESSIONS], COMPRESSIONS.join(','))
    .argParser(parseCompressions);

const layout = () =>
  new Option('--layout <folder>', 'the OCI image layout to take it from').default(DEFAULT_OUTPUT);
const image = () =>
  new Option('--image <tag>', 'a tag of the layout: latest, register, aarch64, …').default(DEFAULT_CHANNEL);
const onePlatform = () =>
  new Option('--platform <name>', 'the host platform (default: this machine’s)').argParser(parsePlatform);
const repository = () =>
  new Option('--repository <name>', 'what the image is called (default: as it is published)');

const plainHttp = () =>
  new Option('--plain-http', 'speak without TLS, also to a registry that is not on this machine');
const ca = () => new Option('--ca <file>', 'a private certificate authority, in PEM');
const connections = () =>
  new Option('--connections <number>', 'at most so many connections to one registry')
    .default(8)
    .argParser(parseConnections);

/** The command line. Wrong usage is a CommanderError. */
export function commandLine(commands: Commands): Command {
  const program = new Command('image-builder')
    .description('Makes container images of QEMU’s user mode emulators from Debian’s signed archive.')
    .showHelpAfterError('(--help tells what there is)')
    .exitOverride()
    .addHelpText(
      'after',
      '\nExit status: 0 done, 1 failed, 2 wrong usage. Results go to stdout, messages to stderr.',
    );

  const command = (name: keyof Commands, description: string, options: Option[]) => {
    const made = program
      .command(name)
      .description(description)
      .allowExcessArguments(false)
      .action((given) => commands[name](given as never));
    for (const option of options) made.addOption(option);
  };

  command(
    'release',
    'fetch, build, check and smoke: everything from sources.lock.json to a proven OCI layout',
    [
      new Option('--require-smoke', 'fail where no container engine is at hand to try the images on'),
      channel(),
      platform(),
      compression(),
      output(),
      mirror(),
      cache(),
      json(),
    ],
  );
  command('update', 'write sources.lock.json anew from sources.json and the signed archive', [
    new Option('--check', 'only report whether the lock is up to date; exit 1 if it is not'),
    new Option('--accept-expired', 'take a Release whose Valid-Until has passed; the lock records it'),
    mirror(),
    cache(),
    json(),
  ]);
  command('fetch', 'bring the packages of the lock into the cache', [
    channel(),
    platform(),
    mirror(),
    cache(),
    json(),
  ]);
  command('build', 'make the OCI layout from the lock', [
    channel(),
    platform(),
    compression(),
    output(),
    mirror(),
    cache(),
    json(),
  ]);
  command('check', 'prove an OCI layout: digests, contents, one run of every emulator this machine can run', [
    output(),
    json(),
  ]);
  command('context', 'write the rendered Dockerfile and its files into a folder that `docker build` takes', [
    new Option('--image <name>', 'latest, register, or a guest such as aarch64').default('latest'),
    channel(),
    platform(),
    new Option('--output <folder>', 'where to write').default('dist/context'),
    mirror(),
    cache(),
    json(),
  ]);
  command('export', 'write one image of the layout as an archive that engines and skopeo read', [
    new Option('--format <name>', 'docker-archive is read by old and new Docker Engines, Podman and skopeo')
      .choices(ARCHIVE_FORMATS)
      .default('docker-archive'),
    image(),
    onePlatform(),
    new Option('--output <file>', 'the archive (default: dist/IMAGE.tar)'),
    repository(),
    layout(),
    json(),
  ]);
  command('load', 'put one image of the layout into the container engine of this machine', [
    image(),
    onePlatform(),
    repository(),
    layout(),
    json(),
  ]);
  command('publish', 'show what registries lack of the images; with --push, send it', [
    new Option('--to <repository>', 'such as ghcr.io/owner/qemu-user-static; may be given several times')
      .makeOptionMandatory()
      .argParser(collect((name) => name)),
    new Option('--from <folder>', 'an OCI image layout; several, each with other platforms, become one')
      .default([], DEFAULT_OUTPUT)
      .argParser(append),
    new Option('--platform <name>', 'publish only this host platform; may be given several times')
      .default([], 'all of the lock, and each must be there')
      .argParser(collect(parsePlatform)),
    new Option('--tag <pattern>', 'only tags like this, such as "11.1*"; may be given several times')
      .default([], 'all')
      .argParser(append),
    new Option('--push', 'do what the plan says; without it nothing is changed'),
    new Option('--thorough', 'ask about every blob, also where a manifest above it is there'),
    new Option('--save <file>', 'write the plan as JSON'),
    plainHttp(),
    ca(),
    connections(),
    json(),
  ]);
  command('verify-remote', 'prove that a registry serves what the lock gives; builds the layout to compare', [
    new Option('--at <image>', 'a repository, or one tag of it').makeOptionMandatory(),
    new Option('--deep', 'fetch and hash every blob'),
    channel(),
    platform(),
    compression(),
    output(),
    mirror(),
    cache(),
    plainHttp(),
    ca(),
    connections(),
    json(),
  ]);
  command('smoke', 'try an image of the layout on the container engine of this machine', [
    new Option('--image <tag>', 'an image with every emulator').default(DEFAULT_CHANNEL),
    layout(),
    json(),
  ]);
  return program;
}

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
