import { compareQemuVersions } from '@qemu-user-static/lock';
import { ConformanceError } from './errors.ts';
import type { Outcome } from './outcome.ts';
import { type Linking, TARGETS } from './targets.ts';

/** What a run found, as docs/conformance.json has it. */
export interface Results {
  readonly schemaVersion: 1;
  readonly date: string;
  readonly machine: string;
  /** The C library and the compiler of the programs. */
  readonly programs: string;
  /** Every case that was run, with what it does, in the order of the run. */
  readonly cases: Readonly<Record<string, string>>;
  readonly columns: readonly ColumnResults[];
  /** Seconds of CPU time of each measured case, natively. */
  readonly native: Readonly<Record<string, number>>;
}

/** The host that most people have: nothing names it, and measured cases run on it alone. */
export const USUAL_PLATFORM = 'linux/amd64';

export const isUsual = ({ platform }: { readonly platform: string }) => platform === USUAL_PLATFORM;

/** The emulators of a channel for a host platform. */
export interface ColumnResults {
  readonly channel: string;
  readonly platform: string;
  readonly version: string;
  readonly debian: string;
  /** The file that was tried in place of the channel's emulators. */
  readonly emulator?: string;
  readonly rows: readonly RowResults[];
}

/** A program under an emulator. */
export interface RowResults {
  /** Debian's name of the architecture, or QEMU's of a guest without a C library. */
  readonly target: string;
  readonly guest: string;
  readonly kind: Kind;
  readonly passed: number;
  /** Seconds that all its cases took. */
  readonly seconds: number;
  /** By the name of the case; those that passed are left out. */
  readonly others: Readonly<Record<string, { readonly outcome: Outcome; readonly detail: string }>>;
  /** Seconds of CPU time of each measured case that passed. */
  readonly work: Readonly<Record<string, number>>;
}

/** How the program has its C library; or the table's probe; or Debian's own programs. */
export type Kind = Linking | 'probe' | 'libc-bin' | 'debian';

/** Which result is meant. */
export interface Place {
  readonly case: string;
  readonly target: string;
  readonly guest: string;
  readonly kind: Kind;
  readonly channel: string;
  readonly platform: string;
  readonly version: string;
  readonly emulator?: string | undefined;
  readonly outcome: Outcome;
  readonly detail: string;
}

/** Everything that is no `pass` and no `absent`; what was skipped stands under the reason for it, `start`. */
export function failuresOf({ columns }: Pick<Results, 'columns'>): Place[] {
  return columns.flatMap(({ channel, platform, version, emulator, rows }) =>
    rows.flatMap(({ target, guest, kind, others }) =>
      Object.entries(others).flatMap(([name, { outcome, detail }]) =>
        outcome === 'absent' || outcome === 'skipped'
          ? []
          : [{ case: name, target, guest, kind, channel, platform, version, emulator, outcome, detail }],
      ),
    ),
  );
}

/** A run of nothing has not passed. @throws ConformanceError NOTHING_RAN */
export function assertRan({ columns }: Pick<Results, 'columns'>): void {
  if (columns.every(({ rows }) => rows.length === 0))
    throw new ConformanceError('NOTHING_RAN', 'no case was run');
}

const sameColumn = (a: ColumnResults, b: ColumnResults) =>
  a.channel === b.channel && a.platform === b.platform;
const sameRow = (a: RowResults, b: RowResults) => a.target === b.target && a.kind === b.kind;

/** By QEMU's version; of the same one, by host platform. */
export function newestFirst<T extends Pick<ColumnResults, 'version' | 'platform'>>(
  columns: readonly T[],
): T[] {
  return columns.toSorted(
    (a, b) => compareQemuVersions(b.version, a.version) || a.platform.localeCompare(b.platform),
  );
}

/** As a run of everything has them, whichever was run last. */
const inOrder = (a: RowResults, b: RowResults) => placeOf(a) - placeOf(b);

function placeOf({ target }: RowResults): number {
  const place = TARGETS.findIndex(({ name }) => name === target);
  return place === -1 ? TARGETS.length : place;
}

/** Earlier results with those of a run in their places; rows of another version of QEMU are dropped. */
export function merge(before: Results, now: Results): Results {
  const columns = now.columns.map((column) => {
    const old = before.columns.find((one) => sameColumn(one, column) && one.debian === column.debian);
    const kept = (old?.rows ?? []).filter((row) => !column.rows.some((one) => sameRow(one, row)));
    return { ...column, rows: [...kept, ...column.rows].toSorted(inOrder) };
  });
  const others = before.columns.filter((one) => !columns.some((column) => sameColumn(one, column)));
  return {
    ...now,
    // In the order of this run.
    cases: { ...now.cases, ...before.cases, ...now.cases },
    native: { ...before.native, ...now.native },
    columns: newestFirst([...others, ...columns]),
  };
}
