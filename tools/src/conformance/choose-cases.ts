import { nearest } from '@qemu-user-static/arch-table';
import { CASES, type Case, PROBE } from './cases.ts';
import { ConformanceError } from './errors.ts';
import { LDCONFIGS } from './ldconfig.ts';
import { WORKLOADS, type Workload } from './workloads.ts';

/** What is run of each guest. */
export interface Chosen {
  readonly cases: readonly Case[];
  readonly probe: boolean;
  /** Names of those in ldconfig.ts. */
  readonly ldconfigs: readonly string[];
  readonly workloads: readonly Workload[];
}

/** Names of many cases at once: whole rows of the matrix. */
export const GROUPS: Readonly<Record<string, readonly string[]>> = {
  checks: [PROBE, ...CASES].map(({ name }) => name),
  [PROBE.name]: [PROBE.name],
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
    probe: meant.has(PROBE.name),
    ldconfigs: Object.keys(LDCONFIGS).filter((name) => meant.has(name)),
    workloads: WORKLOADS.filter(({ name }) => meant.has(name)),
  };
}

/** `no case "thread"; did you mean "threads"?` */
function unlike(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return `no case ${JSON.stringify(name)}${near === null ? '' : `; did you mean "${near}"?`}`;
}
