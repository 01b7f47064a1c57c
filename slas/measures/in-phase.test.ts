import { describe, expect, test } from 'vitest';
import type { Limit, PlannedMeasure, PlannedObjective, RunRecord, Unit } from '../model/model.ts';
import { reason } from '../model/reasons.ts';
import { CLIENT_ORIGIN_SECONDS, clientOf, type Sent } from '../testing/client.ts';
import { cutOf } from '../testing/frames.ts';
import type { PhaseTimes } from '../window/phases.ts';
import { allowForEdges } from './in-phase.ts';
import type { Measured } from './measured.ts';

/**
 * How requests that cross the edges of a phase are taken into account. Times are seconds of the run: the phase lasts from 30 to 90, and the
 * service was scraped in it from 31 to 89.
 */

const ORIGIN = CLIENT_ORIGIN_SECONDS;
const PHASE: PhaseTimes = {
  ...{ name: 'hold', ratePerSecond: 25, durationSeconds: 60, sent: 100, startedLateP99Seconds: 0.01 },
  ...{ fromSeconds: ORIGIN + 30, toSeconds: ORIGIN + 90, isFirst: false, isLast: false },
};
const cut = cutOf();
const frame = {
  ...cut.frame,
  targets: [{ ...cut.frame.targets[0]!, openSeconds: ORIGIN + 31, closeSeconds: ORIGIN + 89 }],
};

const isLost = ([, , status]: Sent) => status === 0;
const runOf = (requests: readonly Sent[]): RunRecord => ({
  ...cut.run,
  load: { ...cut.run.load!, lost: requests.filter(isLost).length, client: clientOf(requests) },
});
const times = (count: number, ...one: Sent): readonly Sent[] => Array.from({ length: count }, () => one);

const COUNTED = reason('no-request-counted', {});
const before = (atMost: number) => reason('sent-before-phase', { atMost });
const inFlight = (count: number) => reason('in-flight-at-phase-end', { count });

const SHARE: Measured & { kind: 'share' } = {
  ...{ kind: 'share', samples: 100, bad: 0, badBeyondAlert: 0, value: 0, share: 0, bucket: null },
  ...{ reasons: [COUNTED], blocks: [], lower: [] },
};
const NUMBER: Measured = { kind: 'number', samples: 100, value: 25, reasons: [COUNTED], blocks: [] };

const LATENCY: PlannedMeasure = { kind: 'latency', buckets: 'took', percentile: 95, clientPath: null };
const AT_CLIENT: PlannedMeasure = { ...LATENCY, clientPath: '/predict' };
const RATIO: PlannedMeasure = {
  ...{ kind: 'ratio', bad: 'bad', badAbsent: null, total: 'all', lost: null },
  ...{ badStatus: '5..', badLabels: [], totalStatus: null },
};
const LOST_IS_BAD: PlannedMeasure = { ...RATIO, lost: 'bad' };
const THROUGHPUT: PlannedMeasure = { kind: 'throughput', counter: 'all' };
const MEAN: PlannedMeasure = { kind: 'mean', sum: 'sum', count: 'count' };

const UNDER_2: Limit = { text: '< 2%', comparison: '<', value: 0.02 };

interface Changes {
  readonly measured?: Measured;
  readonly target?: Limit;
  readonly isIsolated?: boolean;
  readonly inPhase?: RunRecord;
  readonly open?: number;
  readonly unit?: Unit;
}

function allowed(measure: PlannedMeasure, requests: readonly Sent[], changes: Changes = {}): Measured {
  const { measured = SHARE, target = UNDER_2, isIsolated = true, open = 0, unit = 'ratio' } = changes;
  const { inPhase = runOf(requests.filter(([sent]) => sent >= 30 && sent < 90)) } = changes;
  const objective = { ...cut.plan.objectives[0]!, measure, target, unit } satisfies PlannedObjective;
  return allowForEdges(measured, objective, PHASE, {
    ...{ run: runOf(requests), inPhase, open, timeoutSeconds: 10 },
    frame: { ...frame, isIsolated },
  });
}

describe('client-side measurement', () => {
  test('only earlier requests for the same path may be among the counted requests', () => {
    const earlier: readonly Sent[] = [
      [29, 3],
      [29.5, 3],
      [29, 3, 200, '/batch'],
      [29.2, 3, 200, '/batch'],
      [29.4, 3, 200, '/batch'],
    ];
    const reasons = [COUNTED, before(2)];
    expect(allowed(AT_CLIENT, earlier)).toEqual({ ...SHARE, doubtful: 2, reasons });
    expect(allowed(AT_CLIENT, earlier.slice(2))).toEqual({ ...SHARE, doubtful: 0 });
  });
  test("excludes the requests of other clients, which is impossible without the client's record", () => {
    expect(allowed(AT_CLIENT, [], { isIsolated: false })).toEqual({ ...SHARE, doubtful: 0 });
    for (const measure of [LATENCY, RATIO, THROUGHPUT])
      expect(allowed(measure, [], { isIsolated: false })).toEqual({
        kind: 'nothing',
        reasons: [reason('others-send-requests', {})],
      });
  });
});

