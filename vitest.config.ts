import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{service,loadtests,slas,dashboards,scripts}/**/*.test.ts'],
    retry: 0,
    // Tests that start real processes share two cores: running one file at a time keeps their timing
    // realistic.
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
