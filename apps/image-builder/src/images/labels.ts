import { GUEST_NAMES, type GuestName, type HostPlatform, host } from '@qemu-user-static/arch-table';
import {
  type EmulatorPackage,
  emulatorPackagesOf,
  inputsOf,
  type Lock,
  recipeHash,
} from '@qemu-user-static/lock';
import type { Contents, OtherVersions } from './tags.ts';

/** Where images come from, for their labels. */
export interface ImageOrigin {
  /**
   * Hash of all that images of a QEMU version are made from, as in the lock's `rebuilds`: so
   * `git log -S<hash> -- sources.lock.json` finds the commit. Not that of the whole lock, because then a change of
   * one channel would change the images of all.
   */
  inputsOf(version: string): string;
  /** Address of the project's repository. */
  readonly source: string;
}

export function originOf(lock: Lock, template: string, script: string, source: string): ImageOrigin {
  const recipe = recipeHash(template, script);
  return { source, inputsOf: (version) => inputsOf(lock, recipe, version) };
}

/** Our own names stand below a domain that is the project's. */
const OWN = 'io.github.qemu-user-static';

/** The key under which an image lists its guests, separated by spaces. */
export const GUESTS_LABEL = `${OWN}.guests`;

/** The key of the inputs' hashes, one for each version inside. `org.opencontainers.image.revision` would be a commit, by which tools make links. */
export const INPUTS_LABEL = `${OWN}.inputs`;

/** The key under which it has QEMU's version. */
const VERSION_LABEL = `${OWN}.qemu-version`;

/** The key under which it lists those of another version: `aarch64=7.2 x86_64=7.2`. Most images do not have it. */
const OTHERS_LABEL = `${OWN}.other-versions`;

/** QEMU and busybox as a whole, the libraries linked into them, and the register program. */
const LICENSES = 'GPL-2.0-only AND LGPL-2.1-or-later AND MIT';

/** What an image and an index over images both say of themselves. */
export interface DocumentFacts {
  readonly contents: Contents;
  /** QEMU's. */
  readonly version: string;
  /** Those of its guests that are of another version. */
  readonly otherVersions: readonly string[];
  /** Seconds since 1970, as RFC 3339. */
  readonly created: string;
  readonly origin: ImageOrigin;
}

/** What an image says of itself apart from that. */
export interface PlatformFacts extends Omit<DocumentFacts, 'version' | 'otherVersions'> {
  readonly platform: HostPlatform;
  /** That which gives the image its version first. */
  readonly packages: readonly [InsidePackage, ...InsidePackage[]];
}

/** A package, and its guests whose emulators are inside. */
export interface InsidePackage extends EmulatorPackage {
  readonly guests: readonly GuestName[];
}

/**
 * An image's labels, which are its manifest's annotations too.
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md
 */
export function imageLabels(facts: PlatformFacts): Record<string, string> {
  const { platform, packages } = facts;
  const [{ version, locked, codename }, ...others] = packages;
  const guests = packages.flatMap((one) => one.guests);
  return {
    ...documentLabels({ ...facts, version, otherVersions: others.map((one) => one.version) }),
    [`${OWN}.host`]: host(platform).uname,
    [VERSION_LABEL]: version,
    [`${OWN}.debian-version`]: locked.version,
    [`${OWN}.debian-suite`]: codename,
    [GUESTS_LABEL]: inOrder(guests).join(' '),
    ...(others.length > 0 && { [OTHERS_LABEL]: guestsWithVersions(others) }),
  };
}

function guestsWithVersions(packages: readonly InsidePackage[]): string {
  const versions = new Map(
    packages.flatMap(({ guests, version }) => guests.map((guest) => [guest, version] as const)),
  );
  return inOrder([...versions.keys()])
    .map((guest) => `${guest}=${versions.get(guest)}`)
    .join(' ');
}

function inOrder(guests: readonly GuestName[]): GuestName[] {
  return GUEST_NAMES.filter((guest) => guests.includes(guest));
}

/** The guests of an image, and of those that are not of its version the one they are of: what its labels say. */
export function guestsInside(labels: Readonly<Record<string, string>>): {
  readonly guests: GuestName[];
  readonly others: OtherVersions;
} {
  const named = (labels[GUESTS_LABEL] ?? '').split(' ');
  const said = (labels[OTHERS_LABEL] ?? '').split(' ').map((one) => one.split('='));
  const guests = GUEST_NAMES.filter((guest) => named.includes(guest));
  const others = guests.flatMap((guest) => {
    const [, version] = said.find(([name]) => name === guest) ?? [];
    return version === undefined ? [] : [[guest, version] as const];
  });
  return { guests, others: new Map(others) };
}

/** The packages of emulators that an image is made from, by its labels; none where it has no emulator. */
export function packagesInside(
  labels: Readonly<Record<string, string>>,
  lock: Lock,
  channel: string,
  platform: HostPlatform,
): EmulatorPackage[] {
  const { guests, others } = guestsInside(labels);
  if (guests.length === 0) return [];
  const versions = new Set([labels[VERSION_LABEL], ...others.values()]);
  return emulatorPackagesOf(lock, channel, platform).filter(({ version }) => versions.has(version));
}

/** The part that holds for every platform: an index carries it. */
export function documentLabels({
  contents,
  version,
  otherVersions,
  created,
  origin,
}: DocumentFacts): Record<string, string> {
  return {
    'org.opencontainers.image.title': 'qemu-user-static',
    'org.opencontainers.image.description': description(contents),
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.created': created,
    'org.opencontainers.image.source': origin.source,
    'org.opencontainers.image.url': origin.source,
    'org.opencontainers.image.documentation': `${origin.source}#readme`,
    'org.opencontainers.image.licenses': LICENSES,
    // FROM scratch: these images inherit no flaws from a base.
    'org.opencontainers.image.base.name': 'scratch',
    [INPUTS_LABEL]: [...new Set([version, ...otherVersions])].map(origin.inputsOf).join(' '),
  };
}

function description(contents: Contents): string {
  switch (contents.kind) {
    case 'all':
      return 'Runs containers of other CPUs: registers QEMU with binfmt_misc; every emulator of the host inside';
    case 'common':
      return 'Runs containers of other CPUs: registers QEMU with binfmt_misc; the emulators that most ask for inside';
    case 'register':
      return 'Runs containers of other CPUs: registers QEMU with binfmt_misc; no emulator inside';
    case 'guest':
      return `Runs containers of another CPU: registers QEMU with binfmt_misc; the emulator of ${contents.guest} inside`;
  }
}
