import { hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { emulatorOf, registrationLine } from '@qemu-user-static/arch-table';
import { printable } from '@qemu-user-static/errors';
import { $ } from 'zx';
import { aptMirror } from '../e2e/debian.ts';
import { unpackedDebian } from '../e2e/small-debian.ts';
import type { Column } from './emulators.ts';
import { openNamespace } from './namespace.ts';
import { type CaseResult, isFine, resultOf } from './outcome.ts';
import type { RowResults } from './results.ts';
import type { Inputs, State } from './state.ts';
import type { Target } from './targets.ts';
import { PACKAGES, WORKLOADS, type Workload } from './workloads.ts';

/** Debians that have the workloads' packages: not every architecture is in the same release. */
const SUITES: Readonly<Record<string, string>> = {
  ...{
    arm64: 'trixie',
    armhf: 'trixie',
    i386: 'trixie',
    ppc64el: 'trixie',
    s390x: 'trixie',
    riscv64: 'trixie',
  },
  mips64el: 'bookworm',
};

export interface WorkloadEffort {
  readonly folder: string;
  readonly state: State;
  readonly note: (text: string) => void;
}

/**
 * The workloads in a small Debian of a target under a column's emulator: what they write lies over the Debian, which stays as
 * it is.
 */
export async function runWorkloads(
  target: Target,
  column: Column,
  only: readonly Workload[],
  { folder, state, note }: WorkloadEffort,
): Promise<RowResults | undefined> {
  const emulator = column.emulators.get(emulatorOf(target.guest));
  const suite = SUITES[target.name];
  if (emulator === undefined || suite === undefined || only.length === 0) return undefined;
  const base = await orNote(
    makeDebian(target.name, suite, folder),
    `Debian ${suite} of ${target.name}`,
    note,
  );
  if (base === undefined) return undefined;
  const upper = await mkdtemp(join(folder, 'over-'));
  const name = `${column.version} ${target.name} debian`;
  const results = new Map<string, CaseResult>();
  const inputsOf = ({ name: one, flags, limit, script }: Workload): Inputs => ({
    ...{ emulator: emulator.sha256, program: hash('sha256', JSON.stringify([base, PACKAGES, script])) },
    ...{ case: one, flags, limit, kernel: release() },
  });
  try {
    await Promise.all(['up', 'work', 'root'].map((one) => mkdir(join(upper, one))));
    for (const one of due(only.filter((one) => state.recall(inputsOf(one)) === undefined))) {
      const configured = results.get(CONFIGURE.name);
      if (one.configured && configured !== undefined && !isFine(configured)) continue;
      const result = await runOne(one, registrationLine(target.guest, emulator.file, one.flags), base, upper);
      note(`${name} ${one.name}: ${result.outcome} in ${result.wall.toFixed(1)} s ${result.detail}`);
      await state.remember(inputsOf(one), result);
      results.set(one.name, result);
    }
    for (const one of only) {
      const result = results.get(one.name) ?? state.recall(inputsOf(one));
      if (result !== undefined) results.set(one.name, result);
    }
  } finally {
    await rm(upper, { recursive: true, force: true });
  }
  return asRow(target, only, results);
}

const [CONFIGURE] = WORKLOADS as readonly [Workload, ...Workload[]];

/** With the configuration of packages before those that need it: every run begins with a Debian as it was unpacked. */
function due(wanted: readonly Workload[]): readonly Workload[] {
  const needed = wanted.some(({ configured }) => configured) && !wanted.includes(CONFIGURE);
  return needed ? [CONFIGURE, ...wanted] : wanted;
}

function asRow(
  target: Target,
  only: readonly Workload[],
  results: ReadonlyMap<string, CaseResult>,
): RowResults {
  const tried = only.map((one) => ({
    name: one.name,
    result: results.get(one.name) ?? {
      ...{ outcome: 'skipped' as const, wall: 0, cpu: 0 },
      detail: 'packages were not configured',
    },
  }));
  const others = tried.filter(({ result }) => result.outcome !== 'pass');
  return {
    ...{ target: target.name, guest: target.guest, kind: 'debian' },
    passed: tried.length - others.length,
    seconds: tried.reduce((sum, { result }) => sum + result.wall, 0),
    others: Object.fromEntries(
      others.map(({ name, result: { outcome, detail } }) => [name, { outcome, detail }]),
    ),
    work: Object.fromEntries(
      tried.filter(({ result }) => result.outcome === 'pass').map(({ name, result }) => [name, result.cpu]),
    ),
  };
}

/** With the folder's parts as words: the Debian, what is written over it, the lines. (overlayfs in a user namespace: Linux 5.11) */
const ENTER = `set -eu
mount -t overlay overlay -o "userxattr,lowerdir=$1,upperdir=$2/up,workdir=$2/work" "$2/root"
mount --rbind /dev "$2/root/dev"
mount -t proc proc "$2/root/proc"
exec chroot "$2/root" /bin/sh -c "$3"`;

async function runOne(one: Workload, line: string, base: string, upper: string): Promise<CaseResult> {
  await using space = await openNamespace([line]);
  const env = { DEBIAN_FRONTEND: 'noninteractive', HOME: '/root' };
  const words = ['sh', '-c', ENTER, 'sh', base, upper, one.script];
  return resultOf(await space.run(words, { folder: upper, limit: one.limit, env }), one.limit);
}

/** A mirror may lack an architecture: its programs are not run then, which is said. */
export async function orNote<T>(
  made: Promise<T>,
  what: string,
  note: (text: string) => void,
): Promise<T | undefined> {
  try {
    return await made;
  } catch (error) {
    const [why = String(error)] = /^E: .*$/m.exec(String(error)) ?? [];
    note(`${what}: not run: ${printable(why)}`);
    return undefined;
  }
}

/** Unpacked by this machine's dpkg, and not configured: that is the first workload. */
async function makeDebian(name: string, suite: string, folder: string): Promise<string> {
  const version = hash('sha256', JSON.stringify(PACKAGES)).slice(0, 8);
  const root = join(folder, `debian-${suite}-${name}-${version}`);
  if (existsSync(root)) return root;
  const making = `${root}.making`;
  await rm(making, { recursive: true, force: true });
  const words = unpackedDebian(name, PACKAGES);
  // Packages that are installed once more stay; APT is not to download them again.
  const keep = `--extract-hook=find "$1"/var/cache/apt/archives -name '*.deb' ! -name 'libc-bin_*' ! -name 'ca-certificates_*' -delete`;
  await $`mmdebstrap ${words} ${keep} --skip=cleanup/apt/cache ${suite} ${making} ${(await aptMirror()).href}`.quiet();
  await rename(making, root);
  return root;
}
