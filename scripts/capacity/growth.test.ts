import { describe, expect, test } from 'vitest';
import { renderCapacity } from '../../dashboards/report/capacity.ts';
import type { CapacityRecord } from '../../slas/capacity/record.ts';
import { resultOf } from '../../slas/capacity/result.ts';
import { TrafficCounter } from '../../slas/capacity/traffic/counter.ts';
import { type History, WEEK_SECONDS } from '../../slas/capacity/traffic/model.ts';
import { capacityMarkdown, capacityText } from '../../slas/render/capacity-text.ts';
import { changeInWords, regressionInWords, trafficInWords } from '../../slas/render/traffic.ts';
import { seeded } from '../../slas/simulation/queues.ts';
import { BEGIN, type TrafficLaw, trafficOf } from '../../slas/simulation/traffic.ts';
import { recordOf, stepOf } from './test-record.ts';

/** The parts of a report about the past: the growth of the traffic, and earlier searches. */

const { steps: searched, ...own } = recordOf();
const { targetPerSecond: _, ...asked } = own.asked;
const held: CapacityRecord = { ...own, asked, steps: [...searched, stepOf(425, 'met', true)] };

function historyOf(law: TrafficLaw): History {
  const counter = new TrafficCounter(BEGIN, BEGIN + law.weeks * WEEK_SECONDS);
  counter.add(trafficOf(law, seeded(1)));
  return {
    schema: 'sla-harness/traffic/v1',
    ...{ requests: 'requests_total{job="shop"}', readAtSeconds: BEGIN, weeks: law.weeks },
    ...{ traffic: counter.traffic(), copiedBy: [], doubtfulDays: 0 },
  };
}

const resultWith = (law: TrafficLaw, record = held) =>
  resultOf(record, seeded(1), { history: historyOf(law), others: [] });
const wordsOf = (law: TrafficLaw, record = held) => trafficInWords(record, resultWith(law, record));

describe('the growth of the traffic', () => {
  test('is not estimated from 7 days of history', () => {
    expect(wordsOf({ weeks: 1, peakAt: () => 100 })).toBe(
      'Growth: not enough history (7 days, with 1 usable whole week; at least 6 are needed).',
    );
  });

  test('is reported as the dates between which the peak reaches the proven rate of all replicas, less the headroom', () => {
    const words = wordsOf({ weeks: 16, peakAt: (week) => 300 * 1.03 ** week });
    // Two replicas of 425/s each, of which 70% may be used.
    expect(words).toMatch(
      /^The weekly peak, now about 4\d\d\/s, grows by [\d.]+% to [\d.]+% a week; it reaches 595\/s \(the proven rate with 30% headroom, for the 2 replicas that shared the traffic\) between 2026-\d\d-\d\d and 2026-\d\d-\d\d\.$/,
    );
  });

  test('is not claimed unless it is statistically certain', () => {
    expect(wordsOf({ weeks: 12, peakAt: () => 300 })).toMatch(
      /^No growth is certain: the weekly peak, now about \d+\/s, changes by -[\d.]+% to [\d.]+% a week; it does not reach 595\/s .* before 2026-/,
    );
  });

  test('is not predicted if the peak is already above the limit, or has just jumped', () => {
    expect(wordsOf({ weeks: 3, peakAt: () => 700 })).toMatch(
      /^The weekly peak is above the limit now: 7\d\d\/s on 2026-/,
    );
    expect(wordsOf({ weeks: 12, peakAt: (week) => (week < 11 ? 200 : 400) })).toMatch(
      /^Growth cannot be predicted: in one of the last two weeks the peak was up to [12]\.?\d? times/,
    );
  });

  test('is compared in requests, because one iteration of a script may send several', () => {
    const script = { ...held, asked: { ...asked, script: { file: 'test.js', sha256: 'f'.repeat(64) } } };
    const steps = held.steps.map((one) => ({
      ...one,
      figures: { ...one.figures!, sent: 3 * 425 * one.loadedSeconds },
    }));
    const result = resultWith({ weeks: 12, peakAt: () => 300 }, { ...script, steps });
    expect(result.traffic!.limitPerSecond).toBeCloseTo(3 * 595, 6);
  });

  test('appears in the text, Markdown and HTML reports, with the gaps in the history', () => {
    const isMissing = (seconds: number) => seconds > 5 * WEEK_SECONDS && seconds < 5.5 * WEEK_SECONDS;
    const result = resultWith({ weeks: 10, peakAt: () => 300, isMissing });
    expect(capacityText(held, result)).toContain('No growth is certain');
    const markdown = capacityMarkdown(held, result);
    expect(markdown).toContain('## Growth of the traffic');
    expect(markdown).toMatch(
      /- 8\d hours have no data, the longest gap being 8\d hours from 2026-02-0\d \d\d:00/,
    );
    expect(markdown).toContain('the busiest hour of the week is most often Tuesday 10:00 to 11:00 UTC');
    const page = renderCapacity(held, result);
    expect(page).toContain('id="weekly-peaks"');
    expect(page).not.toMatch(/NaN|undefined|Infinity|<script/);
    const without = resultOf(held, seeded(1));
    expect(capacityMarkdown(held, without)).not.toMatch(/Growth of the traffic|Earlier searches/);
  });
});

