#!/usr/bin/env node
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { HOST_PLATFORMS, type HostPlatform } from '@qemu-user-static/arch-table';
import { Command, Option } from 'commander';
import { platformsInsteadOf, positive } from '../option-values.ts';
import { ROOT } from '../repository.ts';
import { measureBuilding } from './building.ts';
import { asChart } from './chart.ts';
import { measureClients } from './clients.ts';
import { measureGrowth } from './growth.ts';
import { measureLimits } from './limits.ts';
import { measurePublishing } from './publishing.ts';
import { measurePulling } from './pulling.ts';
import { measureRebuilding } from './rebuilding.ts';
import { measureRegistering } from './registering.ts';
import { asPage, asText } from './report.ts';
import { circumstances, type Ran, type Results } from './results.ts';
import { measureSizes } from './sizes.ts';
import { openWorkshop } from './workshop.ts';

// `npm run bench`: ours against what a user would pick instead, in one run. docs/benchmarks.md has the rest.

const PARTS = {
  size: measureSizes,
  building: measureBuilding,
  rebuilding: measureRebuilding,
  publishing: measurePublishing,
  pulling: measurePulling,
  clients: measureClients,
  registering: measureRegistering,
  growth: measureGrowth,
  limits: measureLimits,
} as const;
type PartName = keyof typeof PARTS;
const NAMES = Object.keys(PARTS) as PartName[];

interface Options {
  readonly only: PartName[];
  readonly repeat: number;
  readonly quick?: true;
  readonly platform: readonly HostPlatform[];
  readonly save?: true;
  readonly json?: true;
}

const options = new Command('bench')
  .description(
    'measures this project beside what a user would pick instead; as root, after tools/src/e2e/set-up.ts',
  )
  .addOption(new Option('--only <name...>', 'only these parts').choices(NAMES).default(NAMES, 'all'))
  .option('--repeat <number>', 'how often each is run; the median counts', positive, 3)
  .option('--quick', 'one run of each')
  .option(
    '--platform <name...>',
    'only these host platforms',
    platformsInsteadOf(HOST_PLATFORMS),
    HOST_PLATFORMS,
  )
  .option('--save', 'write docs/benchmarks.json, .md and .svg; parts that were not run stay')
  .option('--json', 'print the results as JSON')
  .parse()
  .opts<Options>();

const note = (text: string) => process.stderr.write(`${text}\n`);
const repeat = options.quick ? 1 : options.repeat;
const workshop = await openWorkshop(options.platform);
// An interrupted run leaves no engine and no registry behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void workshop.close().finally(() => process.exit(1)));

const sections: Record<string, Ran> = {};
try {
  for (const name of options.only) {
    const where = circumstances(repeat);
    note(`${name}:`);
    sections[name] = { ...(await PARTS[name](workshop, { repeat, note })), ...where };
    if (!options.json) process.stdout.write(`${asText(sections[name])}\n\n`);
    await write(resolve(ROOT, 'dist/bench'), { sections });
  }
} finally {
  await workshop.close();
}
if (options.json) process.stdout.write(`${JSON.stringify({ sections }, null, 2)}\n`);
if (options.save) {
  const docs = resolve(ROOT, 'docs');
  const before = await readFile(resolve(docs, 'benchmarks.json'), 'utf8').catch(() => '{"sections":{}}');
  const all = { ...(JSON.parse(before) as Results).sections, ...sections };
  await write(docs, {
    sections: Object.fromEntries(NAMES.flatMap((name) => (all[name] ? [[name, all[name]]] : []))),
  });
}

async function write(folder: string, results: Results): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(resolve(folder, 'benchmarks.json'), `${JSON.stringify(results, null, 2)}\n`);
  await writeFile(resolve(folder, 'benchmarks.svg'), asChart(results));
  await writeFile(resolve(folder, 'benchmarks.md'), asPage(results));
}
