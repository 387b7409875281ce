import { type GuestName, type HostPlatform, host } from '@qemu-user-static/arch-table';
import {
  inputsOf,
  type Lock,
  type LockedChannel,
  type LockedPlatform,
  recipeHash,
} from '@qemu-user-static/lock';
import type { Contents } from './tags.ts';

/** What describes an image beyond its contents. */
export interface Provenance {
  /**
   * Hash of all that images of a QEMU version are made from, as in the lock's `rebuilds`: so
   * `git log -S<revision> -- sources.lock.json` finds the commit. Not that of the whole lock, for then a change of
   * one channel would change the images of all.
   */
  revisionOf(version: string): string;
  /** Address of the project's repository. */
  readonly source: string;
}

export function provenanceOf(lock: Lock, template: string, script: string, source: string): Provenance {
  const recipe = recipeHash(template, script);
  return { source, revisionOf: (version) => inputsOf(lock, recipe, version) };
}

/** Our own names stand below a domain that is the project's. */
const OWN = 'io.github.qemu-user-static';

/** The key under which an image lists its guests, separated by spaces. */
export const GUESTS_LABEL = `${OWN}.guests`;

/** QEMU and busybox as a whole, the libraries linked into them, and the register program. */
const LICENSES = 'GPL-2.0-only AND LGPL-2.1-or-later AND MIT';

/**
 * An image's labels, which are its manifest's annotations too.
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md
 */
export function imageLabels(
  contents: Contents,
  platform: HostPlatform,
  locked: LockedPlatform,
  release: LockedChannel['release'],
  guests: readonly GuestName[],
  created: string,
  provenance: Provenance,
): Record<string, string> {
  return {
    ...documentLabels(contents, locked.version, created, provenance),
    [`${OWN}.host`]: host(platform).uname,
    [`${OWN}.qemu-version`]: locked.version,
    [`${OWN}.debian-version`]: locked.emulators.version,
    [`${OWN}.debian-suite`]: release.codename,
    [GUESTS_LABEL]: guests.join(' '),
  };
}

/** The part that holds for every platform: an index carries it. */
export function documentLabels(
  contents: Contents,
  version: string,
  created: string,
  provenance: Provenance,
): Record<string, string> {
  return {
    'org.opencontainers.image.title': 'qemu-user-static',
    'org.opencontainers.image.description': description(contents),
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.revision': provenance.revisionOf(version),
    'org.opencontainers.image.created': created,
    'org.opencontainers.image.source': provenance.source,
    'org.opencontainers.image.url': provenance.source,
    'org.opencontainers.image.documentation': `${provenance.source}#readme`,
    'org.opencontainers.image.licenses': LICENSES,
    // FROM scratch: there is no base whose flaws these images could inherit.
    'org.opencontainers.image.base.name': 'scratch',
  };
}

function description(contents: Contents): string {
  switch (contents.kind) {
    case 'all':
      return 'Runs containers of other CPUs: registers QEMU with binfmt_misc; every emulator of the host inside';
    case 'register':
      return 'Runs containers of other CPUs: registers QEMU with binfmt_misc; no emulator inside';
    case 'guest':
      return `Runs containers of another CPU: registers QEMU with binfmt_misc; the emulator of ${contents.guest} inside`;
  }
}
