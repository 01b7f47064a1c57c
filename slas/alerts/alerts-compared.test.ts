import { describe, expect, test } from 'vitest';
import { judge } from '../judge/judge.ts';
import type { HeldAlert, ObjectiveVerdict, PlannedAlert, Reading, Series } from '../model/model.ts';
import { ORIGIN_SECONDS } from '../testing/case-text.ts';
import { healthy } from '../testing/cases.ts';
import { holdAlerts } from './cross-check.ts';

/**
 * Hand-made alerts with hand-made outcomes; whole verdicts are in cases/alerts.yaml. Times are seconds of the
 * run.
 */

const { plan, run, evidence } = healthy();
const objectives = judge(plan, run, evidence).objectives;

const rule = (name: string, objective: string): PlannedAlert => ({
  ...{ name, objective, threshold: 'target', forSeconds: 0, judged: [objective] },
});
const RULES = [rule('SlowTarget', 'latency-p95'), rule('ErrorTarget', 'error-rate')];

const reading = (selector: string, series: readonly Series[], stepSeconds?: number): Reading => ({
  ...{ selector, query: selector, atSeconds: 1000, series, warnings: [], error: null },
  ...(stepSeconds === undefined ? {} : { first: { fromSeconds: ORIGIN_SECONDS, stepSeconds } }),
});
const firing = (alertname: string, ...times: readonly number[]): Series => ({
  labels: { alertname, alertstate: 'firing', severity: 'info' },
  samples: times.map((at) => [ORIGIN_SECONDS + at, '1']),
});
const RECORDED = RULES.map(
  ({ objective, threshold }): Series => ({
    labels: { __name__: 'sla:bad_share:over10s', objective, threshold },
    samples: [[run.window.fromSeconds, '0']],
  }),
);

function held(
  states: readonly Series[],
  changes: Readonly<Record<string, Partial<ObjectiveVerdict>>> = {},
  stepSeconds?: number,
): readonly HeldAlert[] {
  const alerts = [reading('states', states, stepSeconds), reading('recorded', RECORDED)];
  const asked = { ...plan, alerts: { states: 'states', recorded: 'recorded', rules: RULES } };
  const outcomes = objectives.map((one) => ({ ...one, ...changes[one.id] }));
  return holdAlerts(asked, run, { ...evidence, alerts }, outcomes).alerts!.held!;
}
const stretches = (all: readonly HeldAlert[]) =>
  all.map(({ id, firing: times }) => [
    id,
    ...times.map(({ from, to }) =>
      [from, to].map((time) => Date.parse(time) / 1000 - ORIGIN_SECONDS).join('..'),
    ),
  ]);
const MISSED = { verdict: 'missed', severity: 'target' } as const;

describe('an alert is reported as firing', () => {
  test('continuously between times that are one step apart', () => {
    const times = [20, 25, 30, 45];
    expect(stretches(held([firing('SlowTarget', ...times)], {}, 5))).toEqual([
      ['SlowTarget', '20..30', '45..45'],
    ]);
    expect(stretches(held([firing('SlowTarget', ...times)], {}, 1))).toEqual([
      ['SlowTarget', '20..20', '25..25', '30..30', '45..45'],
    ]);
  });
  test('at times one second apart, if the step is unknown', () => {
    expect(stretches(held([firing('SlowTarget', 20, 21, 24)]))).toEqual([['SlowTarget', '20..21', '24..24']]);
  });
  test('continuously between times up to one and a half steps apart', () => {
    expect(stretches(held([firing('SlowTarget', 20, 26, 32.5)], {}, 4))).toEqual([
      ['SlowTarget', '20..26', '32.5..32.5'],
    ]);
  });
});

test('alerts are listed by start time, then by name', () => {
  const [slow, error, other] = [firing('SlowTarget', 20), firing('ErrorTarget', 20), firing('AnyOther', 30)];
  const names = ['ErrorTarget', 'SlowTarget', 'AnyOther'];
  expect(held([slow, error, other]).map(({ id }) => id)).toEqual(names);
  expect(held([other, error, slow]).map(({ id }) => id)).toEqual(names);
});

test('an alert that fired does not hide another alert that should have fired', () => {
  const both = { 'latency-p95': MISSED, 'error-rate': { ...MISSED, alert: null } };
  expect(held([firing('SlowTarget', 20, 21)], both)).toMatchObject([
    { id: 'SlowTarget', agrees: true, reasons: [{ code: 'alert-judged' }] },
    { id: 'ErrorTarget', agrees: false, reasons: [{ code: 'alert-judged' }, { code: 'alert-silent' }] },
  ]);
});
