import { hash } from 'node:crypto';
import { chmod, copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type GuestName, PROBE_EXIT, probeProgram } from '@qemu-user-static/arch-table';
import { type Case, PROBE, START, wordsOf } from './cases.ts';
import type { Emulator } from './emulators.ts';
import { type Namespace, openNamespace } from './namespace.ts';
import { type CaseResult, countedResult, isFine, resultOf } from './outcome.ts';
import { identityOf, isCalled, linesFor } from './registering.ts';
import type { Tried as AnyTried } from './rows.ts';
import type { Inputs, State } from './state.ts';
import type { Program } from './toolchain.ts';

/** Runs of a case that failed, the first among them; a hang is waited for only once more. */
const TRIES = 3;
const HANGS = 2;
/** Runs of one that fails in some. */
const COUNTED = 20;

/** What a user that is not root has as its number, in the case of set-user-ID programs. */
const SOMEONE = 1000;

type Tried = AnyTried<Case>;

/** What is done with results as they come. */
export interface Watch {
  readonly state: State;
  /** Cases at one time. */
  readonly jobs: number;
  readonly onResult: (tried: Tried) => void;
}

/**
 * Every case of a program under an emulator, or natively if there is none. If the program does not start, the
 * other cases are skipped.
 */
export async function runCases(
  program: Program,
  emulator: Emulator | undefined,
  cases: readonly Case[],
  watch: Watch,
): Promise<Tried[]> {
  const sources = {
    run: (one: Case, space: Namespace) => runOnce(program, emulator, one, space),
    program: program.sha256,
    lines: (flags: string) => (emulator === undefined ? [] : linesFor(program.target.guest, emulator, flags)),
    emulator,
  };
  const [started] = await tryAll([START], sources, watch);
  if (started === undefined || !isFine(started.result)) {
    const skipped: CaseResult = { outcome: 'skipped', wall: 0, cpu: 0, detail: 'the program does not start' };
    return [
      ...(started ? [started] : []),
      ...cases.filter((one) => one !== START).map((one) => ({ case: one, result: skipped })),
    ];
  }
  const others = cases.filter((one) => one !== START && fits(one, program, emulator));
  // What is measured has the machine to itself, as far as this run is concerned.
  const checked = await tryAll(
    others.filter(({ work }) => !work),
    sources,
    watch,
  );
  const measured = await tryAll(
    others.filter(({ work }) => work),
    sources,
    { ...watch, jobs: 1 },
  );
  return [started, ...checked, ...measured];
}

/** The probe of the table under an emulator. */
export async function runProbe(guest: GuestName, emulator: Emulator, watch: Watch): Promise<Tried[]> {
  const bytes = probeProgram(guest);
  const sources = {
    async run(one: Case, space: Namespace) {
      return inFolder(async (folder) => {
        const file = join(folder, 'probe');
        await writeFile(file, bytes, { mode: 0o755 });
        return resultOf(await space.run([file], { folder, limit: one.limit }), one.limit, PROBE_EXIT);
      });
    },
    program: hash('sha256', bytes),
    lines: (flags: string) => linesFor(guest, emulator, flags),
    emulator,
  };
  return tryAll([PROBE], sources, watch);
}

/** The C library beside a program is one that other users may not read; and where nothing is registered, no flag is. */
function fits({ name, flags }: Case, { linking, target }: Program, emulator: Emulator | undefined): boolean {
  if (name === 'setuid' && linking === 'dynamic') return false;
  return flags === START.flags || (emulator !== undefined && !isCalled(target.guest, emulator));
}

interface Sources {
  run(one: Case, space: Namespace): Promise<CaseResult>;
  readonly program: string;
  lines(flags: string): string[];
  readonly emulator: Emulator | undefined;
}

async function tryAll(cases: readonly Case[], sources: Sources, watch: Watch): Promise<Tried[]> {
  const tried: Tried[] = [];
  const waiting: { one: Case; inputs: Inputs }[] = [];
  const done = (one: Case, result: CaseResult) => {
    tried.push({ case: one, result });
    watch.onResult({ case: one, result });
  };
  for (const one of cases) {
    const { name, flags, limit } = one;
    const inputs: Inputs = {
      ...{ emulator: sources.emulator && identityOf(sources.emulator), program: sources.program, case: name },
      ...{ flags, limit, kernel: release() },
    };
    const known = watch.state.recall(inputs);
    if (known !== undefined) done(one, known);
    else waiting.push({ one, inputs });
  }
  for (const flags of new Set(waiting.map(({ one }) => one.flags))) {
    const queue = waiting.filter(({ one }) => one.flags === flags);
    await using space = await openNamespace(sources.lines(flags));
    const worker = async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const { one, inputs } = next;
        const result = await runUntilSure(() => sources.run(one, space));
        // The next run finds out more of one that does not fail every time.
        if (result.outcome !== 'unstable') await watch.state.remember(inputs, result);
        done(one, result);
      }
    };
    await Promise.all(Array.from({ length: watch.jobs }, worker));
  }
  return tried.sort((a, b) => cases.indexOf(a.case) - cases.indexOf(b.case));
}

/** A failure that does not come every time is another thing than one that does: it is counted. */
export async function runUntilSure(run: () => Promise<CaseResult>): Promise<CaseResult> {
  const first = await run();
  if (isFine(first)) return first;
  const tries = first.outcome === 'hang' ? HANGS : TRIES;
  for (let runs = 2; runs <= tries; runs++) if (isFine(await run())) return countFailures(run, first, runs);
  return first;
}

/** @param before runs of which all but the last failed */
async function countFailures(
  run: () => Promise<CaseResult>,
  first: CaseResult,
  before: number,
): Promise<CaseResult> {
  let failed = before - 1;
  for (let runs = before + 1; runs <= COUNTED; runs++) if (!isFine(await run())) failed++;
  return countedResult(failed, COUNTED, first);
}

async function runOnce(
  program: Program,
  emulator: Emulator | undefined,
  one: Case,
  space: Namespace,
): Promise<CaseResult> {
  return inFolder(async (folder) => {
    const env = program.prefix === undefined ? {} : { QEMU_LD_PREFIX: program.prefix };
    const how = { folder, limit: one.limit, env };
    const by = emulator !== undefined && isCalled(program.target.guest, emulator) ? [emulator.file] : [];
    const argv = [...by, program.file, ...wordsOf(one)];
    if (one.name !== 'setuid') return resultOf(await space.run(argv, how), one.limit);
    const owned = join(folder, 'setuid');
    await copyFile(program.file, owned);
    await chmod(owned, 0o4755);
    const caller = join(folder, 'caller');
    await copyFile(program.file, caller);
    await chmod(folder, 0o777);
    return resultOf(await space.run([...by, caller, ...wordsOf(one)], { ...how, user: SOMEONE }), one.limit);
  });
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'qemu-user-static-case-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
