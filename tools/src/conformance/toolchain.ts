import { hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { $ } from 'zx';
import { aptMirror } from '../e2e/debian.ts';
import { NATIVE, type Target } from './targets.ts';

// Debian's cross compilers, each in a small Debian of its own. It is only unpacked: compilers need no maintainer script.

const SUITE = 'trixie';

/** A program that has every case. */
export interface Program {
  readonly target: Target;
  readonly linking: Linking;
  readonly file: string;
  readonly sha256: string;
  /** Where its C library is, for QEMU's `-L`; nothing if the program contains it. */
  readonly prefix: string | undefined;
}

export const LINKINGS = ['static', 'dynamic'] as const;
export type Linking = (typeof LINKINGS)[number];

const SOURCES = join(import.meta.dirname, 'programs');

/** Of the compiler. */
export const FLAGS = [
  ...['-std=gnu17', '-O2', '-pthread', '-Wall', '-Wextra', '-Werror'],
  ...['-D_FILE_OFFSET_BITS=64', '-D_TIME_BITS=64'],
];

/** Never used; what a compiler does not need. */
const LEAVE_OUT = ['doc', 'info', 'locale', 'man'].map(
  (name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`,
);

/**
 * The program of a target, made once. The compiler is installed into `folder` unless it is there.
 * @throws Error with the compiler's or mmdebstrap's words
 */
export async function compile(target: Target, linking: Linking, folder: string): Promise<Program> {
  const root = await makeToolchain(target, folder);
  const names = (await readdir(SOURCES)).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(SOURCES, name))));
  const flags = [...FLAGS, ...target.flags, ...(linking === 'static' ? ['-static'] : [])];
  const inputs = Buffer.concat([Buffer.from(JSON.stringify([flags, names])), ...texts]);
  const inside = `/conformance/${hash('sha256', inputs).slice(0, 16)}`;
  const file = join(root, inside, 'checks');
  if (!existsSync(file)) {
    await mkdir(join(root, inside), { recursive: true });
    await Promise.all(names.map((one) => copyFile(join(SOURCES, one), join(root, inside, one))));
    const sources = names.filter((one) => one.endsWith('.c')).map((one) => `${inside}/${one}`);
    await $`chroot ${root} /usr/bin/${target.triplet}-gcc ${flags} -o ${inside}/new ${sources} -lm`.quiet();
    await rename(join(root, inside, 'new'), file);
  }
  const own = target === NATIVE ? root : join(root, 'usr', target.triplet);
  return {
    target,
    linking,
    file,
    sha256: hash('sha256', await readFile(file)),
    prefix: linking === 'static' ? undefined : own,
  };
}

async function makeToolchain(target: Target, folder: string): Promise<string> {
  const { name, compiler, library } = target;
  const root = join(folder, `${SUITE}-${name}`);
  if (existsSync(root)) return root;
  await mkdir(folder, { recursive: true });
  const making = `${root}.making`;
  await rm(making, { recursive: true, force: true });
  const packages = ['base-files', compiler, library];
  const options = [
    ...['--mode=root', '--variant=extract', `--include=${packages.join(',')}`],
    ...['--aptopt=Acquire::Languages "none"', ...LEAVE_OUT, '--skip=check/qemu'],
  ];
  await $`mmdebstrap ${options} ${SUITE} ${making} ${(await aptMirror()).href}`.quiet();
  await rename(making, root);
  return root;
}
