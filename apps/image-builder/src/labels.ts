import { type GuestName, type HostPlatform, host } from '@qemu-user-static/arch-table';
import type { LockedChannel, LockedPlatform } from './lock.ts';
import type { Contents } from './tags.ts';

/** What describes an image beyond its contents. */
export interface Provenance {
  /** Git object name of sources.lock.json. */
  readonly revision: string;
  /** Address of the project's repository. */
  readonly source: string;
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
  { revision, source }: Provenance,
): Record<string, string> {
  return {
    ...documentLabels(contents, locked.version, created, { revision, source }),
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
  { revision, source }: Provenance,
): Record<string, string> {
  return {
    'org.opencontainers.image.title': 'qemu-user-static',
    'org.opencontainers.image.description': description(contents),
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.revision': revision,
    'org.opencontainers.image.created': created,
    'org.opencontainers.image.source': source,
    'org.opencontainers.image.url': source,
    'org.opencontainers.image.documentation': `${source}#readme`,
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
