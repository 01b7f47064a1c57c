import { describe, expect, test } from 'vitest';
import { judge } from '../../slas/judge/judge.ts';
import { verdictDocument } from '../../slas/render/json.ts';
import { healthy } from '../../slas/testing/cases.ts';
import { expectVerdict, explainIfBusy, explainIfPrintedLate } from './verdict.ts';

const verdictWith = (load: Record<string, number>) => {
  const { plan, run, evidence } = healthy({ load });
  return verdictDocument(judge(plan, run, evidence));
};
const wrong = () => expect('undecided').toBe('met');
const QUIET = 0.5;

describe('a failing check of a verdict', () => {
  test('names the late load generator, and quotes the check', () => {
    expect(() => explainIfBusy(verdictWith({ late: 0.4 }), wrong, QUIET)).toThrow(
      /too busy for the run: generator-on-time: .*Run the test again on a quiet machine.*expected 'undecided' to be 'met'/s,
    );
  });

  test('names dropped requests', () => {
    expect(() => explainIfBusy(verdictWith({ dropped: 30, sent: 1470 }), wrong, QUIET)).toThrow(
      /too busy for the run: load-delivered: /,
    );
  });

  test('names the processes that waited for the CPU', () => {
    expect(() => explainIfBusy(verdictWith({}), wrong, 10)).toThrow(/10\.0 processes per core/);
  });

  test('names what a printed verdict says of a late load generator', () => {
    const printed =
      '  ✓ 16 checks passed\n  ✗ generator-on-time: 99% of iterations started at most 104 ms late\n';
    expect(() => explainIfPrintedLate(printed, wrong)).toThrow(
      /too busy for the run: generator-on-time: 99% .* late\. Run the test again.*expected 'undecided' to be 'met'/s,
    );
    expect(() => explainIfPrintedLate('  ✓ 17 checks passed\n', wrong)).toThrow(/^expected 'undecided'/);
  });

  test('fails unchanged on an idle machine', () => {
    expect(() => explainIfBusy(verdictWith({}), wrong, QUIET)).toThrow(/^expected 'undecided' to be 'met'/);
  });
});

test('a check that passes on a busy machine does not fail', () => {
  explainIfBusy(verdictWith({ late: 0.4 }), () => {}, 10);
});

test('a command without a verdict shows its output instead', () => {
  expect(() => expectVerdict({ code: 4, stdout: '', stderr: 'k6 cannot run' })).toThrow(/k6 cannot run/);
});
