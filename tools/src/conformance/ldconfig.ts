import { hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rename, rm } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { emulatorOf } from '@qemu-user-static/arch-table';
import { $ } from 'zx';
import { aptMirror } from '../e2e/debian.ts';
import type { Column } from './emulators.ts';
import { type Ended, openNamespace } from './namespace.ts';
import { type CaseResult, countedResult, isFine, resultOf } from './outcome.ts';
import { identityOf, linesFor, USUAL_FLAGS } from './registering.ts';
import type { RowResults } from './results.ts';
import { rowOf, type Tried } from './rows.ts';
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
  loong64: ['sid'],
  mips64el: ['bookworm'],
};

const NAME = 'ldconfig-';
const LIMIT = 900;
/** Some crash twice in a hundred runs: it depends on where the kernel puts their memory. */
const ROUNDS = 100;

/** Prints how many failed, and the status of the last of these. */
const SCRIPT = `failed=0 status=0
for i in $(seq ${ROUNDS}); do
  "$1" -r "$2" >/dev/null 2>&1 || { status=$?; failed=$((failed + 1)); }
done
echo "$failed $status"`;

/** By the name of the case, for `--list` and the page. */
export const LDCONFIGS: Readonly<Record<string, string>> = Object.fromEntries(
  ['bullseye', ...MODERN, 'sid'].map((suite) => [
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
  const tried: Tried[] = [];
  for (const suite of suites) {
    const root = await orNote(makeLibc(target, suite, folder), `Debian ${suite} of ${target.name}`, note);
    if (root === undefined) continue;
    const program = join(root, 'sbin/ldconfig');
    const name = `${NAME}${suite}`;
    const inputs = {
      ...{ emulator: identityOf(emulator), case: name },
      program: hash('sha256', Buffer.concat([await readFile(program), Buffer.from(SCRIPT)])),
      ...{ flags: USUAL_FLAGS, limit: LIMIT, kernel: release() },
    };
    let result = state.recall(inputs);
    if (result === undefined) {
      await using space = await openNamespace(linesFor(target.guest, emulator, USUAL_FLAGS));
      const words = ['sh', '-c', SCRIPT, 'sh', program, root];
      result = countOf(await space.run(words, { folder: root, limit: LIMIT }));
      await state.remember(inputs, result);
    }
    if (!isFine(result))
      note(`${column.version} ${target.name} ${name}: ${result.outcome}: ${result.detail}`);
    tried.push({ case: { name, work: true }, result });
  }
  return tried.length === 0 ? undefined : rowOf(target.name, target.guest, 'libc-bin', tried);
}

function countOf(ended: Ended): CaseResult {
  const [, failed = '0', status = '0'] = /^(\d+) (\d+)$/m.exec(ended.stdout) ?? [];
  const whole = resultOf(ended, LIMIT);
  if (failed === '0' || !isFine(whole)) return whole;
  return countedResult(Number(failed), ROUNDS, resultOf({ ...ended, status: Number(status) }, LIMIT));
}

/** Unpacked, never configured: ldconfig is a static program. */
async function makeLibc({ name }: Target, suite: string, folder: string): Promise<string> {
  const root = join(folder, `libc-${suite}-${name}`);
  if (existsSync(root)) return root;
  const making = `${root}.making`;
  await rm(making, { recursive: true, force: true });
  const options = ['--mode=root', '--variant=extract', `--architectures=${name}`];
  const packages = ['base-files', 'libc-bin', 'libc6'];
  // A mirror may lag behind, and nothing of this is published.
  const late = '--aptopt=Acquire::Check-Valid-Until "false"';
  await $`mmdebstrap ${options} ${late} --include=${packages.join(',')} --skip=check/qemu ${suite} ${making} ${(await aptMirror()).href}`.quiet();
  await rename(making, root);
  return root;
}
