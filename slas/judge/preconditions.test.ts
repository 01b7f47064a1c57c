import { describe, expect, test } from 'vitest';
import type { Evidence, LoadRecord, RunRecord } from '../model/model.ts';
import { wordsOf } from '../render/reasons/words.ts';
import type { Given } from '../testing/case-text.ts';
import { healthy } from '../testing/cases.ts';
import { judge } from './judge.ts';

/** Preconditions at their limits, each with its message. cases/ tests their effect on a verdict. */

interface Changes extends Partial<Given> {
  readonly record?: Partial<LoadRecord>;
  readonly run?: Partial<RunRecord>;
  readonly change?: (evidence: Evidence) => Evidence;
}

function checked(id: string, { record, run: own, change = (one) => one, ...given }: Changes = {}) {
  const { plan, run, evidence } = healthy(given);
  const load = run.load === null ? null : { ...run.load, ...record };
  const found = judge(plan, { ...run, load, ...own }, change(evidence)).preconditions.find(
    (one) => one.id === id,
  )!;
  return [found.ok, wordsOf(found.reasons)];
}
const bare: Changes = { scenario: null, load: null };

describe('clocks-agree', () => {
  const clock = (ahead: number, uncertainty: number, changes: Changes = {}) =>
    checked('clocks-agree', { clock: { ahead, uncertainty }, ...changes });

  test('holds if the clocks differ by less than a scrape interval, after subtracting the uncertainty', () => {
    expect(clock(4.99, 0)).toEqual([true, 'clocks differ by 4.990 s (± 0.000 s), Prometheus ahead']);
    expect(clock(-4.99, 0.25)).toEqual([true, 'clocks differ by 4.990 s (± 0.250 s), Prometheus behind']);
    expect(clock(5.2, 0.25)[0]).toBe(true);
    expect(clock(0, 0)).toEqual([true, 'clocks differ by 0.000 s (± 0.000 s)']);
  });
  test('does not hold if they differ by a whole scrape interval', () => {
    const tooMuch = 'too much for scrapes 5.0 s apart';
    expect(clock(5, 0)).toEqual([
      false,
      `clocks differ by 5.000 s (± 0.000 s), Prometheus ahead: ${tooMuch}`,
    ]);
    expect(clock(-5.25, 0.25)).toEqual([
      ...[false, `clocks differ by 5.250 s (± 0.250 s), Prometheus behind: ${tooMuch}`],
    ]);
  });
  test('uses the interval of the most frequently scraped target', () => {
    const replicas = { a: {}, b: { every: 10, first: 0, last: 80 } };
    const series = { up: 'always 1', 'process start': 'always 1000' };
    expect(clock(5, 0, { replicas, series })[0]).toBe(false);
  });
  test('is unknown without a reading of the clock, without a scrape target, or without a run', () => {
    expect(checked('clocks-agree')).toEqual([null, "Prometheus's clock could not be read"]);
    expect(clock(9, 0, { series: { up: null }, errors: { everything: 'down' } })[0]).toBeNull();
    expect(clock(9, 0, bare)).toEqual([null, "no run record, so only Prometheus's clock matters"]);
  });
});

