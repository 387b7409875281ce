import { globSync } from 'node:fs';
import { basename } from 'node:path';
import { defineConfig } from 'vitest/config';

// One vitest project a workspace, named as Nx names it.
export default defineConfig({
  test: {
    // Every core: vitest leaves one free, which on two of them is half.
    maxWorkers: '100%',
    projects: globSync(['apps/*', 'libs/*', 'tools'], { cwd: import.meta.dirname }).map((root) => ({
      extends: true as const,
      test: { name: basename(root), root },
    })),
  },
});
