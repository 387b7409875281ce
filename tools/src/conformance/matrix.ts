import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { emulatorOf, GUEST_NAMES } from '@qemu-user-static/arch-table';
import { type Case, PROBE } from './cases.ts';
import type { Chosen } from './choose-cases.ts';
import type { Column } from './emulators.ts';
import { LDCONFIGS, runLdconfigs } from './ldconfig.ts';
import { isFine } from './outcome.ts';
import { isCalled } from './registering.ts';
import { type ColumnResults, isUsual, type Results, type RowResults } from './results.ts';
import { rowOf, workOf } from './rows.ts';
import { runCases, runProbe, type Watch } from './run-cases.ts';
import { runWorkloads } from './run-workloads.ts';
import type { State } from './state.ts';
import { type Linking, NATIVE, type Target } from './targets.ts';
import { compile, type Program } from './toolchain.ts';

/** What a run is about. */
export interface Scope extends Chosen {
  readonly columns: readonly Column[];
  readonly targets: readonly Target[];
  readonly linkings: readonly Linking[];
}

export interface Effort {
  /** Where compilers are kept. */
  readonly folder: string;
  readonly state: State;
  readonly jobs: number;
  /** Reports progress to the person who waits. */
  readonly note: (text: string) => void;
}

/** Runs every case of the scope. What an earlier run found of the same programs and emulators counts. */
export async function runMatrix(scope: Scope, effort: Effort): Promise<Results> {
  const { columns, targets, linkings } = scope;
  const native = await measureNative(scope, effort);
  const rows = new Map<Column, RowResults[]>(columns.map((column) => [column, []]));
  const keep = (column: Column, row: RowResults) => rows.get(column)?.push(row);

  // The static ones first: they say most, and need least.
  const programs = linkings.flatMap((linking) => {
    const cases = linking === 'freestanding' ? scope.freestanding : scope.cases;
    const fitting = cases.length === 0 ? [] : targets.filter((target) => target.linkings.includes(linking));
    return fitting.map((target) => ({ target, linking, cases }));
  });
  let ended = 0;
  for (const { target, linking, cases } of programs) {
    const program = await compile(target, linking, effort.folder);
    for (const column of columns) {
      const name = `${column.version} ${target.name} ${linking}`;
      // The slow-down hardly changes between versions: it is measured under the newest.
      const measured = column === columns[0] && isUsual(column);
      const fitting = measured ? cases : cases.filter(({ work }) => !work);
      const row = await oneRow(program, column, fitting, effort, name);
      if (row !== undefined) keep(column, row);
      ended += 1;
      effort.note(
        `${ended} of ${programs.length * columns.length}: ${name}: ${row ? lineOf(row) : 'not run'}`,
      );
    }
  }
  if (scope.probe) await probeAll(columns, effort, keep);
  for (const target of targets)
    for (const column of columns)
      for (const row of [
        await runLdconfigs(target, column, scope.ldconfigs, effort),
        await runWorkloads(target, column, scope.workloads, effort),
      ])
        if (row !== undefined) keep(column, row);
  return {
    schemaVersion: 1,
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}`,
    programs: 'Debian 13: GCC 14, glibc 2.41',
    cases: Object.fromEntries(
      [
        ...(scope.probe ? [PROBE] : []),
        ...scope.cases,
        ...scope.freestanding,
        ...ldconfigCases(scope),
        ...scope.workloads,
      ].map(({ name, what }) => [name, what]),
    ),
    columns: columns.map((column): ColumnResults => {
      const { channel, platform, version, debian, emulator } = column;
      const named = { channel, platform, version, debian, ...(emulator !== undefined && { emulator }) };
      return { ...named, rows: rows.get(column) ?? [] };
    }),
    native,
  };
}

const lineOf = ({ passed, seconds, others }: RowResults) =>
  [
    `${passed} passed in ${seconds.toFixed(0)} s`,
    ...Object.entries(others).map(([name, { outcome }]) => `${name} ${outcome}`),
  ]
    .slice(0, 9)
    .join(', ');

function watch({ state, jobs, note }: Effort, name: string): Watch {
  return {
    state,
    jobs,
    onResult: ({ case: one, result }) => {
      if (!isFine(result) && result.outcome !== 'skipped')
        note(`${name} ${one.name}: ${result.outcome}: ${result.detail}`);
    },
  };
}

const ldconfigCases = ({ ldconfigs }: Chosen) =>
  ldconfigs.map((name) => ({ name, what: LDCONFIGS[name] ?? '' }));

async function probeAll(
  columns: readonly Column[],
  effort: Effort,
  keep: (column: Column, row: RowResults) => void,
): Promise<void> {
  for (const column of columns)
    for (const guest of GUEST_NAMES) {
      const emulator = column.emulators.get(emulatorOf(guest));
      if (emulator === undefined) continue;
      const tried = await runProbe(guest, emulator, watch(effort, `${column.version} ${guest} probe`));
      keep(column, rowOf(guest, guest, 'probe', tried));
    }
}

async function oneRow(
  program: Program,
  { emulators }: Column,
  cases: readonly Case[],
  effort: Effort,
  name: string,
): Promise<RowResults | undefined> {
  const { target, linking } = program;
  const emulator = emulators.get(emulatorOf(target.guest));
  // What such a program executes is run by this machine, with a C library of its own.
  const unfit = linking === 'dynamic' && emulator !== undefined && isCalled(target.guest, emulator);
  if (emulator === undefined || unfit) return undefined;
  const tried = await runCases(program, emulator, cases, watch(effort, name));
  return rowOf(target.name, target.guest, linking, tried);
}

async function measureNative(scope: Scope, effort: Effort): Promise<Record<string, number>> {
  const measured = scope.cases.filter(({ work }) => work);
  if (measured.length === 0) return {};
  const program = await compile(NATIVE, 'static', effort.folder);
  const tried = await runCases(program, undefined, measured, watch(effort, 'native'));
  return workOf(tried);
}
