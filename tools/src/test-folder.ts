import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Set-up of the whole test run (vitest.config.ts): tests make their temporary folders in one folder, which has to be
// empty at the end. vitest calls it once a project; the first call makes the folder, for all.

const MADE_BY = 'TESTS_TMPDIR';

/** Node's, for programs that ask for it: npm and tsc. https://nodejs.org/api/module.html#module-compile-cache */
const COMPILE_CACHE = 'node-compile-cache';

export function setup(): (() => void) | undefined {
  if (process.env[MADE_BY] !== undefined) return undefined;
  const before = process.env.TMPDIR;
  const folder = mkdtempSync(join(tmpdir(), 'tests-'));
  process.env[MADE_BY] = folder;
  process.env.TMPDIR = folder;
  return () => {
    delete process.env[MADE_BY];
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    const left = readdirSync(folder).filter((name) => name !== COMPILE_CACHE);
    rmSync(folder, { recursive: true });
    // A file whose tests are all left out runs none of its hooks: in the second run of continuous integration, and on
    // machines that lack a program. They leave nothing either, since the folder is gone.
    if (process.env.CI === undefined || process.env.E2E_AFTER !== undefined) return;
    if (left.length > 0) throw new Error(`tests left temporary files behind: ${left.join(', ')}`);
  };
}
