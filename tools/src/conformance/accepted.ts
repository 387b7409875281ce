import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { replaceFile } from '@qemu-user-static/files';
import { z } from 'zod';
import { ROOT } from '../repository.ts';
import { ConformanceError } from './errors.ts';
import { failuresOf, isUsual, type Place, type Results, USUAL_PLATFORM } from './results.ts';

// conformance.json: the cases that fail and are known to, each with a reason. Every other case has to pass.

export const ACCEPTED_FILE = resolve(ROOT, 'conformance.json');

/** Whose fault it is. */
export const FAULTS = ['QEMU', 'C library', 'compiler', 'kernel'] as const;

const exception = z.strictObject({
  case: z.string(),
  fault: z.enum(FAULTS),
  because: z.string().min(10),
  /** Where its makers know it. Never a guess. */
  bug: z.url().optional(),
  /**
   * Which programs fail: by channel (of hosts beside linux/amd64 `latest on linux/386`), then by kind, Debian's names of their
   * architectures.
   */
  fails: z.record(z.string(), z.record(z.string(), z.array(z.string()))),
});
const schema = z.strictObject({ schemaVersion: z.literal(1), exceptions: z.array(exception) });

export type Exception = z.infer<typeof exception>;
export type Accepted = z.infer<typeof schema>;

/** @throws Error that names the file and what is wrong in it */
export async function readAccepted(file = ACCEPTED_FILE): Promise<Accepted> {
  const { data, error } = schema.safeParse(JSON.parse(await readFile(file, 'utf8')));
  if (error) throw new Error(`${file}: ${z.prettifyError(error)}`);
  return data;
}

export async function writeAccepted(accepted: Accepted, file = ACCEPTED_FILE): Promise<void> {
  await replaceFile(file, `${JSON.stringify(accepted, null, 2)}\n`);
}

/** Where a case is tried. */
export type Spot = Pick<Place, 'case' | 'target' | 'kind' | 'channel' | 'platform'>;

const BETWEEN = ' on ';

/** A column's name in the file. */
export function columnOf({ channel, platform }: Pick<Place, 'channel' | 'platform'>): string {
  return isUsual({ platform }) ? channel : `${channel}${BETWEEN}${platform}`;
}

/** The exception that a result is listed under. */
export function exceptionFor(
  accepted: Accepted,
  { case: name, target, kind, ...column }: Spot,
): Exception | undefined {
  return accepted.exceptions.find(
    (one) => one.case === name && one.fails[columnOf(column)]?.[kind]?.includes(target) === true,
  );
}

/**
 * The reason in the words of `--because`: `QEMU: it has no robust lists (https://…)`.
 * @throws ConformanceError REASON_INVALID
 */
export function parseReason(text: string): Pick<Exception, 'fault' | 'because' | 'bug'> {
  const [, fault = '', rest = ''] = /^([^:]+):\s*(.+)$/s.exec(text) ?? [];
  const known = FAULTS.find((one) => one.toLowerCase() === fault.toLowerCase());
  if (known === undefined || rest.length < 10)
    throw new ConformanceError('REASON_INVALID', JSON.stringify(text));
  const [, because = rest, bug] = /^(.*?)\s*\((https:\/\/[^\s()]+)\)$/s.exec(rest) ?? [];
  return { fault: known, because, ...(bug !== undefined && { bug }) };
}

/** With one more exception, over failures of one case that none covers yet; the same reason twice is one. */
export function accept(accepted: Accepted, name: string, reason: string, results: Results): Accepted {
  const parsed = parseReason(reason);
  const places = failuresOf(results).filter((one) => one.case === name && !exceptionFor(accepted, one));
  if (places.length === 0) return accepted;
  const same = ({ case: other, fault, because }: Exception) =>
    other === name && fault === parsed.fault && because === parsed.because;
  const before = accepted.exceptions.find(same);
  const rest = accepted.exceptions.filter((one) => one !== before);
  const spots = [...(before === undefined ? [] : spotsOf(before)), ...places];
  return sorted({ ...accepted, exceptions: [...rest, { case: name, ...parsed, fails: grouped(spots) }] });
}

/** What is accepted as failing, and passed in these results. */
export function nowPassing({ exceptions }: Accepted, results: Results): Spot[] {
  return exceptions.flatMap((one) => spotsOf(one).filter((spot) => passes(results, spot)));
}

/** Without what passed in these results. */
export function prune(accepted: Accepted, results: Results): Accepted {
  const exceptions = accepted.exceptions.flatMap((one) => {
    const left = spotsOf(one).filter((spot) => !passes(results, spot));
    return left.length === 0 ? [] : [{ ...one, fails: grouped(left) }];
  });
  return { ...accepted, exceptions };
}

/** Whether the case was run with that program, and went well. */
function passes({ cases, columns }: Results, { case: name, target, kind, channel, platform }: Spot): boolean {
  if (!Object.hasOwn(cases, name)) return false;
  const rows = columns
    .filter((column) => column.channel === channel && column.platform === platform)
    .flatMap(({ rows }) => rows.filter((row) => row.target === target && row.kind === kind));
  return rows.length > 0 && rows.every(({ others }) => isWell(others[name]?.outcome));
}

const isWell = (outcome: string | undefined) => outcome === undefined || outcome === 'absent';

function spotsOf({ case: name, fails }: Exception): Spot[] {
  return Object.entries(fails).flatMap(([column, kinds]) => {
    const [channel = '', platform = USUAL_PLATFORM] = column.split(BETWEEN);
    return Object.entries(kinds).flatMap(([kind, targets]) =>
      targets.map((target) => ({ case: name, channel, platform, kind: kind as Place['kind'], target })),
    );
  });
}

function grouped(spots: readonly Spot[]): Exception['fails'] {
  const fails: Record<string, Record<string, string[]>> = {};
  for (const { kind, target, ...column } of spots) {
    const name = columnOf(column);
    const kinds = fails[name] ?? {};
    fails[name] = kinds;
    kinds[kind] = [...new Set([...(kinds[kind] ?? []), target])];
  }
  return fails;
}

function sorted(accepted: Accepted): Accepted {
  return { ...accepted, exceptions: accepted.exceptions.toSorted((a, b) => a.case.localeCompare(b.case)) };
}