describe('a latency judged by scrapes alone', () => {
  test('treats requests that were carried in as uncertain, and may include requests in flight, unanswered or not', () => {
    const requests: readonly Sent[] = [
      [29, 3],
      [29.5, 3],
      [88, 4],
      [88.5, 4, 0],
      [60, 0.1],
    ];
    expect(allowed(LATENCY, requests)).toEqual({
      ...SHARE,
      ...{ doubtful: 2, mayBeBad: 2 },
      reasons: [COUNTED, inFlight(2), before(2)],
    });
  });
  test('does not depend on statuses: a client whose requests were all unanswered does not change it', () => {
    const requests = times(100, 60, 1, 0);
    expect(allowed(LATENCY, requests)).toEqual({ ...SHARE, doubtful: 0, mayBeBad: 0 });
  });
});

describe('an error rate', () => {
  const edges: readonly Sent[] = [
    [88, 4],
    [88.2, 4, 0],
    [88.4, 4, 0],
    [60, 0.1],
  ];
  test('that counts unanswered requests as failed does not also count them as in flight', () => {
    const measured = { ...SHARE, samples: 1000, bad: 2 };
    const reasons = [COUNTED, inFlight(1)];
    expect(allowed(LOST_IS_BAD, [...edges, ...times(996, 60, 0.1)], { measured })).toEqual({
      ...measured,
      ...{ doubtful: 0, mayBeBad: 1, reasons },
    });
  });
  test('that excludes unanswered requests may have all of them in flight', () => {
    expect(allowed(RATIO, edges)).toMatchObject({ doubtful: 0, mayBeBad: 3 });
  });
  test.each([
    [12, 5],
    [8, 3],
    [5, 0],
    [4, 0],
  ])(
    'of %i failed requests, 5 of them unanswered, may count %i twice, regardless of later unanswered requests',
    (bad, doubtful) => {
      const measured = { ...SHARE, bad };
      const lost = [...times(5, 60, 1, 0), ...times(7, 95, 1, 0)];
      expect(allowed(LOST_IS_BAD, lost, { measured })).toMatchObject({ doubtful });
    },
  );
});

describe('requests that the client gave up on before the phase', () => {
  // Before the phase, the client gave up on 7 requests at 21 s, and 9 others were answered. In the phase, it saw 3 errors among 1,000
  // requests.
  const requests = [
    ...times(7, 20, 1, 0),
    ...times(9, 10, 0.1),
    ...times(997, 60, 0.1),
    ...times(3, 60, 0.1, 500),
  ];

  test.each([
    [15, 7],
    [8, 5],
    [3, 0],
    [2, 0],
  ])('may be among %i errors that the service counted, %i of them', (bad, doubtful) => {
    const measured = { ...SHARE, samples: 1000, bad };
    const reasons = [COUNTED, ...(doubtful === 0 ? [] : [before(doubtful)])];
    for (const measure of [RATIO, LOST_IS_BAD])
      expect(allowed(measure, requests, { measured })).toEqual({
        ...measured,
        doubtful,
        mayBeBad: 0,
        reasons,
      });
  });
  test('are not confused with requests that were unanswered in the phase', () => {
    const measured = { ...SHARE, samples: 1000, bad: 10 };
    // The client saw 3 of the 8 that the service counted; 2 of them may be the 2 unanswered requests of the
    // phase.
    const both = [...requests, ...times(2, 60, 1, 0)];
    expect(allowed(LOST_IS_BAD, both, { measured })).toMatchObject({ doubtful: 5 + 2 });
    const lost = [...times(5, 60, 1, 0), ...times(985, 60, 0.1), ...times(10, 60, 0.1, 500)];
    expect(allowed(RATIO, lost, { measured })).toMatchObject({ doubtful: 0 });
  });
  test('may be any of the counted errors if errors are not selected by status', () => {
    const blind: PlannedMeasure = { ...RATIO, badStatus: null };
    const measured = { ...SHARE, samples: 1000, bad: 5 };
    expect(allowed(blind, requests, { measured })).toMatchObject({ doubtful: 5 });
  });
});

