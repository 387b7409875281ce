import { nearest } from '@qemu-user-static/arch-table';
import { CASES, type Case, FREESTANDING_CASES, PROBE, START } from './cases.ts';
import { ConformanceError } from './errors.ts';
import { LDCONFIGS } from './ldconfig.ts';
import type { Target } from './targets.ts';
import { WORKLOADS, type Workload } from './workloads.ts';

/** What is run of each guest. */
export interface Chosen {
  readonly cases: readonly Case[];
  /** Of programs without a C library. */
  readonly freestanding: readonly Case[];
  readonly probe: boolean;
  /** Names of those in ldconfig.ts. */
  readonly ldconfigs: readonly string[];
  readonly workloads: readonly Workload[];
}

/** Names of many cases at once: whole rows of the matrix. */
export const GROUPS: Readonly<Record<string, readonly string[]>> = {
  checks: [PROBE, ...CASES, ...FREESTANDING_CASES].map(({ name }) => name),
  [PROBE.name]: [PROBE.name],
  freestanding: FREESTANDING_CASES.filter((one) => one !== START).map(({ name }) => name),
  'libc-bin': Object.keys(LDCONFIGS),
  workloads: WORKLOADS.map(({ name }) => name),
};

/** The cases that names mean; all if there is none. @throws ConformanceError CASE_UNKNOWN, with the nearest name */
export function chooseCases(names: readonly string[]): Chosen {
  const meant = new Set(
    (names.length > 0 ? names : Object.keys(GROUPS)).flatMap((name) => GROUPS[name] ?? [name]),
  );
  const known = Object.values(GROUPS).flat();
  const unknown = [...meant].filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    const names = [...Object.keys(GROUPS), ...known];
    throw new ConformanceError('CASE_UNKNOWN', unknown.map((name) => unlike(name, names)).join('; '));
  }
  return {
    cases: CASES.filter(({ name }) => meant.has(name)),
    freestanding: FREESTANDING_CASES.filter(({ name }) => meant.has(name)),
    probe: meant.has(PROBE.name),
    ldconfigs: Object.keys(LDCONFIGS).filter((name) => meant.has(name)),
    workloads: WORKLOADS.filter(({ name }) => meant.has(name)),
  };
}

/**
 * Guests without a C library have cases of their own alone.
 * @throws ConformanceError GUEST_WITHOUT_LIBRARY where there is nothing to run
 */
export function assertCasesOf(targets: readonly Target[], { freestanding }: Chosen): void {
  const without = targets.filter(({ linkings }) => linkings.includes('freestanding'));
  if (freestanding.length === 0 && without.length === targets.length)
    throw new ConformanceError(
      'GUEST_WITHOUT_LIBRARY',
      `Debian has no C library for ${without.map(({ name }) => name).join(', ')}`,
    );
}

/** `no case "thread"; did you mean "threads"?` */
function unlike(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return `no case ${JSON.stringify(name)}${near === null ? '' : `; did you mean "${near}"?`}`;
}
