import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { emulatorOf, type GuestName, guestNamed } from '@qemu-user-static/arch-table';
import { timestamp } from '@qemu-user-static/oci-image';
import { renderRegisterScript } from '@qemu-user-static/register';
import type { ContextOptions } from '../cli/context.ts';
import type { Environment } from '../environment.ts';
import { BuilderError } from '../errors.ts';
import { imageLabels, provenanceOf } from '../labels.ts';
import { lockedChannelOf, readLock } from '../lock.ts';
import { ownPlatform } from '../own-platform.ts';
import { stage } from '../pipeline.ts';
import {
  type ContextFile,
  emulatorEntry,
  licenseContext,
  registerContext,
  sourcesFile,
} from '../recipe/context.ts';
import { renderTemplate } from '../recipe/template.ts';
import type { FetchedPlatform } from '../stages/assemble-platform.ts';
import { extractEmulators, extractShell } from '../stages/extract.ts';
import { fetch } from '../stages/fetch.ts';
import { type Contents, DEFAULT_CHANNEL } from '../tags.ts';
import type { Result } from './result.ts';

/** Writes one image's build context: the rendered Dockerfile and every file it copies. */
export async function writeContext(options: ContextOptions, environment: Environment): Promise<Result> {
  const contents = contentsNamed(options.image);
  const [channel = DEFAULT_CHANNEL] = options.channel;
  const platform = options.platform[0] ?? ownPlatform();
  if (platform === null)
    throw new BuilderError('USAGE', 'this machine is none of the host platforms, so --platform is needed');
  const lock = await readLock(environment.paths.lock);
  const archive = await environment.archive();
  const fetched = await stage('fetch', environment.onEvent, () =>
    fetch(lock, { channels: [channel], platforms: [platform] }, archive),
  );
  const [found] = fetched.flatMap(({ platforms }) => platforms);
  if (found === undefined) throw new RangeError(`${platform} was fetched and is not there`);

  await rm(options.output, { recursive: true, force: true });
  const guests = await writeParts(options.output, contents, found);
  const created = timestamp(environment.sourceDateEpoch ?? Date.parse(found.locked.released) / 1000);
  const { release } = lockedChannelOf(lock, channel);
  const template = await environment.template();
  const provenance = provenanceOf(lock, template, renderRegisterScript(), environment.source);
  const labels = imageLabels(contents, platform, found.locked, release, guests, created, provenance);
  const dockerfile = renderTemplate(template, {
    emulators: contents.kind !== 'register',
    labels,
  });
  await writeFile(join(options.output, 'Dockerfile'), dockerfile);
  const hint = `docker build --platform ${platform} ${options.output}`;
  return {
    text: options.output,
    value: { context: options.output, platform, image: options.image, guests, hint },
  };
}

/** Writes the files; the emulators among them one at a time. */
async function writeParts(
  folder: string,
  contents: Contents,
  { platform, locked, sources, emulatorsDeb, shellDeb }: FetchedPlatform,
): Promise<GuestName[]> {
  const { program, licenses } = await extractShell(shellDeb, locked.shell, platform);
  const texts = [...licenses, sourcesFile(locked.shell, sources)];
  for (const file of registerContext(renderRegisterScript(), program, texts))
    await writeContextFile(folder, file);
  if (contents.kind === 'register') return [];
  for (const file of licenseContext([sourcesFile(locked.emulators, sources)]))
    await writeContextFile(folder, file);
  const guests: GuestName[] = [];
  const all: GuestName[] = [];
  for await (const found of extractEmulators(emulatorsDeb, locked.emulators, platform)) {
    if (found.kind === 'license')
      for (const file of licenseContext([found.license])) await writeContextFile(folder, file);
    if (found.kind !== 'emulator') continue;
    all.push(found.guest);
    if (contents.kind === 'guest' && found.guest !== contents.guest) continue;
    guests.push(found.guest);
    await writeContextFile(folder, { ...emulatorEntry(found.guest), content: found.program });
  }
  if (guests.length === 0)
    throw new BuilderError(
      'IMAGE_UNKNOWN',
      `the package of ${platform} has no such guest; it has ${all.join(', ')}`,
    );
  return guests;
}

async function writeContextFile(
  folder: string,
  { path, type, mode, linkname, content }: ContextFile,
): Promise<void> {
  const target = join(folder, path);
  await mkdir(dirname(target), { recursive: true });
  if (type === 'symlink') await symlink(linkname ?? '', target);
  else if (type === 'file') await writeFile(target, content);
  else await mkdir(target);
  // Set afterwards: what a call is given as mode is cut by the umask.
  if (type !== 'symlink') await chmod(target, mode);
}

function contentsNamed(image: string): Contents {
  if (image === 'latest') return { kind: 'all' };
  if (image === 'register') return { kind: 'register' };
  try {
    return { kind: 'guest', guest: emulatorOf(guestNamed(image)) };
  } catch (cause) {
    throw new BuilderError('IMAGE_UNKNOWN', `no image "${image}"`, cause);
  }
}
