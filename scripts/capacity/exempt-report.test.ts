import { describe, expect, test } from 'vitest';
import { renderCapacity } from '../../dashboards/report/capacity.ts';
import { renderVariants } from '../../dashboards/report/capacity-by.ts';
import type { Exempt } from '../../slas/capacity/basis.ts';
import type { CapacityRecord, StepRecord } from '../../slas/capacity/record.ts';
import { resultOf } from '../../slas/capacity/result.ts';
import { answerInWords, stepInWords } from '../../slas/render/capacity.ts';
import { basisInWords } from '../../slas/render/capacity-basis.ts';
import { variantsMarkdown } from '../../slas/render/capacity-by.ts';
import { capacityMarkdown, capacityText } from '../../slas/render/capacity-text.ts';
import { seeded } from '../../slas/simulation/queues.ts';
import { kubernetesPatch } from './kubernetes-patch.ts';
import { recordOf, stepOf } from './test-record.ts';

/** The report of a search in which some objectives did not count, because they are advisory or waived. */

const waiver = { owner: 'team-checkout', reason: 'slow until\nthe index is rebuilt', until: '2026-12-31' };
const exempt: readonly Exempt[] = [
  { id: 'latency-p95', exempt: 'waived', verdict: 'missed', waiver },
  { id: 'latency-p99', exempt: 'advisory', verdict: 'met' },
];
const withExempt = (step: StepRecord): StepRecord => ({ ...step, decisive: 4, exempt });
const held = recordOf([
  withExempt(stepOf(400)),
  { ...withExempt(stepOf(438, 'missed')), missed: ['error-rate'] },
  withExempt(stepOf(425, 'met', true)),
]);
const result = (record: CapacityRecord, others: readonly CapacityRecord[] = []) =>
  resultOf(record, seeded(1), { history: null, others });
const firstOf = (record: CapacityRecord) => answerInWords(record, result(record))[0];

const FIRST =
  'All 4 decisive objectives hold at 425/s, confirmed by a hold; at 438/s a decisive objective is missed; not decisive: latency-p95 (waived, missed), latency-p99 (advisory, met).';
const WHY =
  'In the hold at 425/s, latency-p95 was missed (waived until 2026-12-31 by team-checkout: slow until the index is rebuilt); latency-p99 was met (advisory: it does not affect the verdict). All numbers that follow from the proven rate accept that latency-p95 is missed.';

describe('a rate that was proven while an objective did not count', () => {
  test('is not said to keep every objective, in any report', () => {
    const reports = [
      capacityText(held, result(held)),
      capacityMarkdown(held, result(held)),
      // Words that belong together are joined by other spaces.
      renderCapacity(held, result(held)).replaceAll(/[\u00a0\u202f\u2060]/g, ' '),
    ];
    for (const report of reports) {
      expect(report).not.toContain('Every objective');
      expect(report).toContain(FIRST);
      expect(report).toContain(WHY);
    }
  });

  test('gives replicas and a patch for the decisive objectives only, and both say so', () => {
    expect(answerInWords(held, result(held))[1]).toBe(
      '1,000/s with 30% headroom needs 5 replicas for the decisive objectives, so that one of them may fail.',
    );
    const found = result(held);
    if (!found.pod.ok) throw new Error(found.pod.because);
    const patch = kubernetesPatch(held, found.pod.size, basisInWords(held, found));
    expect(patch).toContain(`\n# ${WHY}\n`);
  });

  test('has steps that name the objectives that were missed without counting', () => {
    expect(stepInWords(held.steps[0]!)).toBe('met; not decisive: latency-p95 (waived, missed)');
    expect(stepInWords(held.steps[1]!)).toBe(
      'missed: error-rate; not decisive: latency-p95 (waived, missed)',
    );
    expect(stepInWords(stepOf(400))).toBe('met');
  });

  test('says if nothing was missed, and if only one objective decided', () => {
    const met = exempt.map((one) => ({ ...one, verdict: 'met' as const }));
    const record = recordOf([{ ...stepOf(425, 'met', true), decisive: 1, exempt: met }]);
    expect(firstOf(record)).toMatch(/^The decisive objective holds at 425\/s, .*\(waived, met\)/);
    expect(basisInWords(record, result(record))).toContain('rest on the decisive objectives alone.');
  });
});

test('a waiver that expires after the hold does not turn the missed rate into the limit of what was proven', () => {
  const later = recordOf([
    withExempt(stepOf(425, 'met', true)),
    { ...stepOf(438, 'missed'), missed: ['latency-p95'] },
  ]);
  expect(firstOf(later)).toContain('at 438/s latency-p95 is missed, whose waiver had expired by then;');
  expect(basisInWords(later, result(later))).toContain('latency-p95 counts again: search again');
});

test('a waiver that expired before the hold is not mentioned: every objective counted in it', () => {
  const before = recordOf([withExempt(stepOf(400)), stepOf(438, 'missed'), stepOf(425, 'met', true)]);
  expect(firstOf(before)).toBe(
    'Every objective holds at 425/s, confirmed by a hold; at 438/s an objective is missed.',
  );
});

test('searches that rest on different objectives are not compared', () => {
  const now = { ...recordOf([stepOf(210), stepOf(220, 'missed'), stepOf(210, 'met', true)]), id: 'z' };
  expect(result(now, [held]).earlier).toMatchObject([{ provenPerSecond: 425, change: 'waivers' }]);
  const same = { ...recordOf(now.steps.map(withExempt)), id: 'z' };
  expect(result(same, [held]).earlier).toMatchObject([{ provenPerSecond: 425, change: 'lower' }]);
});

test('a report of several searches says which objectives do not count in them', () => {
  const searched = (value: string, steps: readonly StepRecord[]) => {
    const asked = { ...held.asked, variant: { name: 'replicas', value } };
    const record = { ...recordOf(steps), asked };
    return { record, result: result(record) };
  };
  const both = [searched('1', held.steps), searched('2', held.steps)];
  for (const report of [variantsMarkdown(both), renderVariants(both)]) {
    expect(report).toContain('do not count in these searches: latency-p95, latency-p99.');
    expect(report).toContain('decisive');
  }
  const expired = [searched('1', held.steps), searched('2', [stepOf(425, 'met', true)])];
  expect(variantsMarkdown(expired)).toContain('do not compare their rates');
});
