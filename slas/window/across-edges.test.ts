import { describe, expect, test } from 'vitest';
import { countOf } from '../client/requests.ts';
import type { LoadRecord, RunRecord } from '../model/model.ts';
import { reason } from '../model/reasons.ts';
import { fail, ok, unwrap } from '../model/result.ts';
import { plannedIn } from '../plan/planned-in.ts';
import type { Given } from '../testing/case-text.ts';
import { ORIGIN_SECONDS } from '../testing/case-text.ts';
import { healthy } from '../testing/cases.ts';
import { CLIENT_ORIGIN_SECONDS, clientOf, type Sent } from '../testing/client.ts';
import { cutOf } from '../testing/frames.ts';
import { cutWindow } from './cut-window.ts';
import { acrossEdges, type PhaseTimes, phasesOf, scopeOf, sentWhile } from './phases.ts';

/**
 * Which requests of a run belong to a phase, and which cross its edges. Times are seconds of the run; the
 * phase lasts from 30 to 90.
 */

const ORIGIN = CLIENT_ORIGIN_SECONDS;
const PHASE: PhaseTimes = {
  ...{ name: 'hold', ratePerSecond: 25, durationSeconds: 60, sent: 1500, startedLateP99Seconds: 0.01 },
  ...{ fromSeconds: ORIGIN + 30, toSeconds: ORIGIN + 90, isFirst: false, isLast: false },
};
const { frame, run, plan } = cutOf();

const runOf = (changes: Partial<LoadRecord>): RunRecord => ({ ...run, load: { ...run.load!, ...changes } });
const sent = (...requests: readonly Sent[]) => runOf({ client: clientOf(requests) });

/** Two replicas, with these first and last scrapes inside the phase. */
function across(requests: readonly Sent[], phase: Partial<PhaseTimes> = {}) {
  const target = frame.targets[0]!;
  const targets = [
    { ...target, openSeconds: ORIGIN + 31, closeSeconds: ORIGIN + 88 },
    { ...target, openSeconds: ORIGIN + 32, closeSeconds: ORIGIN + 89 },
  ];
  const { inFlight, carriedIn } = acrossEdges({ ...PHASE, ...phase }, sent(...requests), {
    ...frame,
    targets,
  })!;
  const told = (some: typeof inFlight) =>
    [...some.startSeconds].map((start, index) => [start, some.durationSeconds[index]]);
  return { inFlight: told(inFlight), carriedIn: told(carriedIn) };
}

describe('requests across the edges of a phase', () => {
  test('are carried in if sent before the phase and answered after its first scrape', () => {
    const requests: readonly Sent[] = [
      [29, 1.5],
      [29, 2],
      [29.5, 2],
      [29.5, 70],
      [30, 1.5],
    ];
    expect(across(requests)).toEqual({
      inFlight: [],
      carriedIn: [
        [29, 2],
        [29.5, 2],
        [29.5, 70],
      ],
    });
  });
  test('are in flight if sent in the phase before its last closing scrape and unanswered at the first closing scrape', () => {
    const requests: readonly Sent[] = [
      ...([
        [87, 0.5],
        [87, 1],
        [87, 5],
        [88.5, 0.1],
        [88.9, 0.05],
        [89, 1],
        [89.5, 9],
        [90, 5],
      ] as const),
    ];
    expect(across(requests)).toEqual({
      inFlight: [
        [87, 1],
        [87, 5],
        [88.5, 0.1],
        [88.9, 0.05],
      ],
      carriedIn: [],
    });
  });
  test('do not exist before the first phase and after the last', () => {
    expect(
      across(
        [
          [29, 5],
          [88.5, 5],
        ],
        { isFirst: true },
      ),
    ).toEqual({ inFlight: [[88.5, 5]], carriedIn: [] });
    expect(across([[29, 70]], { isFirst: true })).toEqual({ inFlight: [[29, 70]], carriedIn: [] });
    expect(
      across(
        [
          [88.5, 5],
          [95, 5],
        ],
        { isLast: true },
      ),
    ).toEqual({ inFlight: [[88.5, 5]], carriedIn: [] });
  });
  test('are unknown without a record of each request, or without a scrape', () => {
    expect(acrossEdges(PHASE, runOf({}), frame)).toBeNull();
    expect(acrossEdges(PHASE, { ...run, load: null }, frame)).toBeNull();
    expect(acrossEdges(PHASE, sent([30, 1]), { ...frame, targets: [] })).toBeNull();
  });
});

