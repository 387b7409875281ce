import { hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { $ } from 'zx';
import { aptMirror } from '../e2e/debian.ts';
import { type Linking, NATIVE, type Target } from './targets.ts';

// Debian's cross compilers, each in a small Debian of its own. It is only unpacked: compilers need no maintainer script.

const SUITE = 'trixie';

/** A program that has every case of its kind. */
export interface Program {
  readonly target: Target;
  readonly linking: Linking;
  readonly file: string;
  readonly sha256: string;
  /** Where its C library is, for QEMU's `-L`; nothing if the program contains it, or needs none. */
  readonly prefix: string | undefined;
}

const WARNINGS = ['-Wall', '-Wextra', '-Werror'];

/** What programs are made of. */
interface Sources {
  /** Beside this file. */
  readonly folder: string;
  /** Of the compiler. */
  readonly flags: readonly string[];
  readonly libraries: readonly string[];
}

const HOSTED: Sources = {
  folder: 'programs',
  flags: ['-std=gnu17', '-O2', '-pthread', ...WARNINGS, '-D_FILE_OFFSET_BITS=64', '-D_TIME_BITS=64'],
  libraries: ['-lm'],
};
const FREESTANDING: Sources = {
  folder: 'freestanding',
  flags: [
    ...['-std=gnu17', '-O2', ...WARNINGS],
    ...['-ffreestanding', '-nostdlib', '-fno-pie', '-fno-stack-protector'],
  ],
  libraries: [],
};

/** The folder of a program's sources, and the compiler's words before and after them. */
export function sourcesOf(target: Target, linking: Linking): Sources {
  const { folder, flags, libraries } = linking === 'freestanding' ? FREESTANDING : HOSTED;
  const ending = linking === 'dynamic' ? [] : ['-static'];
  return { folder, flags: [...flags, ...target.flags, ...ending], libraries };
}

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
  const { folder: sources, flags, libraries } = sourcesOf(target, linking);
  const from = join(import.meta.dirname, sources);
  const names = (await readdir(from)).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(from, name))));
  const inputs = Buffer.concat([Buffer.from(JSON.stringify([flags, names])), ...texts]);
  const inside = `/conformance/${hash('sha256', inputs).slice(0, 16)}`;
  const file = join(root, inside, 'checks');
  if (!existsSync(file)) {
    await mkdir(join(root, inside), { recursive: true });
    await Promise.all(names.map((one) => copyFile(join(from, one), join(root, inside, one))));
    const files = names.filter((one) => one.endsWith('.c')).map((one) => `${inside}/${one}`);
    await $`chroot ${root} /usr/bin/${target.command} ${flags} -o ${inside}/new ${files} ${libraries}`.quiet();
    await rename(join(root, inside, 'new'), file);
  }
  const own = target === NATIVE ? root : join(root, 'usr', target.triplet);
  return {
    target,
    linking,
    file,
    sha256: hash('sha256', await readFile(file)),
    prefix: linking === 'dynamic' ? own : undefined,
  };
}

async function makeToolchain(
  target: Pick<Target, 'toolchain' | 'packages'>,
  folder: string,
): Promise<string> {
  const root = join(folder, `${SUITE}-${target.toolchain}`);
  if (existsSync(root)) return root;
  await mkdir(folder, { recursive: true });
  const making = `${root}.making`;
  await rm(making, { recursive: true, force: true });
  const packages = ['base-files', ...target.packages];
  const options = [
    ...['--mode=root', '--variant=extract', `--include=${packages.join(',')}`],
    ...['--aptopt=Acquire::Languages "none"', ...LEAVE_OUT, '--skip=check/qemu'],
  ];
  await $`mmdebstrap ${options} ${SUITE} ${making} ${(await aptMirror()).href}`.quiet();
  await rename(making, root);
  return root;
}
