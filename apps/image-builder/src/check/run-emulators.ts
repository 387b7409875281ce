import { execFile } from 'node:child_process';
import { access, constants, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { SharedMemory } from '@qemu-user-static/compression';
import { printable } from '@qemu-user-static/errors';
import type { EmulatorPackage } from '@qemu-user-static/lock';
import { type FoundImage, type Layout, readFiles } from '@qemu-user-static/oci-image';
import pLimit from 'p-limit';
import { BuilderError } from '../report/errors.ts';

const run = promisify(execFile);

const PATIENCE = 30_000;

/** The output of an emulator for `--version`, or the reason why it did not run. */
export interface EmulatorRun {
  readonly path: string;
  readonly problem: string | null;
}

export interface RunContext {
  /** A folder to run emulators from where the temporary folder does not allow that. */
  readonly memory: string;
  readonly onRun: () => void;
  /** Milliseconds that `--version` may take; it takes ten. Default 30 s. */
  readonly patience?: number;
}

/**
 * Runs every emulator of an image of this machine's platform, and compares its version with that of its package.
 * @throws BuilderError EMULATORS_NOT_RUN where no folder allows programs to be run from it
 */
export async function runEmulators(
  layout: Layout,
  image: FoundImage,
  packageOf: (guest: string) => EmulatorPackage | undefined,
  { memory: own, onRun, patience = PATIENCE }: RunContext,
): Promise<EmulatorRun[]> {
  const folder = await openProgramFolder([tmpdir(), own]);
  const atOnce = pLimit(availableParallelism());
  const runs: Promise<EmulatorRun>[] = [];
  const memory = new SharedMemory();
  try {
    for (const { digest, compression } of image.layers) {
      const programs = readFiles({ layout, digest, compression }, isEmulator, (size) => memory.take(size));
      for await (const { path, content } of programs) {
        const file = join(folder, basename(path));
        await writeFile(file, content, { mode: 0o700 });
        memory.giveBack(content);
        runs.push(
          atOnce(async () => {
            const problem = await versionProblem(file, packageOf(guestIn(path)), patience);
            await rm(file);
            onRun();
            return { path, problem };
          }),
        );
      }
    }
    return await Promise.all(runs);
  } finally {
    await Promise.allSettled(runs);
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * A new folder below the first of several that programs can be run from: a file system mounted `noexec` refuses
 * (access(2), X_OK).
 * @throws BuilderError EMULATORS_NOT_RUN
 */
export async function openProgramFolder(below: readonly string[]): Promise<string> {
  const refused: string[] = [];
  for (const parent of below) {
    try {
      return await programFolder(parent);
    } catch (error) {
      refused.push(`${parent} (${(error as NodeJS.ErrnoException).code})`);
    }
  }
  throw new BuilderError(
    'EMULATORS_NOT_RUN',
    `the emulators cannot be run: programs are not allowed in ${refused.join(' or ')}`,
  );
}

/** @throws NodeJS.ErrnoException; nothing is left behind */
async function programFolder(parent: string): Promise<string> {
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, 'qemu-user-static-check-'));
  try {
    const trial = join(folder, 'trial');
    await writeFile(trial, '', { mode: 0o700 });
    await access(trial, constants.X_OK);
    await rm(trial);
    return folder;
  } catch (error) {
    await rm(folder, { recursive: true });
    throw error;
  }
}

function isEmulator(path: string): boolean {
  return path.startsWith('usr/bin/qemu-');
}

/** `arm` of `usr/bin/qemu-arm-static`. */
function guestIn(path: string): string {
  return basename(path).replace(/^qemu-|-static$/g, '');
}

/** Debian's builds print both versions: `qemu-arm version 11.1.3 (Debian 1:11.1.3+ds-1)`. */
async function versionProblem(
  file: string,
  from: EmulatorPackage | undefined,
  patience: number,
): Promise<string | null> {
  if (from === undefined) return 'it is of no package of the lock';
  const { version, locked } = from;
  try {
    const { stdout } = await run(file, ['--version'], { timeout: patience, killSignal: 'SIGKILL' });
    const [line = ''] = stdout.split('\n');
    const [, qemu = '', debian] = / version (\S+) \(Debian ([^)]+)\)/.exec(line) ?? [];
    // Debian's number may have less in it: its 1:7.2+dfsg-7 is QEMU 7.2.9.
    const fits = (qemu === version || qemu.startsWith(`${version}.`)) && debian === locked.source.version;
    return fits
      ? null
      : `it prints "${printable(line)}", the lock has ${version} (Debian ${locked.source.version})`;
  } catch (error) {
    return `it does not run: ${whyNot(error as Failure)}`;
  }
}

type Failure = Error & { code?: string | number | null; signal?: string | null; stderr?: string };

function whyNot({ code, signal, stderr = '', message }: Failure): string {
  const [said = ''] = stderr.trim().split('\n');
  const ended = signal
    ? `it ended by ${signal}`
    : typeof code === 'number'
      ? `it ended with status ${code}`
      : message;
  return printable(said === '' ? ended : `${ended}, ${said}`);
}
