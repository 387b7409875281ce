import { hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rename, rm } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { emulatorOf, registrationLine } from '@qemu-user-static/arch-table';
import { $ } from 'zx';
import { aptMirror } from '../e2e/debian.ts';
import type { Column } from './emulators.ts';
import { openNamespace } from './namespace.ts';
import { type CaseResult, isFine, resultOf } from './outcome.ts';
import type { RowResults } from './results.ts';
import { orNote, type WorkloadEffort } from './run-workloads.ts';
import type { Target } from './targets.ts';

// What the post-installation script of libc-bin runs, in which most crash reports end: ldconfig, of several Debians.

const MODERN = ['bookworm', 'trixie'];

/** Releases of Debian that have the architecture on ordinary mirrors. */
const SUITES: Readonly<Record<string, readonly string[]>> = {
  arm64: ['bullseye', ...MODERN],
  armhf: ['bullseye', ...MODERN],
  i386: ['bullseye', ...MODERN],
  armel: ['bookworm'],
  ppc64el: MODERN,
  s390x: MODERN,
  riscv64: ['trixie'],
  mips64el: ['bookworm'],
};

const NAME = 'ldconfig-';
const LIMIT = 900;
/** Some crash twice in a hundred runs: it depends on where the kernel puts their memory. */
const ROUNDS = 100;

const SCRIPT = `failed=0
for i in $(seq ${ROUNDS}); do
  "$1" -r "$2" || { status=$?; failed=$((failed + 1)); }
done >/dev/null 2>&1
test $failed = 0 || { echo "$failed of ${ROUNDS} runs failed, the last with status $status" >&2; exit 1; }`;

/** By the name of the case, for `--list` and the page. */
export const LDCONFIGS: Readonly<Record<string, string>> = Object.fromEntries(
  ['bullseye', ...MODERN].map((suite) => [
    `${NAME}${suite}`,
    `ldconfig of libc-bin of Debian ${suite}, ${ROUNDS} times`,
  ]),
);

/** Those of a target under a column's emulator; nothing where Debian or the column has none. */
export async function runLdconfigs(
  target: Target,
  column: Column,
  only: readonly string[],
  { folder, state, note }: WorkloadEffort,
): Promise<RowResults | undefined> {
  const emulator = column.emulators.get(emulatorOf(target.guest));
  const suites = (SUITES[target.name] ?? []).filter((suite) => only.includes(`${NAME}${suite}`));
  if (emulator === undefined || suites.length === 0) return undefined;
  const results: [string, CaseResult][] = [];
  for (const suite of suites) {
    const root = await orNote(makeLibc(target, suite, folder), `Debian ${suite} of ${target.name}`, note);
    if (root === undefined) continue;
    const program = join(root, 'sbin/ldconfig');
    const name = `${NAME}${suite}`;
    const inputs = {
      ...{ emulator: emulator.sha256, program: hash('sha256', await readFile(program)), case: name },
      ...{ flags: 'F', limit: LIMIT, kernel: release() },
    };
    let result = state.recall(inputs);
    if (result === undefined) {
      await using space = await openNamespace([registrationLine(target.guest, emulator.file, 'F')]);
      const words = ['sh', '-c', SCRIPT, 'sh', program, root];
      result = resultOf(await space.run(words, { folder: root, limit: LIMIT }), LIMIT);
      await state.remember(inputs, result);
    }
    if (!isFine(result))
      note(`${column.version} ${target.name} ${name}: ${result.outcome}: ${result.detail}`);
    results.push([name, result]);
  }
  if (results.length === 0) return undefined;
  const failed = results.filter(([, { outcome }]) => outcome !== 'pass');
  return {
    ...{ target: target.name, guest: target.guest, kind: 'libc-bin', passed: results.length - failed.length },
    seconds: results.reduce((sum, [, { wall }]) => sum + wall, 0),
    others: Object.fromEntries(failed.map(([name, { outcome, detail }]) => [name, { outcome, detail }])),
    work: Object.fromEntries(
      results.filter(([, { outcome }]) => outcome === 'pass').map(([name, { cpu }]) => [name, cpu]),
    ),
  };
}

/** Unpacked, never configured: ldconfig is a static program. */
async function makeLibc({ name }: Target, suite: string, folder: string): Promise<string> {
  const root = join(folder, `libc-${suite}-${name}`);
  if (existsSync(root)) return root;
  const making = `${root}.making`;
  await rm(making, { recursive: true, force: true });
  const options = ['--mode=root', '--variant=extract', `--architectures=${name}`];
  const packages = ['base-files', 'libc-bin', 'libc6'];
  await $`mmdebstrap ${options} --include=${packages.join(',')} --skip=check/qemu ${suite} ${making} ${(await aptMirror()).href}`.quiet();
  await rename(making, root);
  return root;
}
