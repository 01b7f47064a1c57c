import { describe, expect, test } from 'vitest';
import type { Evidence } from '../model/model.ts';
import type { VerdictDocument } from '../render/json.ts';
import type { ExpectedObjective } from '../testing/case-text.ts';
import { ORIGIN_SECONDS } from '../testing/case-text.ts';
import { type JudgingCase, readCaseFiles } from '../testing/cases.ts';
import { judgeInWords, type ObjectiveInWords } from '../testing/judge-in-words.ts';
import { verdictOf } from '../testing/judged-cases.ts';

/** Reads and judges every file of cases/, and compares the outcome with the expected one. */

const outcome = ({ verdict, severity }: ObjectiveInWords) =>
  severity === null ? verdict : `${verdict} ${severity}`;

function expectObjective(actual: ObjectiveInWords, expected: ExpectedObjective): void {
  const told = `${actual.id} (${actual.reason})`;
  expect(outcome(actual), told).toBe(expected.is);
  if (expected.value !== undefined) expect(actual.value, told).toBeCloseTo(expected.value, 6);
  if (expected.share !== undefined) expect(actual.share, told).toBeCloseTo(expected.share, 6);
  if (expected.bucket !== undefined) expect(actual.bucket, told).toEqual(expected.bucket);
  if (expected.samples !== undefined) expect(actual.samples, told).toBe(expected.samples);
  if (expected.uncounted !== undefined) expect(actual.uncounted ?? 0, told).toBe(expected.uncounted);
  expectCertainty(actual, expected, told);
  if (expected.steady !== undefined) expect(actual.steadiness, told).toBe(expected.steady);
  if (expected.covers !== undefined) expect(actual.covered?.seconds ?? null, told).toBe(expected.covers);
  if (expected.says !== undefined) expect(actual.reason).toContain(expected.says);
  expect(actual.value === null, `${told}: a value, unless it is undecided`).toBe(
    actual.verdict === 'undecided',
  );
  expect(actual.reason).not.toBe('');
}

function expectCertainty(actual: ObjectiveInWords, expected: ExpectedObjective, told: string): void {
  if (expected.interval === null) expect(actual.interval, told).toBeNull();
  else if (expected.interval !== undefined) {
    expect(actual.interval?.low, told).toBeCloseTo(expected.interval[0], 5);
    expect(actual.interval?.high, told).toBeCloseTo(expected.interval[1], 5);
  }
  if (expected.margin !== undefined) expect(actual.margin, told).toBeCloseTo(expected.margin, 6);
  if (expected.near !== undefined) expect(actual.nearLimit, told).toBe(expected.near);
  if (expected.detectable !== undefined) expect(actual.detectable, told).toBeCloseTo(expected.detectable, 5);
  if (expected.needed !== undefined) expect(actual.needed, told).toEqual(expected.needed);
  // An interval contains the measured value, and lies on the matching side of the limit.
  if (actual.interval !== null && actual.value !== null) {
    const measured = actual.share ?? actual.value;
    expect(actual.interval.low, told).toBeLessThanOrEqual(measured);
    expect(actual.interval.high, told).toBeGreaterThanOrEqual(measured);
  }
  if (actual.nearLimit) expect(actual.interval, told).not.toBeNull();
  // To meet the limit, at least this many requests are needed, all of them good.
  const { more80, moreIfNoneBad } = actual.needed ?? { more80: null, moreIfNoneBad: null };
  if (more80 !== null && moreIfNoneBad !== null && actual.margin! > 0)
    expect(more80, told).toBeGreaterThanOrEqual(moreIfNoneBad);
}

function expectObjectives(
  verdict: VerdictDocument,
  objectives: NonNullable<JudgingCase['expect']['objectives']>,
): void {
  for (const actual of verdict.objectives) {
    const expected = objectives[actual.id] ?? objectives.others;
    if (expected !== undefined)
      expectObjective(actual, typeof expected === 'string' ? { is: expected } : expected);
  }
  const known = [...verdict.objectives.map(({ id }) => id), 'others'];
  expect(known, 'a case names an objective that the document lacks').toEqual(
    expect.arrayContaining(Object.keys(objectives)),
  );
}

function expectPreconditions(
  verdict: VerdictDocument,
  expected: NonNullable<JudgingCase['expect']['preconditions']>,
) {
  for (const [id, wanted] of Object.entries(expected)) {
    const actual = verdict.preconditions.find((one) => one.id === id);
    const { ok, says } = typeof wanted === 'object' && wanted !== null ? wanted : { ok: wanted, says: '' };
    expect(actual, `there is no precondition ${id}`).toBeDefined();
    expect(actual!.ok, `${id}: ${actual!.detail}`).toBe(ok);
    expect(actual!.detail).toContain(says);
  }
}

function expectAlerts(
  { alerts }: VerdictDocument,
  evidence: Evidence,
  { alerts: expected, alertsSay }: JudgingCase['expect'],
): void {
  expect(alerts === undefined, 'alerts are reported if and only if they were queried').toBe(
    evidence.alerts === undefined,
  );
  if (alertsSay !== undefined) expect(alerts?.detail).toContain(alertsSay);
  if (expected === null) expect(alerts!.held).toBeNull();
  if (expected === undefined || expected === null) return;
  expect(alerts!.held?.map(({ id }) => id)).toEqual(Object.keys(expected));
  for (const { id, agrees, severity, firing, note } of alerts!.held!) {
    const wanted = expected[id]!;
    expect(agrees, `${id}: ${note}`).toBe(wanted.agrees);
    if (wanted.severity !== undefined) expect(severity).toBe(wanted.severity);
    const seconds = (at: string) => Number((Date.parse(at) / 1000 - ORIGIN_SECONDS).toFixed(1));
    const fired = firing.map(({ from, to }) => `${seconds(from)}..${seconds(to)}`).join(' ');
    if (wanted.firing !== undefined) expect(fired, id).toBe(wanted.firing);
    expect(note).toContain(wanted.says ?? '');
  }
}

for (const [file, cases] of readCaseFiles()) {
  describe(file, () => {
    test.each(cases)('$name', (one) => {
      const { build, expect: expected, because } = one;
      expect(because, 'a case must say why').toMatch(/\S/);
      const { plan, run, evidence } = build();
      const verdict = verdictOf(one);
      expectObjectives(verdict, expected.objectives ?? {});
      expectPreconditions(verdict, expected.preconditions ?? {});
      expectAlerts(verdict, evidence, expected);
      expect(verdict.verdict, verdict.summary).toBe(expected.verdict);
      expect(verdict.summary).toContain(expected.summary ?? '');
      expect(verdict.exitCode).toBe({ pass: 0, fail: 1, inconclusive: 3 }[verdict.verdict]);
      expect(judgeInWords(plan, run, evidence), 'judging again gives the same').toEqual(verdict);
    });
  });
}

test('the folder contains cases', () => {
  expect([...readCaseFiles().values()].flat().length).toBeGreaterThan(60);
});
