import { globSync } from 'node:fs';
import { basename } from 'node:path';
import { configDefaults, defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { e2eEnvironment } from './tools/src/e2e/places.ts';
import { allBut, endedIn, readReport } from './tools/src/test-report.ts';

/** Tests that change the machine's one table of interpreters, or use its container engines. */
const E2E = '**/*.e2e.test.ts';

/** A minute and more: begun last, it would be waited for with one core idle. */
const LONG = /\/workflows\/release\.test\.ts$/;

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.sort((a, b) => Number(LONG.test(b.moduleId)) - Number(LONG.test(a.moduleId)));
  }
}

const { E2E_AFTER } = process.env;

// One vitest project a workspace, named as Nx names it, and at the end `e2e`.
export default defineConfig({
  test: {
    // Every core: vitest leaves one free, which on two of them is half.
    maxWorkers: '100%',
    maxConcurrency: 2,
    // Far more than any test takes: a busy machine does not fail them.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    sequence: { sequencer: LongestFirst },
    // A file to compare with that is missing is a failure everywhere, not in CI alone; -u writes it.
    update: 'none',
    globalSetup: 'tools/src/test-folder.ts',
    ...(E2E_AFTER !== undefined && { testNamePattern: allBut(endedIn(await readReport(E2E_AFTER))) }),
    projects: [
      ...globSync(['apps/*', 'libs/*', 'tools'], { cwd: import.meta.dirname }).map((root) => ({
        extends: true as const,
        test: { name: basename(root), root, exclude: [...configDefaults.exclude, E2E] },
      })),
      {
        extends: true as const,
        test: {
          name: 'e2e',
          include: [E2E],
          // One file at a time, and only when all others are done.
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          setupFiles: ['tools/src/e2e/only-one.ts'],
          env: e2eEnvironment(process.env),
        },
      },
    ],
  },
});
