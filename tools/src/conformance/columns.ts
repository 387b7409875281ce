import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type GuestName, nearest } from '@qemu-user-static/arch-table';
import { type EarlyPackage, earlyPackages, type Lock, readLock, readSources } from '@qemu-user-static/lock';
import { withDebian } from '../e2e/debian.ts';
import { ROOT } from '../repository.ts';
import { type Column, type EmulatorSource, openColumn, sourceIn, withEmulator } from './emulators.ts';
import { ConformanceError } from './errors.ts';
import type { Options } from './options.ts';
import { newestFirst } from './results.ts';

/** The emulators that the command line means, and of each early suite the channel that it comes before. */
export interface Columns {
  readonly columns: readonly Column[];
  readonly early: readonly EarlyPackage[];
}

/**
 * @param guests those that `--emulator` stands for
 * @throws ConformanceError VERSION_UNKNOWN, CHECKS_USAGE; what the download of packages throws
 */
export async function openColumns(
  options: Options,
  guests: readonly GuestName[],
  folder: string,
): Promise<Columns> {
  const lock = await readLock(resolve(ROOT, 'sources.lock.json'));
  const early = options.suite === undefined ? [] : await earlyOf(options.suite, options, lock);
  const sources =
    options.suite === undefined
      ? await lockedOf(options, lock)
      : early.map((one): EmulatorSource => ({ ...one, channel: one.suite, packages: [one.locked] }));
  const columns: Column[] = [];
  for (const source of sources) {
    const column = await openColumn(source, lock, folder);
    columns.push(
      options.emulator === undefined ? column : await withEmulator(column, guests, resolve(options.emulator)),
    );
  }
  return { columns: newestFirst(columns), early };
}

async function earlyOf(suite: string, { platform }: Options, lock: Lock): Promise<EarlyPackage[]> {
  const sources = await readSources(resolve(ROOT, 'sources.json'));
  const known = Object.values(sources.channels).flatMap(({ early }) => early?.suite ?? []);
  if (!known.includes(suite))
    throw new ConformanceError(
      'CHECKS_USAGE',
      `no early suite ${suite} in sources.json: ${known.join(', ')}`,
    );
  return withDebian(async ({ context }) => {
    const found = await Promise.all(platform.map((one) => earlyPackages(sources, lock, one, context)));
    return found.flat().filter((one) => one.suite === suite);
  });
}

async function lockedOf(
  { version: wanted, platform, changedSince }: Options,
  lock: Lock,
): Promise<EmulatorSource[]> {
  const all = platform.flatMap((one) =>
    Object.keys(lock.channels).flatMap((channel) => sourceIn(lock, channel, one) ?? []),
  );
  assertVersions(wanted ?? [], all);
  const meant = all.filter(
    ({ channel, version }) => wanted === undefined || wanted.includes(channel) || wanted.includes(version),
  );
  if (changedSince === undefined) return meant;
  const before = await readLock(resolve(changedSince));
  const hashesOf = (source: EmulatorSource | undefined) => source?.packages.map(({ sha256 }) => sha256);
  return meant.filter((source) => {
    const { channel, platform: one } = source;
    const then = before.channels[channel] === undefined ? undefined : sourceIn(before, channel, one);
    return !isDeepStrictEqual(hashesOf(then), hashesOf(source));
  });
}

/** @throws ConformanceError VERSION_UNKNOWN */
function assertVersions(wanted: readonly string[], all: readonly EmulatorSource[]): void {
  const known = all.flatMap(({ channel, version }) => [channel, version]);
  const [unknown] = wanted.filter((name) => !known.includes(name));
  if (unknown === undefined) return;
  const near = nearest(unknown, known);
  const names = all.map(({ channel, version }) => `${channel} (${version})`);
  throw new ConformanceError(
    'VERSION_UNKNOWN',
    `no channel or version ${JSON.stringify(unknown)}${near === null ? '' : `; did you mean "${near}"?`} There are ${[...new Set(names)].join(', ')}`,
  );
}
