import { configDefaults, defineConfig } from 'vitest/config';

// The tests of one area, as Stryker runs them: it names the files.
export default defineConfig({
  test: {
    exclude: [...configDefaults.exclude, '**/*.e2e.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    update: 'none',
  },
});
