import { defineConfig } from 'vitest/config';

const FILES = '{service,loadtests,slas,dashboards,scripts}/**/*.test.ts';
/** They need a Kubernetes cluster, which only `./sla test --kubernetes` provides. */
const CLUSTER = 'scripts/**/*.cluster.test.ts';
const CORE = '{loadtests,slas,dashboards}/**/*.test.ts';

/**
 * Tests that measure speed, or expect a real run to pass: other tests on the same cores could change their
 * results.
 */
const ALONE = [
  'scripts/bench/bench.test.ts',
  'scripts/e2e/adoption.test.ts',
  'scripts/e2e/adoption-languages.test.ts',
  'scripts/e2e/any-script.test.ts',
  'scripts/e2e/capacity.test.ts',
  'scripts/e2e/containers.test.ts',
  'scripts/e2e/gate.test.ts',
  'scripts/e2e/gate-image.test.ts',
  'scripts/e2e/installed.test.ts',
  'scripts/e2e/own-script.test.ts',
  'scripts/e2e/servers.test.ts',
  'scripts/e2e/stack.test.ts',
  'scripts/e2e/tutorial.test.ts',
  'scripts/e2e/until-decided.test.ts',
  'service/classifier/priority.test.ts',
];

/** The first group runs two files at a time, the second group one file at a time. */
const TWO_AT_A_TIME = { maxWorkers: 2, sequence: { groupOrder: 0 } };
const ONE_AT_A_TIME = { maxWorkers: 1, sequence: { groupOrder: 1 } };
const ON_THE_CLUSTER = { maxWorkers: 1, sequence: { groupOrder: 2 } };

/**
 * In a group, the projects start in the order of their names: first the tests of processes, which wait for loads, scrapes and
 * starts. The core's tests keep no state between files, so they share workers and load the core once per worker.
 */
export default defineConfig({
  test: {
    retry: 0,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: '1-processes',
          include: [FILES],
          exclude: [CORE, CLUSTER, ...ALONE],
          ...TWO_AT_A_TIME,
        },
      },
      { extends: true, test: { name: '2-core', include: [CORE], isolate: false, ...TWO_AT_A_TIME } },
      { extends: true, test: { name: '3-alone', include: ALONE, ...ONE_AT_A_TIME } },
      // Without a cluster the project has no files, rather than tests that are skipped.
      ...(process.env.SLA_CLUSTER === '1'
        ? [{ extends: true as const, test: { name: '4-cluster', include: [CLUSTER], ...ON_THE_CLUSTER } }]
        : []),
    ],
  },
});