describe('errors that the client saw in the phase', () => {
  const uncounted = (sent: number, sentBad: number) => ({
    kind: 'nothing',
    reasons: [reason('phase-errors-uncounted', { sent, sentBad, samples: 100, bad: 0 })],
  });
  const lossy = [...times(96, 60, 0.1), ...times(4, 60, 1, 0)];

  test('are compared with an error rate, together with unanswered requests if these count as failed', () => {
    const errors = [...times(96, 60, 0.1), ...times(4, 60, 0.1, 503)];
    expect(allowed(RATIO, errors)).toEqual(uncounted(100, 4));
    expect(allowed(LOST_IS_BAD, lossy)).toEqual(uncounted(100, 4));
    expect(allowed(RATIO, lossy)).toMatchObject({ kind: 'share' });
  });
  test('leave out unanswered requests that do not count as failed, as the error rate does', () => {
    const half = [...times(97, 60, 0.1), ...times(3, 60, 0.1, 500), ...times(100, 60, 1, 0)];
    expect(allowed(RATIO, half)).toEqual(uncounted(100, 3));
    const some: PlannedMeasure = { ...RATIO, totalStatus: '500|201' };
    expect(allowed(some, half)).toEqual(uncounted(3, 3));
  });
  test('are not used if errors are not selected by status, or without a record of the phase', () => {
    const blind: PlannedMeasure = { ...LOST_IS_BAD, badStatus: null };
    expect(allowed(blind, lossy)).toMatchObject({ kind: 'share' });
    const { client: _, ...load } = runOf(lossy).load!;
    const inPhase = { ...cut.run, load };
    expect(allowed(LOST_IS_BAD, lossy, { inPhase })).toMatchObject({ kind: 'share' });
  });
  test('change nothing if the service counted nothing, because then no limit seems to be met', () => {
    const target: Limit = { text: '<= 2%', comparison: '<=', value: 0.02 };
    const measured = { ...SHARE, samples: 0 };
    expect(allowed(LOST_IS_BAD, lossy, { target, measured })).toMatchObject({ kind: 'share' });
    expect(allowed(LOST_IS_BAD, lossy, { target })).toMatchObject({ kind: 'nothing' });
  });
});

describe('requests that were never recorded, because the load was stopped', () => {
  const some = times(1, 60, 0.1);
  test('may have been slow or have failed, unless they count as unanswered already', () => {
    const reasons = [COUNTED, inFlight(3)];
    for (const measure of [LATENCY, RATIO])
      expect(allowed(measure, some, { open: 3 })).toEqual({ ...SHARE, doubtful: 0, mayBeBad: 3, reasons });
    expect(allowed(LOST_IS_BAD, some, { open: 3 })).toEqual({ ...SHARE, doubtful: 0, mayBeBad: 0 });
    expect(allowed(AT_CLIENT, some, { open: 3 })).toEqual({ ...SHARE, doubtful: 0 });
  });
  test('may have taken as long as the request timeout', () => {
    const measured = { ...NUMBER, value: 0.05 };
    const high = (100 * 0.05 + 2 * 10) / 102;
    expect(allowed(MEAN, some, { measured, open: 2, unit: 'seconds' })).toEqual({
      ...measured,
      inFlight: { low: (100 * 0.05) / 102, high },
    });
  });
});

describe('a mean', () => {
  test('may include requests in flight, which took no longer at the service than at the client', () => {
    const measured = { ...NUMBER, value: 0.05 };
    const within = { low: (100 * 0.05) / 102, high: (100 * 0.05 + 9) / 102 };
    const requests: readonly Sent[] = [
      [88, 4],
      [86, 5],
    ];
    expect(allowed(MEAN, requests, { measured, unit: 'seconds' })).toEqual({ ...measured, inFlight: within });
    expect(allowed(MEAN, times(1, 60, 0.1), { measured, unit: 'seconds' })).toBe(measured);
  });
  test('of shares may include any share of each of them, whereas nothing bounds a mean of other numbers', () => {
    const measured = { ...NUMBER, value: 0.9 };
    const requests = times(1, 88, 4);
    expect(allowed(MEAN, requests, { measured, unit: 'ratio' })).toEqual({
      ...measured,
      inFlight: { low: 90 / 101, high: 91 / 101 },
    });
    expect(allowed(MEAN, requests, { measured, unit: 'number' })).toBe(measured);
  });
});

describe('a rate', () => {
  test('is judged with 2 of 100 requests across an edge, but not with 3', () => {
    const [earlier, within] = [times(2, 29, 3), times(2, 88, 4)];
    expect(allowed(THROUGHPUT, [...earlier, ...within], { measured: NUMBER })).toBe(NUMBER);
    expect(allowed(THROUGHPUT, [...earlier, ...times(3, 88, 4)], { measured: NUMBER })).toEqual({
      kind: 'nothing',
      reasons: [
        reason('too-many-across-edges', { carriedIn: 2, inFlight: 3, samples: 100, seen: [COUNTED] }),
      ],
    });
  });
});
