import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { asChart } from './bench/chart.ts';
import { asPage } from './bench/report.ts';
import type { Results } from './bench/results.ts';
import { renderErrors } from './errors-page.ts';
import { ROOT } from './repository.ts';

// `npm run docs`: writes the pages that are generated from the code.
await writeFile(resolve(ROOT, 'docs/errors.md'), renderErrors());

// What a run of `npm run bench -- --save` found stays; how it is told may have changed.
const results = JSON.parse(await readFile(resolve(ROOT, 'docs/benchmarks.json'), 'utf8')) as Results;
await writeFile(resolve(ROOT, 'docs/benchmarks.md'), asPage(results));
await writeFile(resolve(ROOT, 'docs/benchmarks.svg'), asChart(results));