describe('service-not-restarted', () => {
  const restarted = (series: Given['series'], changes: Changes = {}) =>
    checked('service-not-restarted', { ...changes, series });
  const kept = [true, 'no start time of a process changed'];

  test('holds if the start time of each process is the same at both edges and in between', () => {
    expect(restarted({})).toEqual(kept);
    expect(restarted({ 'process start': 'always 1000; 40=_' })).toEqual(kept);
    expect(restarted({ 'process start': '900*1 1000*12 1100*1' })).toEqual(kept);
    expect(restarted({ 'process start': 'always 1000; 40=1001' })).toEqual([
      ...[false, 'the process of a restarted (detected at 00:00:40.000)'],
    ]);
    expect(restarted({ 'process start': '1000*13 1001*2' })[0]).toBe(false);
    expect(restarted({ 'process start': '1000*2 1001*13' })[0]).toBe(false);
  });
  test('does not hold where the start time is unknown at an edge', () => {
    const told = 'the start time of the process of a is unknown at one or both edges of the window';
    expect(restarted({ 'process start': 'always 1000; 10=_' })).toEqual([false, told]);
    expect(restarted({ 'process start': 'always 1000; 70=_' })).toEqual([false, told]);
  });
  test('uses every sample that was read if an edge was missed', () => {
    expect(restarted({ up: 'always 1; 70=_' })).toEqual(kept);
    expect(restarted({ up: 'always 1; 70=_', 'process start': '1000*14 1001*1' })[0]).toBe(false);
    expect(restarted({ up: 'always 1; 70=_', 'process start': 'always 1000; 10=_' })).toEqual(kept);
  });
  test('is unknown where a target exports no start time', () => {
    const replicas = { a: {}, b: {} };
    const told = 'some targets do not export when their process started';
    expect(restarted({ 'process start @b': null }, { ...bare, replicas })).toEqual([null, told]);
    const elastic = { replicas, service: { replicas: 'elastic' } };
    expect(restarted({ 'process start @b': null }, { ...bare, ...elastic })).toEqual([null, told]);
    expect(restarted({ 'process start': null })).toEqual([
      ...[
        null,
        'process_start_time_seconds{job="sentiment-api"} is not exported: no counter fell, and one is higher than a new process could have reached',
      ],
    ]);
    expect(
      restarted({ 'process start @b': '1000*7 1001*8', 'process start @a': null }, { ...bare, replicas }),
    ).toEqual([false, 'the process of b restarted (detected at 00:00:40.000)']);
  });
  test('does not hold if the query failed', () => {
    expect(restarted({}, { errors: { process_start_time_seconds: 'status 503' } })).toEqual([
      ...[false, 'the start times of the processes could not be queried: status 503'],
    ]);
  });
  test('reports how many elastic replicas started and ended', () => {
    const replicas = { a: {}, b: { first: 40 }, c: { last: 40 }, d: { last: 50.5, first: 0.5 } };
    expect(
      restarted(
        { 'process start @b': 'always @38' },
        { ...bare, replicas, service: { replicas: 'elastic' } },
      ),
    ).toEqual([
      true,
      'replicas are elastic: 1 started in the window, 2 ended (unscraped for at most 10 s in total)',
    ]);
    expect(restarted({}, { ...bare, service: { replicas: 'elastic' } })).toEqual([
      ...[true, 'replicas are elastic: 0 started in the window, 0 ended'],
    ]);
  });
});

describe('load-delivered', () => {
  const delivered = (record: Partial<LoadRecord>, changes: Changes = {}) =>
    checked('load-delivered', { ...changes, record });
  const told = (sent: string) => `${sent} of 1,500 planned requests were sent`;

  test('holds if the number of sent requests is within 2% of the plan, or one more', () => {
    expect(delivered({})).toEqual([true, told('1,500')]);
    expect(delivered({ sent: 1470 })).toEqual([true, told('1,470')]);
    expect(delivered({ sent: 1469 })).toEqual([false, `${told('1,469')}; more than 2% off the plan`]);
    expect(delivered({ sent: 1531 })).toEqual([true, told('1,531')]);
    expect(delivered({ sent: 1532 })).toEqual([false, `${told('1,532')}; more than 2% off the plan`]);
  });
  test('also holds for a load without a plan', () => {
    const load = { planned: 1500, seconds: 60 };
    expect(delivered({ sent: 1531 }, { scenario: null, load })[0]).toBe(true);
    expect(delivered({ sent: 1532 }, { scenario: null, load })[0]).toBe(false);
  });
  test('does not hold if the load was cut short, dropped, or belongs to another plan', () => {
    expect(delivered({ completed: false, stoppedBecause: 'interrupted' })).toEqual([
      ...[false, `the load was cut short (interrupted); ${told('1,500')}`],
    ]);
    expect(delivered({ completed: false, sent: 0 })).toEqual([
      false,
      'the load was cut short (reason unknown)',
    ]);
    expect(delivered({ droppedIterations: 1 })).toEqual([
      ...[false, `k6 dropped 1 planned request because no virtual user was free; ${told('1,500')}`],
    ]);
    const other = `the run record belongs to another load: the plan has 1,500 requests in 60 s`;
    expect(delivered({ scheduledSeconds: 61 })).toEqual([false, `${other}; ${told('1,500')}`]);
    expect(delivered({ plannedRequests: 1501 })[1]).toContain(other);
  });
  test('without a run record is unknown, or does not hold if a load was planned', () => {
    expect(checked('load-delivered', bare)).toEqual([
      null,
      'no run record: another process generated the load',
    ]);
    expect(checked('load-delivered', { load: null })).toEqual([
      ...[false, 'no run record: it is unknown whether the planned load was sent'],
    ]);
  });
});

