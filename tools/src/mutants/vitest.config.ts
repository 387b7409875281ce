import { configDefaults, defineConfig } from 'vitest/config';

// The tests of one folder, as Stryker runs them.
export default defineConfig({
  test: {
    include: process.env.MUTANTS_TESTS?.split(',') ?? [],
    exclude: [...configDefaults.exclude, '**/*.e2e.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    update: 'none',
  },
});
