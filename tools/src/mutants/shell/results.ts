import { createHash } from 'node:crypto';
import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

/** How one alteration fared: the test file that noticed it, or `null` if none did. */
export type NoticedBy = string | null;

/** What was found about one part of the script. */
export interface Results {
  /** The hash of the script and of all that its tests use. */
  readonly scope: string;
  /** The hash of each test file that ran. */
  readonly tests: Tests;
  /** By place and operator. */
  readonly noticed: Readonly<Record<string, NoticedBy>>;
}

/** Nothing where no run has been. */
export async function resultsIn(file: string): Promise<Results | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Results;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The hash of all that a result depends on but the tests: the script, and what both are made with. */
export function scopeOf(root: string): Promise<string> {
  const globs = ['apps/register/src/{script,testing}/**/*.*', 'apps/register/src/*.ts'];
  const files = globs.flatMap((glob) => globSync(glob, { cwd: root }));
  return hashOf(
    root,
    files.filter((file) => !file.endsWith('.test.ts')),
  );
}

/** The hash of each file. */
export async function hashesOf(root: string, files: readonly string[]): Promise<Record<string, string>> {
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [file, await hashOf(root, [file])] as const)),
  );
}

async function hashOf(root: string, files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of [...files].sort()) hash.update(file).update(await readFile(resolve(root, file)));
  return hash.digest('hex');
}

/** Test files and their hashes, in the order in which they run. */
type Tests = Readonly<Record<string, string>>;

/** What an earlier run found that these tests would find as well. */
export function stillTrue(earlier: Results | undefined, tests: Tests): Record<string, NoticedBy> {
  const same = (file: string) => earlier?.tests[file] === tests[file];
  const all = Object.keys(tests).every(same);
  return Object.fromEntries(
    Object.entries(earlier?.noticed ?? {}).filter(([, by]) =>
      by === null ? all : tests[by] !== undefined && same(by),
    ),
  );
}

/** The files that have to run for an alteration: those that let it pass before need not run again. */
export function leftToRun(earlier: Results | undefined, key: string, tests: Tests): string[] {
  const files = Object.keys(tests);
  if (earlier?.noticed[key] !== null) return files;
  return files.filter((file) => earlier.tests[file] !== tests[file]);
}
