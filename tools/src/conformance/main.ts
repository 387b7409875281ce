#!/usr/bin/env node
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { type HostPlatform, hostNamed } from '@qemu-user-static/arch-table';
import { cacheFolder } from '@qemu-user-static/debian-archive';
import { type Lock, readLock } from '@qemu-user-static/lock';
import { Command, InvalidArgumentError, Option } from 'commander';
import { ROOT } from '../repository.ts';
import { accept, prune, readAccepted, writeAccepted } from './accepted.ts';
import { CASES, PROBE } from './cases.ts';
import { asSlowDownChart } from './chart.ts';
import { chooseCases, GROUPS } from './choose-cases.ts';
import { type Column, openColumn, withEmulator } from './emulators.ts';
import { amongKnown, formatGate, regressions } from './gate.ts';
import { LDCONFIGS } from './ldconfig.ts';
import { runMatrix } from './matrix.ts';
import { asPage } from './page.ts';
import { bugReport } from './report.ts';
import { merge, newestFirst, type Results } from './results.ts';
import { openState } from './state.ts';
import { COMMON, TARGETS, targetsNamed } from './targets.ts';
import { LINKINGS, type Linking } from './toolchain.ts';
import { WORKLOADS } from './workloads.ts';

// `npm run conformance`: which guest programs each QEMU version runs. docs/conformance.md has the results.

const DOCS = resolve(ROOT, 'docs');

interface Options {
  readonly guest?: string[];
  readonly case?: string[];
  readonly version?: string[];
  readonly platform: HostPlatform[];
  readonly linking: Linking[];
  readonly emulator?: string;
  readonly jobs: number;
  readonly list?: true;
  readonly json?: true;
  readonly save?: true;
  readonly gate?: true;
  readonly accept?: string;
  readonly because?: string;
  readonly report?: string;
}

const several = (text: string, before: string[] | undefined) => [...(before ?? []), ...text.split(',')];

const options = new Command('conformance')
  .description('runs checks of every guest under the emulators of each channel; as root on Debian')
  .option(
    '--guest <name>',
    'only this guest, by any name (arm64, aarch64); common: the six most used; again for more',
    several,
  )
  .option('--case <name>', 'only this case, or checks, libc-bin, workloads; again for more', several)
  .option('--version <name>', 'only this channel, or this version of QEMU; again for more', several)
  .addOption(
    new Option('--platform <name...>', 'host platform whose emulators run, of this machine or its 32-bit one')
      .argParser(platforms)
      .default(['linux/amd64']),
  )
  .addOption(
    new Option('--linking <kind...>', 'how programs have their C library')
      .choices(LINKINGS)
      .default([...LINKINGS]),
  )
  .option(
    '--emulator <file>',
    'a program to try instead of the emulator of --guest, such as one that you built',
  )
  .option('--jobs <number>', 'cases at one time', positive, availableParallelism())
  .option('--list', 'print the cases and the guests, and run nothing')
  .option('--json', 'print the results as JSON')
  .option('--save', 'write docs/conformance.json, .md and .svg; what was not run stays')
  .option(
    '--gate',
    'fail if a case fails that conformance.json does not have, of a program that docs/conformance.json has',
  )
  .option('--accept <case>', 'add its failures to conformance.json; needs --because')
  .option('--because <text>', 'the reason, such as "QEMU: it has no robust lists"')
  .option('--report <case>', 'print the text of a bug report for a case that fails')
  .parse()
  .opts<Options>();

if (options.list) {
  const others = Object.entries(LDCONFIGS).map(([name, what]) => ({ name, what }));
  for (const { name, what } of [PROBE, ...CASES, ...others, ...WORKLOADS])
    console.log(`${name.padEnd(20)}${what}`);
  console.log(`\nguests: ${TARGETS.map(({ name, guest }) => `${name} (${guest})`).join(', ')}`);
} else await run();

