import { configDefaults, defineConfig } from 'vitest/config';

// The tests of one folder, as Stryker runs them.
export default defineConfig({
  test: {
    include: process.env.MUTANTS_TESTS?.split(',') ?? [],
    // Tests that kill a process of its own alter nothing in it, and take minutes.
    exclude: [...configDefaults.exclude, '**/*.e2e.test.ts', '**/kill.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    update: 'none',
  },
});
