import { hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { $ } from 'zx';
import { aptMirror } from '../e2e/debian.ts';
import { unpackedDebian } from '../e2e/small-debian.ts';

// Small Debians of other CPUs, for the workloads. Each is made once, by programs of this machine, and never changes.

/** What each has beside the essential packages: as little as its workloads need. */
export const DEBIANS = {
  system: ['usr-is-merged', 'apt', 'sudo', 'ca-certificates', 'man-db'],
  tools: [
    ...['usr-is-merged', 'apt', 'sudo', 'busybox-static', 'ca-certificates', 'man-db'],
    ...['g++', 'git', 'perl', 'python3', 'python3-venv'],
  ],
  sudo: ['usr-is-merged', 'sudo'],
  node: ['usr-is-merged', 'nodejs', 'npm'],
  go: ['usr-is-merged', 'golang-go'],
  java: ['usr-is-merged', 'default-jdk-headless'],
  rust: ['usr-is-merged', 'rustc'],
  musl: ['usr-is-merged', 'gcc', 'musl-tools'],
} as const;

export type DebianName = keyof typeof DEBIANS;

/** The release of Debian for a target: not every architecture is in the same one, or whole on every mirror. */
export const SUITES: Readonly<Record<string, string>> = {
  ...{ arm64: 'trixie', armhf: 'trixie', i386: 'trixie', riscv64: 'trixie' },
  ...{ ppc64el: 'bookworm', s390x: 'bookworm', mips64el: 'bookworm', loong64: 'sid' },
};

/** Where a Debian is, or will be. Its name has a hash of its packages. */
export function debianFolder(name: DebianName, target: string, folder: string): string {
  const version = hash('sha256', JSON.stringify(DEBIANS[name])).slice(0, 8);
  return join(folder, `debian-${SUITES[target]}-${target}-${version}`);
}

/** Packages that are installed once more by its own APT, which is not to download them. */
const KEPT = ['libc-bin', 'ca-certificates', 'man-db'].map((name) => `! -name '${name}_*'`).join(' ');
const KEEP = `--extract-hook=find "$1"/var/cache/apt/archives -name '*.deb' ${KEPT} -delete`;

/** What dpkg does when it configures, as far as programs need it: configuration files get their names. */
const NAME = `--extract-hook=find "$1"/etc -name '*.dpkg-new' | while read -r file; do mv "$file" "\${file%.dpkg-new}"; done`;

/**
 * Unpacked by this machine's dpkg. Maintainer scripts never ran: that of `system` is left for its first workload.
 * @throws Error with mmdebstrap's words, such as those of a package that the architecture does not have
 */
export async function makeDebian(name: DebianName, target: string, folder: string): Promise<string> {
  const root = debianFolder(name, target, folder);
  if (existsSync(root)) return root;
  const suite = SUITES[target] ?? '';
  const making = `${root}.making`;
  await rm(making, { recursive: true, force: true });
  const words = [
    ...unpackedDebian(target, DEBIANS[name]),
    ...[KEEP, '--skip=cleanup/apt/cache'],
    ...(name === 'system' ? [] : [NAME]),
    // A mirror may lag behind, and nothing of this is published.
    '--aptopt=Acquire::Check-Valid-Until "false"',
  ];
  await $`mmdebstrap ${words} ${suite} ${making} ${(await aptMirror()).href}`.quiet();
  await rename(making, root);
  return root;
}
