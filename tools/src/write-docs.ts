import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { readLock } from '@qemu-user-static/lock';
import { asChart } from './bench/chart.ts';
import { asPage } from './bench/report.ts';
import type { Results } from './bench/results.ts';
import { readAccepted } from './conformance/accepted.ts';
import { asSlowDownChart } from './conformance/chart.ts';
import { asPage as conformancePage } from './conformance/page.ts';
import type { Results as ConformanceResults } from './conformance/results.ts';
import { renderErrors } from './errors-page.ts';
import { renderHosts } from './hosts-page.ts';
import { withHosts } from './hosts-table.ts';
import { namedFiles, PROJECT, renamed, writtenNames } from './project-names.ts';
import { ROOT } from './repository.ts';

// `npm run docs`: writes the name of the project where people copy it from, and the pages that are generated from the code.
const written = writtenNames();
for (const file of namedFiles()) {
  const path = resolve(ROOT, file);
  const text = await readFile(path, 'utf8');
  const now = renamed(text, written, PROJECT);
  if (now !== text) await writeFile(path, now);
}

await writeFile(resolve(ROOT, 'docs/errors.md'), renderErrors());

const readme = resolve(ROOT, 'README.md');
const lock = await readLock(resolve(ROOT, 'sources.lock.json'));
await writeFile(readme, withHosts(await readFile(readme, 'utf8'), lock));
await writeFile(resolve(ROOT, 'docs/hosts.md'), renderHosts(lock));

// The figures are those of the last `npm run bench -- --save`; the page around them may have changed.
const results = JSON.parse(await readFile(resolve(ROOT, 'docs/benchmarks.json'), 'utf8')) as Results;
await writeFile(resolve(ROOT, 'docs/benchmarks.md'), asPage(results));
await writeFile(resolve(ROOT, 'docs/benchmarks.svg'), asChart(results));

// The same for those of the last `npm run conformance -- --save`.
const found = JSON.parse(
  await readFile(resolve(ROOT, 'docs/conformance.json'), 'utf8'),
) as ConformanceResults;
await writeFile(resolve(ROOT, 'docs/conformance.md'), conformancePage(found, await readAccepted()));
await writeFile(resolve(ROOT, 'docs/conformance.svg'), asSlowDownChart(found));
