import { defineConfig } from 'vitest/config';

const FILES = '{service,loadtests,slas,dashboards,scripts}/**/*.test.ts';
/** They need a Kubernetes cluster, which only `./sla test --kubernetes` provides. */
const CLUSTER = 'scripts/**/*.cluster.test.ts';
const CORE = '{loadtests,slas,dashboards}/**/*.test.ts';

/** Tests of the command line and of runs that keep no state between files: like the core's, they share workers. */
const SHARED =
  'scripts/{capacity,ci,cli,mutation,package,run,runs,selftest,stack,testing,tools}/**/*.test.ts';

/** It installs and builds services in other languages first, and lasts longest, so it starts before the other gates. */
const GATES_WITH_BUILDS = ['scripts/e2e/adoption-languages.test.ts'];

/** Gates of services that need little CPU. They wait for their loads, so several run at the same time, but nothing else does. */
const GATES = [
  'scripts/e2e/adoption.test.ts',
  'scripts/e2e/any-script.test.ts',
  'scripts/e2e/capacity.test.ts',
  'scripts/e2e/capacity-replicas.test.ts',
  'scripts/e2e/deduplication.test.ts',
  'scripts/e2e/gate-image.test.ts',
  'scripts/e2e/installed.test.ts',
  'scripts/e2e/servers.test.ts',
  'scripts/e2e/traffic-history.test.ts',
  'scripts/e2e/tutorial.test.ts',
  'scripts/e2e/until-decided.test.ts',
];

/**
 * Tests that expect a run of the sentiment service to pass, or measure speed: other tests on the same cores could change their
 * results.
 */
const ALONE = [
  'scripts/e2e/containers.test.ts',
  'scripts/e2e/gate.test.ts',
  'scripts/e2e/own-script.test.ts',
  'scripts/e2e/stack.test.ts',
  'service/classifier/priority.test.ts',
];

/** Groups, one after the other. */
const FIRST = { maxWorkers: 2, sequence: { groupOrder: 0 } };
const SECOND = { maxWorkers: 3, sequence: { groupOrder: 1 } };
const LAST = { maxWorkers: 1, sequence: { groupOrder: 2 } };
/** A gate and its load generators need most of a core while they start. */
const ON_THE_CLUSTER = { maxWorkers: 1, maxConcurrency: 2, sequence: { groupOrder: 3 } };

/**
 * In a group, the projects start in the order of their names: first the tests of processes, which wait for loads, scrapes and
 * starts. Where files keep no state, they share workers, which load our modules once.
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
          exclude: [CORE, CLUSTER, SHARED, ...GATES_WITH_BUILDS, ...GATES, ...ALONE],
          ...FIRST,
        },
      },
      {
        extends: true,
        test: { name: '2-shared', include: [SHARED], exclude: [CLUSTER], isolate: false, ...FIRST },
      },
      { extends: true, test: { name: '3-core', include: [CORE], isolate: false, ...FIRST } },
      { extends: true, test: { name: '4-builds', include: GATES_WITH_BUILDS, maxConcurrency: 3, ...SECOND } },
      { extends: true, test: { name: '5-gates', include: GATES, maxConcurrency: 3, ...SECOND } },
      { extends: true, test: { name: '6-alone', include: ALONE, ...LAST } },
      // Without a cluster the project has no files, rather than tests that are skipped.
      ...(process.env.SLA_CLUSTER === '1'
        ? [{ extends: true as const, test: { name: '7-cluster', include: [CLUSTER], ...ON_THE_CLUSTER } }]
        : []),
    ],
  },
});