test('the report says how many hours load tests took, and because of what', () => {
  const history = historyOf({ weeks: 10, peakAt: () => 300 });
  const loadTests = { runs: 14, named: 1, periods: [] };
  const result = resultOf(held, seeded(1), {
    history: { ...history, traffic: { ...history.traffic, excludedHours: 3.5 }, loadTests },
    others: [],
  });
  const words =
    'load tests do not count as traffic: 3.5 hours are excluded and therefore unknown, because of 14 runs of this harness and 1 period of --exclude-history';
  expect(capacityMarkdown(held, result)).toContain(words);
  expect(renderCapacity(held, result)).toMatch(/load tests do not count/i);
});

describe('earlier searches', () => {
  const earlier = (rates: readonly [number, number], more: Partial<CapacityRecord> = {}): CapacityRecord => ({
    ...held,
    id: '2026-11-01T03-00-00Z-capacity-steady-0000',
    commit: 'abcdef0123456789',
    steps: [stepOf(rates[0], 'met'), stepOf(rates[1], 'missed'), stepOf(rates[0], 'met', true)],
    ...more,
  });
  const seen = (...others: readonly CapacityRecord[]) => resultOf(held, seeded(1), { history: null, others });

  test('show a regression, with the commit, if they proved a rate that is missed now', () => {
    const result = seen(earlier([500, 520]));
    expect(regressionInWords(result)).toBe(
      'Capacity has fallen: 500/s was proven by 2026-11-01T03-00-00Z-capacity-steady-0000 (commit abcdef012).',
    );
    expect(capacityMarkdown(held, result)).toContain(
      'proven 500/s, missed at 520/s; the capacity is lower now',
    );
    expect(renderCapacity(held, result)).toContain('the capacity is lower now');
  });

  test('show no difference if the intervals overlap, and a gain if they missed a rate that is proven now', () => {
    expect(seen(earlier([420, 430])).earlier.map(changeInWords)).toEqual([
      'no significant difference: the intervals overlap',
    ]);
    expect(seen(earlier([300, 320])).earlier.map(changeInWords)).toEqual(['the capacity is higher now']);
    expect(regressionInWords(seen(earlier([300, 320])))).toBeNull();
  });

  test('are listed but not compared if they ran under different conditions', () => {
    const others = [{ documentSha256: '0'.repeat(64) }, { cores: 64 }, { replicas: 3 }];
    const changes = others.map((one) => seen(earlier([500, 520], one)).earlier[0]!.change);
    expect(changes).toEqual(['document', 'machine', 'replicas']);
    expect(regressionInWords(seen(earlier([500, 520], { cores: 64 })))).toBeNull();
  });

  test('are left out if they sent a different load, are newer, or have no answer', () => {
    const unconfirmed = { steps: searched };
    const newer = { id: '2026-12-01T03-00-00Z-capacity-steady-0000' };
    const other = { asked: { ...asked, scenario: 'smoke' } };
    const all = [unconfirmed, newer, other].map((one) => earlier([500, 520], one));
    expect(seen(...all).earlier).toEqual([]);
  });
});