describe('preconditions on the client record', () => {
  test('generator-on-time holds if requests started at most 100 ms late', () => {
    const late = (startedLateP99Seconds: number) =>
      checked('generator-on-time', { record: { startedLateP99Seconds } });
    expect(late(0.1)).toEqual([true, '99% of requests started at most 100 ms late']);
    expect(late(0.101)).toEqual([
      false,
      '99% of requests started at most 101 ms late; the load generator was short of CPU, or had no free virtual user (at most 100 ms is allowed)',
    ]);
    expect(checked('generator-on-time')).toEqual([
      null,
      'the record does not show how late requests started',
    ]);
  });
  test('answers-right holds if no response is wrong and the script did not fail', () => {
    const right = (record: Partial<LoadRecord>) =>
      checked('answers-right', { record: { lookedInto: 1500, ...record } });
    expect(right({})).toEqual([null, 'response bodies were not checked']);
    expect(checked('answers-right', bare)[0]).toBeNull();
    expect(right({ wrongAnswers: 0 })).toEqual([
      true,
      '0 of 1,500 successful responses were not as expected',
    ]);
    expect(right({ wrongAnswers: 1 })).toEqual([
      false,
      '1 of 1,500 successful responses was not as expected',
    ]);
    expect(right({ wrongAnswers: 2, expectedRefusals: 10 })).toEqual([
      ...[false, '2 of 1,510 responses were not as expected'],
    ]);
    expect(right({ wrongAnswers: 0, scriptErrors: 3 })).toEqual([
      false,
      'the load script failed 3 times (logs/k6.log); 0 of 1,500 successful responses were not as expected',
    ]);
    expect(right({ wrongAnswers: 0, scriptErrors: 0 })[0]).toBe(true);
    expect(right({ wrongAnswers: 0, lookedInto: 1486 })[0]).toBe(true);
    expect(right({ wrongAnswers: 0, lookedInto: 1485 })[0]).toBeNull();
    expect(right({ wrongAnswers: 1, lookedInto: 100, expectedRefusals: 10 })).toEqual([
      false,
      '1 of 110 checked responses was not as expected; the other 1,400 of 1,500 successful responses were not checked',
    ]);
  });
  test('requests-valid holds while client errors stay within the strictest error limit', () => {
    const answered = (refused: number) => ({
      '1xx': 0,
      '2xx': 1500 - refused,
      '3xx': 0,
      '4xx': refused,
      '5xx': 0,
    });
    const valid = (record: Partial<LoadRecord>, changes: Changes = {}) =>
      checked('requests-valid', { ...changes, record });
    const told = (count: number) => `${count} of 1,500 requests were rejected as client errors (4xx)`;
    expect(valid({ answered: answered(14) })).toEqual([true, told(14)]);
    const beyond = (count: number, share: string, kinds: string) =>
      `${count} of 1,500 requests (${share}) did not receive the expected response (${kinds}): together more than the limit of error-rate, "< 1%"`;
    expect(valid({ answered: answered(15) })).toEqual([
      false,
      `${told(15)}; ${beyond(15, '1%', '15 client errors (4xx)')}`,
    ]);
    expect(valid({ answered: answered(34), expectedRefusals: 20 })).toEqual([
      ...[true, `${told(14)}, 20 more as expected`],
    ]);
    expect(valid({ answered: answered(35), expectedRefusals: 20 })[0]).toBe(false);
    // A 429 is counted as an error; both kinds share one limit.
    expect(valid({ answered: answered(14) }, { client: '1486x0.05 4x0.05=429 10x0.05=400' })).toEqual([
      true,
      told(10),
    ]);
    expect(valid({ answered: answered(15) }, { client: '1485x0.05 5x0.05=429 10x0.05=400' })).toEqual([
      false,
      `${told(10)}; ${beyond(15, '1%', '10 client errors (4xx), 5 counted as errors')}`,
    ]);
    expect(checked('requests-valid', bare)).toEqual([
      null,
      'no run record: another process generated the load',
    ]);
  });
  test('losses-judged holds for any number of unanswered requests if an objective counts them', () => {
    expect(checked('losses-judged', { record: { lost: 700 } })).toEqual([
      ...[true, '700 of 1,500 requests went unanswered'],
    ]);
    expect(checked('losses-judged', bare)).toEqual([
      null,
      'no run record: another process generated the load',
    ]);
  });
});

