import { configDefaults, defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Runs slow tests last, because faster tests kill most mutants and the slow ones then need not run. */
const SLOW = [
  'alerts/alerts-compared',
  'cases/cases',
  'window/phases',
  'judge/elastic-truth',
  'judge/corrupted-evidence',
].map((name) => `slas/${name}.test.ts`);
const rank = ({ moduleId }: TestSpecification) => SLOW.findIndex((file) => moduleId.endsWith(file));

class QuickestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]) {
    return files.toSorted((a, b) => rank(a) - rank(b));
  }
}

/** The tests that run against mutants: tests of the core that start no process and no long simulation. */
export default defineConfig({
  test: {
    include: ['slas/**/*.test.ts'],
    exclude: [
      ...configDefaults.exclude,
      'slas/alerts/alerts-agree.test.ts',
      'slas/prometheus/prometheus.test.ts',
      'slas/prometheus/alerts.test.ts',
      'slas/prometheus/promql.test.ts',
      'slas/alerts/rules/rules.test.ts',
    ],
    sequence: { sequencer: QuickestFirst },
    retry: 0,
    testTimeout: 60_000,
  },
});
