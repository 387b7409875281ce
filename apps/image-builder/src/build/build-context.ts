import {
  emulatorOf,
  GUEST_NAMES,
  type GuestName,
  guestNamed,
  type HostPlatform,
} from '@qemu-user-static/arch-table';
import { guestVersions, type Lock } from '@qemu-user-static/lock';
import { END_OF_ARCHIVE, tarEntry, timestamp } from '@qemu-user-static/oci-image';
import { renderRegisterScript } from '@qemu-user-static/register';
import {
  type ContextFile,
  emulatorEntry,
  type LicenseText,
  licenseContext,
  registerContext,
  sourcesFile,
} from '../images/context.ts';
import { type InsidePackage, imageLabels, originOf } from '../images/labels.ts';
import { renderTemplate } from '../images/recipe.ts';
import type { Contents } from '../images/tags.ts';
import { BuilderError } from '../report/errors.ts';
import { stage } from '../report/events.ts';
import { type FetchedPackage, type FetchedPlatform, timeOf } from './assembling.ts';
import { extractEmulators, extractShell } from './extract.ts';
import { fetch } from './fetch.ts';
import type { BuildInputs } from './inputs.ts';

/** The image that a build context is for. */
export interface ContextImage {
  readonly channel: string;
  readonly platform: HostPlatform;
  readonly contents: Contents;
}

/** A build context, as `docker build` takes it. */
export interface BuildContext {
  /** Seconds since 1970: the time of its files. */
  readonly created: number;
  /** Every file and folder, parents first; one emulator at a time, and the Dockerfile at the end. */
  readonly files: AsyncIterable<ContextFile>;
  /** Whose emulators are inside: complete when the files have been read. */
  readonly guests: readonly GuestName[];
}

/**
 * The context of one image, from the packages of the lock.
 * @throws BuilderError IMAGE_UNKNOWN, while its files are read, where the host has no such guest
 */
export async function openBuildContext(
  lock: Lock,
  { channel, platform, contents }: ContextImage,
  { archive, template, source, sourceDateEpoch, onEvent }: BuildInputs,
): Promise<BuildContext> {
  const selection = { channels: [channel], platforms: [platform] };
  const fetched = await stage('fetch', onEvent, () => fetch(lock, selection, archive));
  const [found] = fetched.flatMap(({ platforms }) => platforms);
  if (found === undefined) throw new RangeError(`${platform} was fetched and is missing`);

  const used = packagesFor(contents, found.packages, guestVersions(lock, channel, platform));
  const created = timeOf(used, { sourceDateEpoch });
  const script = renderRegisterScript(source);
  const origin = originOf(lock, template, script, source);
  const inside: InsidePackage[] = [];
  const guests: GuestName[] = [];
  const dockerfile = () => {
    const [first, ...others] = inside;
    if (first === undefined) throw new RangeError(`${platform} has no package of emulators`);
    const facts = {
      contents,
      platform,
      packages: [first, ...others] as const,
      created: timestamp(created),
      origin,
    };
    return renderTemplate(template, { emulators: contents.kind !== 'register', labels: imageLabels(facts) });
  };
  async function* files(): AsyncGenerator<ContextFile> {
    yield* partFiles(contents, found as FetchedPlatform, script, inside);
    guests.push(...inside.flatMap((one) => one.guests));
    yield { path: 'Dockerfile', type: 'file', mode: 0o644, content: Buffer.from(dockerfile()) };
  }
  return { created, files: withParents(files()), guests };
}

/** The context as a tar archive. */
export async function* contextArchive({ created, files }: BuildContext): AsyncGenerator<Uint8Array> {
  for await (const { content, ...entry } of files)
    yield* tarEntry({ ...entry, size: content.length }, content, created);
  yield END_OF_ARCHIVE;
}

/** What `--image` takes: the images of all emulators, of some, of none, and one a guest. */
const IMAGE_NAMES = ['latest', 'common', 'register', ...new Set(GUEST_NAMES.map(emulatorOf))];

/** @throws BuilderError IMAGE_UNKNOWN */
export function contentsNamed(image: string, { common }: Pick<Lock, 'common'>): Contents {
  if (image === 'latest') return { kind: 'all' };
  if (image === 'common') return { kind: 'common', guests: common };
  if (image === 'register') return { kind: 'register' };
  try {
    return { kind: 'guest', guest: emulatorOf(guestNamed(image)) };
  } catch (cause) {
    throw new BuilderError('IMAGE_UNKNOWN', `no image "${image}"; images: ${IMAGE_NAMES.join(', ')}`, cause);
  }
}

/** The packages on which an image's time depends: the platform's own, and those whose emulators are in the image. */
function packagesFor(
  contents: Contents,
  packages: readonly FetchedPackage[],
  versions: ReadonlyMap<GuestName, string>,
): readonly FetchedPackage[] {
  const needed = Array.from(versions)
    .filter(([guest]) => isIn(contents, guest))
    .map(([, version]) => version);
  return packages.filter(({ version }, index) => index === 0 || needed.includes(version));
}

function isIn(contents: Contents, guest: GuestName): boolean {
  switch (contents.kind) {
    case 'all':
      return true;
    case 'common':
      return contents.guests.includes(guest);
    case 'guest':
      return contents.guest === guest;
    case 'register':
      return false;
  }
}

/** @param inside takes the packages that are in the image, with their guests */
async function* partFiles(
  contents: Contents,
  { platform, locked, sources, packages, shellDeb }: FetchedPlatform,
  script: string,
  inside: InsidePackage[],
): AsyncGenerator<ContextFile> {
  const { program, licenses } = await extractShell(await shellDeb(), locked.shell, platform);
  const named = sourcesFile(locked.shell, sources);
  yield* registerContext(script, program, [...licenses, named]);
  if (contents.kind === 'register') {
    inside.push(...packages.slice(0, 1).map((own) => ({ ...own, guests: [] })));
    return;
  }
  const known: GuestName[] = [];
  for (const one of packages) {
    const guests: GuestName[] = [];
    const texts: LicenseText[] = [sourcesFile(one.locked, sources)];
    for await (const found of extractEmulators(await one.deb(), one.locked, platform)) {
      if (found.kind === 'license') texts.push(found.license);
      if (found.kind !== 'emulator' || known.includes(found.guest)) continue;
      known.push(found.guest);
      if (!isIn(contents, found.guest)) continue;
      guests.push(found.guest);
      yield { ...emulatorEntry(found.guest), content: found.program };
    }
    if (guests.length === 0) continue;
    yield* licenseContext(texts);
    inside.push({ ...one, guests });
    if (contents.kind === 'guest') return;
  }
  if (inside.length === 0)
    throw new BuilderError(
      'IMAGE_UNKNOWN',
      `the packages of ${platform} have no such guest; they have ${known.join(', ')}`,
    );
}

/** Folders come with the mode that they have in the image, whatever the umask of who makes them. */
async function* withParents(files: AsyncIterable<ContextFile>): AsyncGenerator<ContextFile> {
  const made = new Set<string>();
  for await (const file of files) {
    const names = file.path.split('/').slice(0, -1);
    for (const [index] of names.entries()) {
      const path = names.slice(0, index + 1).join('/');
      if (!made.has(path)) yield { path, type: 'directory', mode: 0o755, content: new Uint8Array() };
      made.add(path);
    }
    yield file;
  }
}
