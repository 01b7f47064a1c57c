import { configDefaults, defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Slow tests last: most mutants die before, and the rest need not run. */
const SLOW = ['alerts', 'cases', 'phases', 'elastic-fooled', 'never-fooled'].map(
  (name) => `slas/${name}.test.ts`,
);
const rank = ({ moduleId }: TestSpecification) => SLOW.findIndex((file) => moduleId.endsWith(file));

class QuickestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]) {
    return files.toSorted((a, b) => rank(a) - rank(b));
  }
}

/** The tests that mutants are tried on: those of the core that start no process and simulate nothing for long. */
export default defineConfig({
  test: {
    include: ['slas/**/*.test.ts'],
    exclude: [
      ...configDefaults.exclude,
      'slas/alerts-agree.test.ts',
      'slas/prometheus.test.ts',
      'slas/prometheus-alerts.test.ts',
      'slas/promql.test.ts',
      'slas/rules.test.ts',
      'slas/simulation.test.ts',
    ],
    sequence: { sequencer: QuickestFirst },
    retry: 0,
    testTimeout: 60_000,
  },
});