describe('requests sent during a phase', () => {
  const requests: readonly Sent[] = [
    [10, 1],
    [29.9, 1],
    [30, 1],
    [60, 1],
    [89.9, 1],
    [90, 1],
    [100, 1],
  ];
  test.each([
    [false, false, 3],
    [true, false, 5],
    [false, true, 5],
    [true, true, 7],
  ])('include requests at the edges (first phase: %s, last phase: %s)', (isFirst, isLast, count) =>
    expect(sentWhile({ ...PHASE, isFirst, isLast }, sent(...requests))).toBe(count),
  );
  test('are unknown without a record', () => {
    expect(sentWhile(PHASE, runOf({}))).toBeNull();
    expect(sentWhile(PHASE, { ...run, load: null })).toBeNull();
  });
});

describe('the phases of a run', () => {
  const load = {
    ...plan.load!,
    ...{ plannedRequests: 1125, scheduledSeconds: 60 },
    phases: [
      { name: 'ramp', ratePerSecond: 12.55, durationSeconds: 10 },
      { name: 'hold', ratePerSecond: 20, durationSeconds: 50 },
    ],
  };
  const ramp = { name: 'ramp', fromSeconds: 1010, sent: 125, startedLateP99Seconds: 0.01 };
  const hold = { name: 'hold', fromSeconds: 1021, sent: 1000, startedLateP99Seconds: 0.02 };
  const found = (changes: Partial<LoadRecord>) => phasesOf({ ...plan, load }, runOf(changes));
  const edges = (changes: Partial<LoadRecord>, toSeconds = 2000) => {
    const { window, ...rest } = runOf(changes);
    return phasesOf({ ...plan, load }, { ...rest, window: { ...window, toSeconds } }).map((phase) => [
      ...[phase.name, phase.fromSeconds, phase.toSeconds, phase.isFirst, phase.isLast],
    ]);
  };

  test('a phase lasts until the next one begins, and the last phase as long as planned', () => {
    expect(edges({ phases: [ramp, hold] })).toEqual([
      ['ramp', 1010, 1021, true, false],
      ['hold', 1021, 1071, false, true],
    ]);
    expect(found({ phases: [ramp, hold] })[1]).toMatchObject({ sent: 1000, ratePerSecond: 20 });
  });
  test('end where the load was cut short', () => {
    expect(edges({ phases: [ramp, hold], completed: false }, 1040)).toEqual([
      ['ramp', 1010, 1021, true, false],
      ['hold', 1021, 1040, false, true],
    ]);
    expect(edges({ phases: [ramp, hold], completed: true }, 1040)[1]).toEqual([
      'hold',
      1021,
      1071,
      false,
      true,
    ]);
    expect(edges({ phases: [ramp], completed: false }, 1015)).toEqual([['ramp', 1010, 1015, true, true]]);
  });
  test('include only phases that were planned and began', () => {
    expect(edges({ phases: [hold] })).toEqual([['hold', 1021, 1071, false, true]]);
    expect(found({})).toEqual([]);
    expect(found({ phases: [] })).toEqual([]);
    expect(phasesOf({ ...plan, load: null }, runOf({ phases: [ramp] }))).toEqual([]);
    expect(phasesOf({ ...plan, load }, { ...run, load: null })).toEqual([]);
  });
  test('have separate plans, in whole requests', () => {
    expect(plannedIn(load, 'ramp')).toEqual({ plannedRequests: 125, scheduledSeconds: 10 });
    expect(plannedIn(load, 'hold')).toEqual({ plannedRequests: 1000, scheduledSeconds: 50 });
    expect(plannedIn(load, undefined)).toEqual({ plannedRequests: 1125, scheduledSeconds: 60 });
  });
});

