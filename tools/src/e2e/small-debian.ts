import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { $ } from 'zx';
import { aptMirror } from './debian.ts';
import { FOLDER } from './places.ts';

// A whole Debian of another CPU. This machine's own programs do the steps that need none of that CPU: download, and
// unpacking by dpkg. Emulators run the maintainer scripts, which is what takes long.

/** The user of such a Debian who may become root by `sudo`. */
export const GUEST_USER = 'guest';

/** Neither packed nor, by its own dpkg, which is emulated, unpacked of packages that are installed later. (dpkg.cfg(5)) */
const LEAVE_OUT = ['doc', 'locale', 'man'].map((name) => `/usr/share/${name}/*`);
const CONFIGURATION = LEAVE_OUT.map((path) => `path-exclude=${path}\\n`).join('');

/** Unpacks by this machine's own dpkg, in the order in which mmdebstrap runs them, with the folder as `$1`. (mmdebstrap(1), "HOOKS") */
const UNPACK = [
  // Not by --dpkgopt: mmdebstrap would have a filter of its own for that, which takes as long as all the rest of it.
  `printf '${CONFIGURATION}' > "$1/etc/dpkg/dpkg.cfg.d/small"`,
  `rm -rf ${LEAVE_OUT.map((path) => `"$1"${path}`).join(' ')}`,
  'dpkg --root="$1" --force-all --force-unsafe-io --unpack "$1"/var/cache/apt/archives/*.deb',
];

/** What only programs of that CPU can do. */
const CONFIGURE = [
  'DEBIAN_FRONTEND=noninteractive chroot "$1" dpkg --force-unsafe-io --configure -a',
  `chroot "$1" useradd --create-home ${GUEST_USER}`,
  `echo "${GUEST_USER} ALL=(ALL) NOPASSWD: ALL" > "$1/etc/sudoers.d/${GUEST_USER}"`,
];

/**
 * A tar file of the essential packages, apt and sudo, from the mirror that this machine's APT uses. It is made once; its
 * emulator must be registered in this machine's kernel.
 * @param architecture as Debian has it: `ppc64el`
 */
export async function makeSmallDebian(architecture: string): Promise<string> {
  const folder = join(FOLDER, 'debians');
  const file = join(folder, `bookworm-${architecture}.tar`);
  if (existsSync(file)) return file;
  await mkdir(folder, { recursive: true });
  const making = join(folder, `making-${architecture}.tar`);
  const words = [
    ...unpackedDebian(architecture, ['usr-is-merged', 'apt', 'sudo']),
    ...CONFIGURE.map((step) => `--extract-hook=${step}`),
  ];
  await $`mmdebstrap ${words} bookworm ${making} ${(await aptMirror()).href}`.quiet();
  await rename(making, file);
  return file;
}

/** mmdebstrap's options for a Debian whose packages are unpacked and not configured: no program of that CPU runs. */
export function unpackedDebian(architecture: string, packages: readonly string[]): string[] {
  return [
    ...['--mode=root', '--variant=extract', `--architectures=${architecture}`],
    ...['--include=?essential', `--include=${packages.join(',')}`],
    '--setup-hook=/usr/share/mmdebstrap/hooks/merged-usr/setup00.sh',
    ...UNPACK.map((step) => `--extract-hook=${step}`),
    // Descriptions in other words are a third of what its own APT would read.
    '--aptopt=Acquire::Languages "none"',
    // It looks for emulators by their file names on this machine; and the guest's APT needs no second download of its lists.
    '--skip=check/qemu,cleanup/apt/lists',
  ];
}
