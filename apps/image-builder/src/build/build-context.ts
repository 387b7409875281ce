import { emulatorOf, type GuestName, guestNamed, type HostPlatform } from '@qemu-user-static/arch-table';
import { lockedChannelOf, readLock } from '@qemu-user-static/lock';
import { END_OF_ARCHIVE, tarEntry, timestamp } from '@qemu-user-static/oci-image';
import { renderRegisterScript } from '@qemu-user-static/register';
import type { Environment } from '../commands/environment.ts';
import {
  type ContextFile,
  emulatorEntry,
  licenseContext,
  registerContext,
  sourcesFile,
} from '../images/context.ts';
import { imageLabels, provenanceOf } from '../images/labels.ts';
import type { Contents } from '../images/tags.ts';
import { renderTemplate } from '../images/template.ts';
import { BuilderError } from '../report/errors.ts';
import { stage } from '../report/events.ts';
import type { FetchedPlatform } from './assemble-platform.ts';
import { extractEmulators, extractShell } from './extract.ts';
import { fetch } from './fetch.ts';

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
 * The context of one image, out of the packages of the lock.
 * @throws BuilderError IMAGE_UNKNOWN, while its files are read, where the host has no such guest
 */
export async function openBuildContext(
  { channel, platform, contents }: ContextImage,
  environment: Environment,
): Promise<BuildContext> {
  const lock = await readLock(environment.paths.lock);
  const archive = await environment.archive();
  const fetched = await stage('fetch', environment.onEvent, () =>
    fetch(lock, { channels: [channel], platforms: [platform] }, archive),
  );
  const [found] = fetched.flatMap(({ platforms }) => platforms);
  if (found === undefined) throw new RangeError(`${platform} was fetched and is not there`);

  const created = environment.sourceDateEpoch ?? Date.parse(found.locked.released) / 1000;
  const { release } = lockedChannelOf(lock, channel);
  const template = await environment.template();
  const provenance = provenanceOf(lock, template, renderRegisterScript(), environment.source);
  const guests: GuestName[] = [];
  const dockerfile = () => {
    const time = timestamp(created);
    const labels = imageLabels(contents, platform, found.locked, release, guests, time, provenance);
    return renderTemplate(template, { emulators: contents.kind !== 'register', labels });
  };
  async function* files(): AsyncGenerator<ContextFile> {
    yield* partFiles(contents, found as FetchedPlatform, guests);
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

/** @throws BuilderError IMAGE_UNKNOWN */
export function contentsNamed(image: string): Contents {
  if (image === 'latest') return { kind: 'all' };
  if (image === 'register') return { kind: 'register' };
  try {
    return { kind: 'guest', guest: emulatorOf(guestNamed(image)) };
  } catch (cause) {
    throw new BuilderError('IMAGE_UNKNOWN', `no image "${image}"`, cause);
  }
}

/** @param guests takes the guests that are found */
async function* partFiles(
  contents: Contents,
  { platform, locked, sources, emulatorsDeb, shellDeb }: FetchedPlatform,
  guests: GuestName[],
): AsyncGenerator<ContextFile> {
  const { program, licenses } = await extractShell(shellDeb, locked.shell, platform);
  const named = sourcesFile(locked.shell, sources);
  yield* registerContext(renderRegisterScript(), program, [...licenses, named]);
  if (contents.kind === 'register') return;
  yield* licenseContext([sourcesFile(locked.emulators, sources)]);
  const all: GuestName[] = [];
  for await (const found of extractEmulators(emulatorsDeb, locked.emulators, platform)) {
    if (found.kind === 'license') yield* licenseContext([found.license]);
    if (found.kind !== 'emulator') continue;
    all.push(found.guest);
    if (contents.kind === 'guest' && found.guest !== contents.guest) continue;
    guests.push(found.guest);
    yield { ...emulatorEntry(found.guest), content: found.program };
  }
  if (guests.length === 0)
    throw new BuilderError(
      'IMAGE_UNKNOWN',
      `the package of ${platform} has no such guest; it has ${all.join(', ')}`,
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