describe('the part of a run that a phase is judged by', () => {
  const phased = `
apiVersion: sla-harness/v1
kind: SLA
name: phased
service: { selector: { job: sentiment-api }, requests: { counter: http_requests_total, where: { method: POST, handler: /predict } } }
objectives: [{ id: model-uptime, target: ">= 99%", uptime: { gauge: sentiment_model_loaded } }]
scenarios:
  steps:
    phases: [{ name: ramp, rate: 10/s, duration: 20s }, { name: hold, rate: 25/s, duration: 40s }]
    objectives: [{ id: model-uptime, phases: [hold] }]
`;
  const scoped = (changes: Partial<Given> = {}) => {
    const built = healthy({
      ...{ document: phased, scenario: 'steps', load: { sent: 1200, '2xx': 1200 } },
      ...{ window: { from: 10, to: 70 }, phases: {}, ...changes },
    });
    const { plan: whole, run: record, evidence } = built;
    const scope = unwrap(
      scopeOf(whole.objectives[0]!, whole, record, evidence, cutWindow(whole, record, evidence)),
    );
    return { ...scope, record };
  };

  test('has its own plan and load, as if the phase were the whole run', () => {
    const client = '960x0.01 1x0.01=101 2x0.01=302 3x0.01=404 4x0.01=503 30xlost';
    const { plan: own, run: inside, phase, record } = scoped({ phases: { hold: { client, late: 0.02 } } });
    expect(own.load).toMatchObject({
      ...{ plannedRequests: 1000, scheduledSeconds: 40 },
      phases: [{ name: 'hold', ratePerSecond: 25, durationSeconds: 40 }],
    });
    expect(phase).toMatchObject({ name: 'hold', isFirst: false, isLast: true });
    expect(inside.window).toEqual({ fromSeconds: ORIGIN_SECONDS + 30, toSeconds: ORIGIN_SECONDS + 70 });
    expect(inside.load).toMatchObject({
      ...{ plannedRequests: 1000, scheduledSeconds: 40, sent: 1000, lost: 30, startedLateP99Seconds: 0.02 },
      answered: { '1xx': 1, '2xx': 960, '3xx': 2, '4xx': 3, '5xx': 4 },
    });
    expect(countOf(record.load!.client)).toBe(1200);
    expect(countOf(inside.load!.client)).toBe(1000);
    expect(inside.load!.client!.startSeconds[0]).toBe(0);
    expect(inside.load!.client!.durationSeconds[0]).toBe(0.01);
  });
  test('has no record of requests if the run has none', () => {
    const none = { ramp: { client: null, sent: 200 }, hold: { client: null, sent: 1000 } };
    expect(Object.keys(scoped({ phases: none }).run.load!)).not.toContain('client');
  });
  test('is counted from a scrape exactly at its start to one exactly at its end', () => {
    const { frame: inside } = scoped();
    const span = { fromSeconds: ORIGIN_SECONDS + 30, toSeconds: ORIGIN_SECONDS + 70 };
    expect(inside).toMatchObject(ok(span));
  });
  test('has no counts if no scrape lies in it', () => {
    const { frame: inside } = scoped({ series: { up: 'always 1; 30..70=_' } });
    const span = { fromSeconds: ORIGIN_SECONDS + 30, toSeconds: ORIGIN_SECONDS + 70 };
    expect(inside).toEqual(fail(reason('phase-without-scrapes', { phase: 'hold', ...span })));
  });
});
