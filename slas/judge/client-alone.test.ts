import { expect, test } from 'vitest';
import { rulesOf } from '../alerts/rules/rules.ts';
import { compare } from '../compare/compare.ts';
import { percentilesOf } from '../compare/percentiles.ts';
import { analysePower, tooShort } from '../plan/power-analysis.ts';
import { selectorsOfPlan } from '../prometheus/promql.ts';
import { renderJUnit } from '../render/junit.ts';
import { renderMarkdown } from '../render/markdown.ts';
import { renderText } from '../render/text.ts';
import { type Judged, readCaseFiles } from '../testing/cases.ts';
import { judge } from './judge.ts';

/** A latency without a histogram in every output and use of a verdict. cases/without-histogram.yaml covers how it is judged. */

const cases = readCaseFiles().get('without-histogram.yaml')!;
const caseOf = (name: string) => cases.find((one) => one.name === name)!.build();
const sure = caseOf('with a confidence, clearly within the limit');

const verdictOf = ({ plan, run, evidence }: Judged) => judge(plan, run, evidence);

test('a latency without a histogram has no bucket queries and no alerting rule', () => {
  const { plan, document } = sure;
  expect(selectorsOfPlan(plan).filter((selector) => selector.includes('_bucket'))).toEqual([]);
  const watched = rulesOf(document).flatMap(({ rules }) => rules.map(({ labels }) => labels?.objective));
  expect(watched).toContain('error-rate');
  expect(watched).not.toContain('latency-p95');
  expect(plan.alerts!.rules.map(({ objective }) => objective)).not.toContain('latency-p95');
});

test('every output says that it was measured client-side only', () => {
  const { plan } = sure;
  const verdict = verdictOf(sure);
  const told = 'judged by client-side latency alone';
  expect(renderText(verdict, plan, { colour: false, isVerbose: true })).toContain(told);
  expect(renderMarkdown(verdict, plan)).toContain('p95');
  expect(renderJUnit(verdict)).toContain('judged by client-side latency alone');
  expect(verdict.objectives[0]).toMatchObject({ client: { samples: 1500 }, query: '', bucket: null });
});

test('its flip point, minimum detectable effect and power analysis come from the client record', () => {
  const { plan } = sure;
  const verdict = verdictOf(sure);
  const [flip] = verdict.flips!;
  // Ten of 500 responses take 250 ms, the others 50 ms. Four times as slow, all of them would be over the limit.
  expect(flip).toMatchObject({ id: 'latency-p95', what: 'slower', from: 'met' });
  expect(flip).toHaveProperty('otherAt', expect.closeTo(4, 1));
  expect(verdict.objectives[0]!.interval!.low).toBeGreaterThan(0.95);
  expect(analysePower(plan, plan.load!)[0]).toMatchObject({ id: 'latency-p95', plannedWhat: 'requests' });
  expect(tooShort(plan, plan.load!)).toEqual([]);
});

test('two runs are compared by the percentiles that the client measured', () => {
  const slower = caseOf('beyond the alert threshold');
  const [before, now] = [sure, slower].map(({ plan, run, evidence }) => ({
    percentiles: percentilesOf(plan, run, evidence),
    verdict: judge(plan, run, evidence),
  }));
  expect(before!.percentiles['latency-p95']).toMatchObject({ valueSeconds: 0.05 });
  const baseline = {
    schema: 'sla-harness/baseline/v1' as const,
    manifestSha256: 'a hash',
    environment: {},
    ...before!,
  };
  const { objectives } = compare(baseline, { plan: slower.plan, environment: {}, ...now! });
  expect(objectives[0]).toMatchObject({
    before: { value: 0.05 },
    now: { value: 0.35 },
    change: 'worse',
  });
  const same = compare(baseline, { plan: sure.plan, environment: {}, ...before! });
  expect(same.objectives[0]).toMatchObject({ change: 'within-noise' });
});

test('an empty record decides nothing', () => {
  const { plan, run, evidence } = sure;
  const { client, ...load } = run.load!;
  const none = { startSeconds: new Float64Array(), durationSeconds: new Float64Array() };
  const columns = { blockedSeconds: new Float64Array(), status: new Uint16Array(), path: new Uint16Array() };
  const empty = { ...client!, ...none, ...columns, paths: [] };
  const verdict = judge(plan, { ...run, load: { ...load, client: empty } }, evidence);
  expect(verdict.objectives[0]).toMatchObject({
    verdict: 'undecided',
    reasons: [{ code: 'client-alone', params: { lacks: 'requests' } }],
  });
  expect(verdict.verdict).toBe('inconclusive');
});
