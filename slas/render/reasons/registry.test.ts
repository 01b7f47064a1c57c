import { beforeAll, expect, test } from 'vitest';
import { decide } from '../../judge/decide.ts';
import { judge } from '../../judge/judge.ts';
import { partialEvent } from '../../measures/measured.ts';
import type { Evidence, LoadRecord, Series } from '../../model/model.ts';
import type { Reason, ReasonCode } from '../../model/reasons.ts';
import type { Given } from '../../testing/case-text.ts';
import { healthy, readCaseFiles } from '../../testing/cases.ts';
import { thin } from '../../testing/downsampled.ts';
import { verdictOf } from '../../testing/judged-cases.ts';
import { renderReasonReference } from './reference.ts';
import { REASONS, wordsOf } from './words.ts';

/**
 * Keeps registry, judging cases and reference consistent: every code occurs in a verdict and in the
 * reference.
 */

const codes = (Object.keys(REASONS) as ReasonCode[]).filter((code) => code !== 'words');

/** The words of each code, in the first verdict that has it. */
const examples = new Map<ReasonCode, string>();

beforeAll(() => {
  for (const one of [...readCaseFiles().values()].flat()) collectFrom(verdictOf(one));
  worldsThatNoCaseCanWrite();
}, 300_000);

/** Collects reasons at any depth: parameters may hold further ones. */
function collectFrom(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  if ('code' in value && 'params' in value) collect(value as Reason);
  Object.values(value).forEach(collectFrom);
}

function collect(one: Reason): void {
  if (!examples.has(one.code)) examples.set(one.code, wordsOf([one]));
}

interface Changes {
  readonly given?: Partial<Given>;
  readonly record?: Partial<LoadRecord>;
  readonly evidence?: (evidence: Evidence) => Evidence;
}

function judgeWith({ given = {}, record = {}, evidence = (one) => one }: Changes): void {
  const world = healthy(given);
  const load = world.run.load === null ? null : { ...world.run.load, ...record };
  collectFrom(judge(world.plan, { ...world.run, load }, evidence(world.evidence)));
}

/** The total of each classic histogram, as a native one with a single bucket. */
function withNatives(evidence: Evidence): Evidence {
  const classic = evidence.readings.find(({ selector }) => selector.includes('_bucket'))!.series;
  const natives = classic.flatMap(({ labels: { le, __name__: name = '', ...labels }, samples }): Series[] =>
    le !== '+Inf'
      ? []
      : [
          {
            labels: { __name__: name.replace('_bucket', ''), ...labels },
            samples: [],
            histograms: samples.map(([at, count]) => [
              at,
              { count, sum: '1', buckets: [[0, '0', '0.1', count]] },
            ]),
          },
        ],
  );
  return {
    ...evidence,
    readings: evidence.readings.map((reading) =>
      /^http_request_duration_seconds(\{|$)/.test(reading.selector)
        ? { ...reading, series: natives }
        : reading,
    ),
  };
}

function worldsThatNoCaseCanWrite(): void {
  const arrival = { lagSeconds: null, waitedSeconds: 10, boundSeconds: 10, boundBy: 'default' as const };
  const missing = [{ what: 'a scrape of a', newestSeconds: null }];
  judgeWith({ evidence: (one) => ({ ...one, arrival: { ...arrival, missing } }) });
  judgeWith({
    given: { errors: { everything: 'down' } },
    evidence: (one) => ({ ...one, arrival: { ...arrival, missing: [] } }),
  });
  const { evidence: whole } = healthy();
  for (const gone of whole.readings)
    judgeWith({
      evidence: (one) => ({ ...one, readings: one.readings.filter(({ query }) => query !== gone.query) }),
    });
  const once = { scrapes: { every: 100, first: 5, last: 50 } };
  judgeWith({ given: once });
  judgeWith({
    given: {
      service: { replicas: 'elastic' },
      scrapes: { every: 100, first: 18, last: 50 },
      window: { from: 10, to: 17 },
    },
  });
  judgeWith({
    evidence: (one) => {
      const { plan: own, run: record } = healthy();
      const thinned = thin(own, record, one, 4);
      return {
        ...thinned,
        readings: thinned.readings.map((reading) =>
          reading.digest === 'resets' ? { ...reading, series: reading.series.slice(1) } : reading,
        ),
      };
    },
  });
  judgeWith({
    given: { service: { nativeHistograms: ['http_request_duration_seconds'], buckets: {} } },
    evidence: withNatives,
  });
  judgeWith({ given: { series: { 'process start': 'always 1000; 10=_' } } });
  judgeWith({ given: { load: { '2xx': 0, '5xx': 1500 } }, record: { wrongAnswers: 0, lookedInto: 0 } });
  // In current plans, the phase after the peak is never shorter than the target; in stored plans it may be.
  const { plan, run } = healthy();
  const back = {
    kind: 'moment',
    samples: 100,
    seconds: 0.1,
    isBack: false,
    reasons: [],
  } as const;
  collectFrom(decide(plan.objectives[0]!, back, { plan, run, preconditions: [] }));
  // Fractional values are rejected earlier, but integers beyond 2^53 have no exact difference.
  collectFrom(partialEvent([{ labels: {}, increase: 2 ** 54 }]));
}

test('every code occurs in a verdict', () => {
  expect(codes.filter((code) => !examples.has(code))).toEqual([]);
});

test('every code has words, a meaning and a next step', () => {
  const isBlank = (code: ReasonCode) =>
    REASONS[code].meaning.trim() === '' || REASONS[code].next.trim() === '';
  expect(codes.filter(isBlank)).toEqual([]);
  expect([...examples].filter(([, words]) => words.trim() === '').map(([code]) => code)).toEqual([]);
});

test('docs/reasons.md has every code', async () => {
  await expect(renderReasonReference(examples)).toMatchFileSnapshot('../../../docs/reasons.md');
});
