import { createHash } from 'node:crypto';
import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Status } from '../mutant.ts';

/** By part of the script: what the results are of, and each alteration's by its place. */
export type Results = Record<string, { readonly scope: string; readonly statuses: Record<string, Status> }>;

export async function resultsIn(file: string): Promise<Results> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Results;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

/** The hash of all that a result depends on: the script, its tests, and what both are made with. */
export async function known(root: string, part: string, tests: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(part);
  const more = [
    'apps/register/src/{script,testing}/**/*.*',
    'apps/register/src/*.ts',
    'tools/src/mutants/shell/*.ts',
  ];
  const files = more
    .flatMap((glob) => globSync(glob, { cwd: root }))
    .filter((file) => !file.endsWith('.test.ts'));
  for (const file of [...files.sort(), ...tests])
    hash.update(file).update(await readFile(resolve(root, file)));
  return hash.digest('hex');
}
