import { hash } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { emulatorOf } from '@qemu-user-static/arch-table';
import { printable } from '@qemu-user-static/errors';
import { DEBIANS, type DebianName, debianFolder, makeDebian, SUITES } from './debians.ts';
import type { Column, Emulator } from './emulators.ts';
import { openNamespace } from './namespace.ts';
import { type CaseResult, isFine, resultOf } from './outcome.ts';
import { identityOf, linesFor } from './registering.ts';
import type { RowResults } from './results.ts';
import { rowOf, type Tried } from './rows.ts';
import type { Inputs, State } from './state.ts';
import type { Target } from './targets.ts';
import { BEGIN, WORKLOADS, type Workload } from './workloads.ts';

export interface WorkloadEffort {
  readonly folder: string;
  readonly state: State;
  readonly note: (text: string) => void;
}

/**
 * The workloads of a target under a column's emulator, each in its small Debian: what they write lies over that, which stays
 * as it is.
 */
export async function runWorkloads(
  target: Target,
  column: Column,
  only: readonly Workload[],
  effort: WorkloadEffort,
): Promise<RowResults | undefined> {
  const emulator = column.emulators.get(emulatorOf(target.guest));
  if (emulator === undefined || SUITES[target.name] === undefined) return undefined;
  const within = (debian: DebianName, own: readonly Workload[]) =>
    runInDebian(debian, target, column, emulator, own, effort);
  const tried = only.length === 0 ? [] : await within(BEGIN.debian, [BEGIN]);
  const begins = tried.every(({ result }) => isFine(result));
  for (const debian of new Set(only.map((one) => one.debian))) {
    const own = only.filter((one) => one.debian === debian);
    tried.push(
      ...(begins ? await within(debian, own) : own.map((one) => ({ case: one, result: NOT_BEGUN }))),
    );
  }
  return tried.length === 0 ? undefined : rowOf(target.name, target.guest, 'debian', tried);
}

async function runInDebian(
  debian: DebianName,
  target: Target,
  column: Column,
  emulator: Emulator,
  only: readonly Workload[],
  { folder, state, note }: WorkloadEffort,
): Promise<Tried[]> {
  const place = debianFolder(debian, target.name, folder);
  const inputsOf = ({ name: one, flags, limit, script }: Workload): Inputs => ({
    ...{
      emulator: identityOf(emulator),
      program: hash('sha256', JSON.stringify([place, DEBIANS[debian], script])),
    },
    ...{ case: one, flags, limit, kernel: release() },
  });
  const results = new Map<string, CaseResult>();
  const wanted = only.filter((one) => state.recall(inputsOf(one)) === undefined);
  if (wanted.length > 0) {
    const what = `Debian of ${target.name} for ${only.map(({ name }) => name).join(', ')}`;
    const base = await orNote(makeDebian(debian, target.name, folder), what, note);
    if (base === undefined) return [];
    await using over = await openFolder(folder);
    for (const one of due(wanted)) {
      const configured = results.get(CONFIGURE.name);
      if (one.configured && configured !== undefined && !isFine(configured)) continue;
      const lines = linesFor(target.guest, emulator, one.flags);
      const result = await runOne(one, lines, base, over.folder);
      note(
        `${column.version} ${target.name} debian ${one.name}: ${result.outcome} in ${result.wall.toFixed(1)} s ${result.detail}`,
      );
      await state.remember(inputsOf(one), result);
      results.set(one.name, result);
    }
  }
  return only.map((one) => ({
    case: one,
    result: results.get(one.name) ?? state.recall(inputsOf(one)) ?? NOT_CONFIGURED,
  }));
}

const skipped = (detail: string): CaseResult => ({ outcome: 'skipped', wall: 0, cpu: 0, detail });
const NOT_CONFIGURED = skipped('packages were not configured');
const NOT_BEGUN = skipped('no shell of the Debian starts');

const [CONFIGURE] = WORKLOADS as readonly [Workload, ...Workload[]];

/** With the configuration of packages before those that need it: every run begins with a Debian as it was unpacked. */
function due(wanted: readonly Workload[]): readonly Workload[] {
  const needed = wanted.some(({ configured }) => configured) && !wanted.includes(CONFIGURE);
  return needed ? [CONFIGURE, ...wanted] : wanted;
}

/** For what is written over a Debian. */
async function openFolder(parent: string): Promise<AsyncDisposable & { readonly folder: string }> {
  const folder = await mkdtemp(join(parent, 'over-'));
  await Promise.all(['up', 'work', 'root'].map((one) => mkdir(join(folder, one))));
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

/** With the folder's parts as words: the Debian, what is written over it, the lines. (overlayfs in a user namespace: Linux 5.11) */
const ENTER = `set -eu
mount -t overlay overlay -o "userxattr,lowerdir=$1,upperdir=$2/up,workdir=$2/work" "$2/root"
mount --rbind /dev "$2/root/dev"
mount -t proc proc "$2/root/proc"
exec chroot "$2/root" /bin/sh -c "$3"`;

async function runOne(one: Workload, lines: string[], base: string, upper: string): Promise<CaseResult> {
  await using space = await openNamespace(lines);
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
