import { emulatorOf, type GuestName } from '@qemu-user-static/arch-table';
import type { FolderContents } from '@qemu-user-static/files';
import { type Lock, type LockedPackage, sourcesText } from '@qemu-user-static/lock';
import { appletsOf } from './busybox.ts';
import type { ContextEntry } from './layer-plan.ts';

/** A file of the context with its content. */
export interface ContextFile extends ContextEntry {
  readonly content: Uint8Array;
}

/** What a package says of its licences, and where: `usr/share/doc/qemu-user/copyright`, and `SOURCES` beside it. */
export interface LicenseText {
  readonly path: string;
  readonly text: Uint8Array;
}

/** The names of a package's sources, beside the licence texts that ask for them. */
export function sourcesFile(locked: LockedPackage, sources: Lock['sources']): LicenseText {
  return { path: `usr/share/doc/${locked.package}/SOURCES`, text: Buffer.from(sourcesText(locked, sources)) };
}

/** The files of a context in a folder. */
export const CONTEXT_CONTENTS: FolderContents = {
  kind: 'build contexts',
  files: [
    'Dockerfile',
    'register/register',
    'register/qemu-binfmt-conf.sh',
    'register/bin/*',
    'register/etc/group',
    'register/etc/passwd',
    'register/tmp/',
    'register/usr/bin/env',
    'emulators/usr/bin/qemu-*-static',
    ...['register', 'licenses'].flatMap((part) =>
      ['copyright', 'SOURCES'].map((name) => `${part}/usr/share/doc/*/${name}`),
    ),
  ],
};

const NOTHING = new Uint8Array();

/** For `docker run --user nobody`, `id` and `ls -l`. Neither has a password. */
const PASSWD = `root:x:0:0:root:/:/bin/sh
nobody:x:65534:65534:nobody:/:/bin/false
`;
const GROUP = `root:x:0:
nobody:x:65534:
`;

/**
 * The `register/` part: what every image of a host has. Applets are links in /bin, and `env` in /usr/bin too, as in the
 * image `busybox`; /usr/bin is left to the emulators, for builds copy that folder from images like this one.
 */
export function registerContext(
  script: string,
  busybox: Uint8Array,
  licenses: readonly LicenseText[],
): ContextFile[] {
  return [
    { path: 'register/bin/busybox', type: 'file', mode: 0o755, content: busybox },
    ...appletsOf(busybox)
      .filter((name) => name !== 'busybox')
      .map((name) => link(`register/bin/${name}`, 'busybox')),
    link('register/usr/bin/env', '../../bin/env'),
    { path: 'register/etc/group', type: 'file', mode: 0o644, content: Buffer.from(GROUP) },
    { path: 'register/etc/passwd', type: 'file', mode: 0o644, content: Buffer.from(PASSWD) },
    { path: 'register/register', type: 'file', mode: 0o755, content: Buffer.from(script) },
    // The name of QEMU's own script, which images like this one had at their root.
    link('register/qemu-binfmt-conf.sh', 'register'),
    { path: 'register/tmp', type: 'directory', mode: 0o1777, content: NOTHING },
    ...licenseFiles('register', licenses),
  ];
}

/** The `licenses/` part: the texts that come with the emulators. */
export function licenseContext(licenses: readonly LicenseText[]): ContextFile[] {
  return licenseFiles('licenses', licenses);
}

/** One emulator of the `emulators/` part. */
export function emulatorEntry(guest: GuestName): ContextEntry {
  return { path: `emulators/usr/bin/qemu-${emulatorOf(guest)}-static`, type: 'file', mode: 0o755 };
}

function link(path: string, linkname: string): ContextFile {
  return { path, type: 'symlink', mode: 0o777, linkname, content: NOTHING };
}

function licenseFiles(part: string, licenses: readonly LicenseText[]): ContextFile[] {
  return licenses.map(({ path, text }) => ({
    path: `${part}/${path}`,
    type: 'file',
    mode: 0o644,
    content: text,
  }));
}