async function run(): Promise<void> {
  if (options.accept !== undefined && options.because === undefined)
    throw new Error('--accept needs a reason: --because "QEMU: what is known of it"');
  if (options.save && options.case?.some((name) => !Object.hasOwn(GROUPS, name)))
    throw new Error(
      '--save writes whole rows of the matrix: leave --case out, or name checks, libc-bin, workloads',
    );
  if (options.emulator !== undefined && (options.guest === undefined || options.save))
    throw new Error('--emulator stands for that of one guest, --guest NAME, and is not saved');
  const folder = join(cacheFolder(process.env), 'conformance');
  const note = (text: string) => process.stderr.write(`${text}\n`);
  const only = [...(options.case ?? []), ...[options.accept ?? options.report ?? []].flat()];
  const chosen = chooseCases(only);
  const results = await runMatrix(
    {
      columns: await openColumns(await readLock(resolve(ROOT, 'sources.lock.json')), folder),
      targets: targets(),
      linkings: options.linking,
      ...chosen,
      probe: chosen.probe && options.guest === undefined,
    },
    { folder, state: await openState(join(folder, 'results.jsonl')), jobs: options.jobs, note },
  );
  await write(resolve(ROOT, 'dist/conformance'), results);
  if (options.json) console.log(JSON.stringify(results, null, 2));
  if (options.report !== undefined) console.log(bugReport(results, options.report));
  if (options.accept !== undefined)
    await writeAccepted(accept(await readAccepted(), options.accept, options.because ?? '', results));
  if (options.save) await save(results);
  const all = regressions(results, await readAccepted());
  const found = options.gate ? amongKnown(all, await readSaved()) : all;
  if (found.length < all.length)
    note(
      `${all.length - found.length} failures are of programs that docs/conformance.json does not have yet`,
    );
  if (!options.json && options.report === undefined) console.log(formatGate(found, results));
  if (options.gate && found.length > 0) process.exitCode = 1;
}

async function save(results: Results): Promise<void> {
  await writeAccepted(prune(await readAccepted(), results));
  await write(DOCS, merge(await readSaved(), results));
}

/** What the last saved run found. */
async function readSaved(): Promise<Results> {
  return JSON.parse(await readFile(join(DOCS, 'conformance.json'), 'utf8')) as Results;
}

async function write(folder: string, results: Results): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'conformance.json'), `${JSON.stringify(results, null, 1)}\n`);
  await writeFile(join(folder, 'conformance.md'), asPage(results, await readAccepted()));
  await writeFile(join(folder, 'conformance.svg'), asSlowDownChart(results));
}

function targets() {
  if (options.guest === undefined) return TARGETS;
  const names = options.guest.flatMap((name) => (name === 'common' ? COMMON : [name]));
  const meant = names.flatMap(targetsNamed);
  return TARGETS.filter((one) => meant.includes(one));
}

async function openColumns(lock: Lock, folder: string): Promise<Column[]> {
  const columns: Column[] = [];
  for (const platform of options.platform)
    for (const [channel, { platforms: own }] of Object.entries(lock.channels)) {
      const version = own[platform]?.version;
      const meant =
        options.version === undefined ||
        [channel, version].some((name) => options.version?.includes(name ?? ''));
      if (version === undefined || !meant) continue;
      const column = await openColumn(lock, channel, platform, folder);
      const guests = targets().map(({ guest }) => guest);
      columns.push(
        options.emulator === undefined
          ? column
          : await withEmulator(column, guests, resolve(options.emulator)),
      );
    }
  if (columns.length === 0)
    throw new Error(
      `no channel or version ${options.version?.join(', ')} for ${options.platform.join(', ')}; channels: ${Object.keys(lock.channels).join(', ')}`,
    );
  return newestFirst(columns);
}

function positive(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('a whole number above 0 is needed.');
  return Number(text);
}

/** Values come one at a time; the first takes the default's place. */
function platforms(text: string, before: HostPlatform[]): HostPlatform[] {
  const named = hostNamed(text);
  return before[0] === 'linux/amd64' && before.length === 1 ? [named] : [...before, named];
}
