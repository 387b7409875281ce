import { globSync } from 'node:fs';
import { basename } from 'node:path';
import { defineConfig } from 'vitest/config';

// One vitest project a workspace, named as Nx names it.
export default defineConfig({
  test: {
    // Every core: vitest leaves one free, which on two of them is half.
    maxWorkers: '100%',
    maxConcurrency: 2,
    // Far more than any test takes: a busy machine is no failure.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: globSync(['apps/*', 'libs/*', 'tools'], { cwd: import.meta.dirname }).map((root) => ({
      extends: true as const,
      test: { name: basename(root), root },
    })),
  },
});
