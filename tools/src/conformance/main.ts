#!/usr/bin/env node
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { cacheFolder } from '@qemu-user-static/debian-archive';
import { causesOf, describe, isCodedError } from '@qemu-user-static/errors';
import type { Gate } from '@qemu-user-static/image-builder/gate';
import { CommanderError } from 'commander';
import { ROOT } from '../repository.ts';
import { accept, prune, readAccepted, writeAccepted } from './accepted.ts';
import { CASES, FREESTANDING_CASES, PROBE } from './cases.ts';
import { asSlowDownChart } from './chart.ts';
import { assertCasesOf, chooseCases } from './choose-cases.ts';
import { openColumns } from './columns.ts';
import { asCoded, USAGE_ERRORS } from './errors.ts';
import { formatGate, likeTheirChannels, verdictOn } from './gate.ts';
import { LDCONFIGS } from './ldconfig.ts';
import { assertMachine } from './machine.ts';
import { runMatrix } from './matrix.ts';
import { type Options, readOptions } from './options.ts';
import { asPage } from './page.ts';
import { bugReport } from './report.ts';
import { assertRan, merge, type Results } from './results.ts';
import { openState } from './state.ts';
import { Stopped, stopOnSignals, stopped } from './stop.ts';
import { COMMON, TARGETS, type Target, targetsNamed } from './targets.ts';
import { WORKLOADS } from './workloads.ts';

// `npm run conformance`: which guest programs each QEMU version runs. docs/conformance.md has the results.

const DOCS = resolve(ROOT, 'docs');
const DIST = resolve(ROOT, 'dist/conformance');

const note = (text: string) => process.stderr.write(`${text}\n`);

stopOnSignals();
const words = process.argv.slice(2);
try {
  const options = readOptions(words, process.env);
  if (options.list) list();
  else await run(options);
} catch (error) {
  process.exitCode = report(error);
}

/** Prints why the run failed. @returns the exit status */
function report(thrown: unknown): number {
  const error = stopped.aborted ? stopped.reason : thrown;
  if (error instanceof CommanderError) return error.exitCode;
  if (error instanceof Stopped) {
    note(`conformance: ${error.message}`);
    return error.status;
  }
  const coded = asCoded(error);
  note(describe(coded));
  if (words.includes('--json')) {
    const { message } = coded as Error;
    const { code, remedy } = isCodedError(coded) ? coded : { code: 'INTERNAL', remedy: null };
    const failure = { code, message, causes: coded instanceof Error ? causesOf(coded) : [], remedy };
    console.log(JSON.stringify({ schemaVersion: 1, error: failure }, null, 2));
  }
  return isCodedError(coded) && USAGE_ERRORS.has(coded.code) ? 2 : 1;
}

function list(): void {
  const others = Object.entries(LDCONFIGS).map(([name, what]) => ({ name, what }));
  const all = new Set([PROBE, ...CASES, ...FREESTANDING_CASES, ...others, ...WORKLOADS]);
  for (const { name, what } of all) console.log(`${name.padEnd(20)}${what}`);
  console.log(`\nguests: ${TARGETS.map(({ name, guest }) => `${name} (${guest})`).join(', ')}`);
}

async function run(options: Options): Promise<void> {
  const targets = targetsOf(options);
  const chosen = chooseCases([...(options.case ?? []), ...[options.accept ?? options.report ?? []].flat()]);
  assertCasesOf(targets, chosen);
  const folder = join(cacheFolder(process.env), 'conformance');
  const guests = targets.map(({ guest }) => guest);
  const { columns, early } = await openColumns(options, guests, folder);
  if (columns.length === 0) {
    note(`conformance: nothing ran: ${options.suite ?? 'the lock'} has no emulators that are new`);
    await mkdir(DIST, { recursive: true });
    await writeVerdict({ schemaVersion: 1, columns: [], failures: [], fixed: [] });
    return;
  }
  await assertMachine();
  const results = await runMatrix(
    {
      ...{ columns, targets, linkings: options.linking, ...chosen },
      probe: chosen.probe && options.guest === undefined,
    },
    { folder, state: await openState(join(folder, 'results.jsonl')), jobs: options.jobs, note },
  );
  assertRan(results);
  const accepted = likeTheirChannels(early, await readAccepted());
  const saved = await readSaved();
  const verdict = verdictOn(results, accepted, options.gate ? saved : undefined);
  await write(DIST, results);
  await writeVerdict(verdict);
  if (options.accept !== undefined)
    await writeAccepted(accept(accepted, options.accept, options.because ?? '', results));
  if (options.save) await save(results, saved);
  if (options.json)
    console.log(JSON.stringify({ ...results, failures: verdict.failures, fixed: verdict.fixed }, null, 2));
  else if (options.report !== undefined) console.log(bugReport(results, options.report, saved));
  else console.log(formatGate(verdict));
  if (options.gate && verdict.failures.length > 0) process.exitCode = 1;
}

/** @throws UnknownArchError; ConformanceError GUEST_WITHOUT_COMPILER */
function targetsOf({ guest }: Options): readonly Target[] {
  if (guest === undefined) return TARGETS;
  const names = guest.flatMap((name) => (name === 'common' ? COMMON : [name]));
  const meant = names.flatMap(targetsNamed);
  return TARGETS.filter((one) => meant.includes(one));
}

async function save(results: Results, saved: Results): Promise<void> {
  await writeAccepted(prune(await readAccepted(), results));
  await write(DOCS, merge(saved, results));
}

/** What the last saved run found. */
async function readSaved(): Promise<Results> {
  return JSON.parse(await readFile(join(DOCS, 'conformance.json'), 'utf8')) as Results;
}

async function writeVerdict(verdict: Gate): Promise<void> {
  await writeFile(join(DIST, 'gate.json'), `${JSON.stringify(verdict, null, 1)}\n`);
}

async function write(folder: string, results: Results): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'conformance.json'), `${JSON.stringify(results, null, 1)}\n`);
  await writeFile(join(folder, 'conformance.md'), asPage(results, await readAccepted()));
  await writeFile(join(folder, 'conformance.svg'), asSlowDownChart(results));
}
