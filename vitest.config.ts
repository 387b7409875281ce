import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: ['apps/*', 'libs/*', 'tools'].map((folder) => ({
      extends: true as const,
      test: { root: folder },
    })),
  },
});