describe('client-and-server-agree', () => {
  const agree = (changes: Changes) => checked('client-and-server-agree', changes);

  test('reports one sum if all rows agree, otherwise every row that differs', () => {
    expect(agree({})).toEqual([
      true,
      'requests: the client received 1,500 responses, the service counted 1,500',
    ]);
    expect(agree({ load: { '2xx': 1495, lost: 5 } })).toEqual([
      ...[
        true,
        'requests: the client received 1,495 responses (5 requests went unanswered), the service counted 1,500',
      ],
    ]);
    const other = 'the service counted 1,502: there was other traffic in the window';
    expect(agree({ series: { 'answers 200': '0 -> 1502' } })).toEqual([
      false,
      `requests: the client received 1,500 responses, ${other}; 2xx: the client received 1,500 responses, ${other}`,
    ]);
  });
  test('does not hold if the client does not know the outcome of each request', () => {
    expect(agree({ load: { '2xx': 1499 } })).toEqual([
      ...[false, 'k6 sent 1,500 requests but knows the outcome of 1,499: the load script failed'],
    ]);
    expect(agree({ client: '1499x0.05' })).toEqual([
      ...[false, 'k6 sent 1,500 requests but recorded 1,499: some are missing from the record'],
    ]);
  });
  test('is unknown if nothing was sent, or without a run record', () => {
    expect(agree({ load: { sent: 0, '2xx': 0, completed: false } })).toEqual([
      ...[null, 'no request was sent'],
    ]);
    expect(agree(bare)).toEqual([null, 'no run record: another process generated the load']);
    // The record of a load that was cut short is also compared.
    expect(agree({ load: { sent: 1000, '2xx': 900, completed: false }, client: '900x0.05' })[0]).toBe(true);
  });
});

describe('other preconditions', () => {
  test('nothing-died holds unless a monitored process died', () => {
    const died = (incidents: RunRecord['incidents'], changes: Changes = {}) =>
      checked('nothing-died', { ...changes, run: { incidents } });
    expect(died([])).toEqual([true, 'the service, the load generator and Prometheus ran to the end']);
    expect(died(['k6 died', 'so did Prometheus'])).toEqual([false, 'k6 died; so did Prometheus']);
    expect(died(null)).toEqual([null, 'the processes were not monitored']);
    expect(checked('nothing-died', bare)).toEqual([null, 'the processes were not monitored']);
    expect(checked('nothing-died', { ...bare, incidents: ['the service died'] })).toEqual([
      false,
      'the service died',
    ]);
  });
  test('prometheus-answered holds if every query has a result', () => {
    expect(checked('prometheus-answered')[1]).toMatch(/^Prometheus answered \d+ queries$/);
    expect(checked('prometheus-answered', { errors: { up: 'status 503' } })).toEqual([
      ...[false, 'query failed: up{job="sentiment-api"}[90s]: status 503'],
    ]);
    const change = (evidence: Evidence) => ({ ...evidence, readings: evidence.readings.slice(1) });
    expect(checked('prometheus-answered', { change })).toEqual([
      ...[false, 'there is no evidence for up{job="sentiment-api"}'],
    ]);
  });
  test('no-warnings does not hold after a warning about any query', () => {
    expect(checked('no-warnings')).toEqual([true, 'Prometheus returned no warnings']);
    const change = (evidence: Evidence) => ({
      ...evidence,
      readings: evidence.readings.map((one) => ({ ...one, warnings: ['one', 'two'] })),
    });
    expect(checked('no-warnings', { change })).toEqual([
      false,
      'Prometheus warned about up{job="sentiment-api"}[90s]: one; two',
    ]);
  });
  test('edges-scraped holds if every target was scraped at both edges, or started or ended in between', () => {
    expect(checked('edges-scraped')).toEqual([
      ...[true, 'a from 00:00:10.000 to 00:01:10.000, 13 scrapes about 5 s apart'],
    ]);
    expect(
      checked('edges-scraped', {
        ...bare,
        replicas: { a: {}, b: {} },
        series: { 'up @b': 'always 1; 30..35=_' },
      }),
    ).toEqual([
      true,
      'a from 00:00:10.000 to 00:01:10.000, 13 scrapes about 5 s apart; b from 00:00:10.000 to 00:01:10.000, 11 scrapes about 5 s apart, 2 missing in the window',
    ]);
    const elastic = {
      ...bare,
      service: { replicas: 'elastic' },
      series: { 'process start @b': 'always @38' },
    };
    expect(checked('edges-scraped', { ...elastic, replicas: { a: { last: 40 }, b: { first: 40 } } })).toEqual(
      [
        true,
        'a from 00:00:10.000 to 00:00:40.000 (ended in the window), 7 scrapes about 5 s apart; b from 00:00:40.000 (started in the window) to 00:01:10.000, 7 scrapes about 5 s apart',
      ],
    );
    expect(checked('edges-scraped', { errors: { everything: 'down' } })).toEqual([
      ...[false, 'Prometheus has no samples of the service around the window'],
    ]);
    const missed = { ...bare, replicas: { a: {}, b: {} }, series: { up: 'always 1; 10=0' } };
    expect(checked('edges-scraped', missed)).toEqual([
      false,
      'the scrape of a at the start of the window (00:00:10.000) failed; the scrape of b at the start of the window (00:00:10.000) failed',
    ]);
  });
});
