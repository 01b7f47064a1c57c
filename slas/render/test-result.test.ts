import { expect, test } from 'vitest';
import { judge } from '../judge/judge.ts';
import { readCaseFiles } from '../testing/cases.ts';
import { testResultOf } from './test-result.ts';

const SUBJECT = [{ digest: { gitCommit: 'd20ace7968ba43c0219f62d71334c1095bab1602' } }];

test('in every judging case, only a pass is PASSED or WARNED, and a pass lists no failed test', () => {
  const results = new Set<string>();
  for (const [file, cases] of readCaseFiles()) {
    for (const { name, build } of cases) {
      const { plan, run, evidence } = build();
      const verdict = judge(plan, run, evidence);
      const { predicate } = testResultOf(verdict, SUBJECT, [], null);
      const { result, passedTests, warnedTests, failedTests } = predicate;
      results.add(`${verdict.verdict} ${result}`);
      const counted = [...passedTests, ...warnedTests, ...failedTests].filter(
        (one) => !one.startsWith('pre'),
      );
      expect(counted.toSorted(), `${file}: ${name}`).toEqual(
        verdict.objectives.map(({ id }) => id).toSorted(),
      );
      if (result !== 'FAILED') expect(failedTests, `${file}: ${name}`).toEqual([]);
    }
  }
  expect([...results].toSorted()).toEqual([
    'fail FAILED',
    'inconclusive FAILED',
    'pass PASSED',
    'pass WARNED',
  ]);
});
