import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { poissonSchedule } from '../../loadtests/lib/schedule.ts';
import { countOf, startsWhere } from '../../slas/client/requests.ts';
import { parseDocument } from '../../slas/document/document.ts';
import type { Load } from '../../slas/model/model.ts';
import { warmUp } from '../run/warm-up.ts';
import { useExisting } from '../stack/existing.ts';
import { serve } from '../testing/http-server.ts';
import { loadOn } from '../testing/load-on.ts';
import { ROOT } from '../testing/sla.ts';

/** What k6 really sends, recorded by a server. */

interface Recorder extends AsyncDisposable {
  readonly url: string;
  readonly bodies: string[];
  readonly paths: string[];
  readonly methods: readonly string[];
  /** The Authorization header of each request. */
  readonly authorizations: (string | undefined)[];
  /** How many requests asked to close the connection. */
  readonly closes: number;
  readonly timesMs: number[];
}

/**
 * Responds to every POST with a valid prediction, to every `refuse`-th with 503, and does not respond to
 * every `lose`-th. With `hold`, it responds to no request before that many have arrived.
 */
async function startRecorder({ refuse = 0, lose = 0, hold = 0 } = {}): Promise<Recorder> {
  const bodies: string[] = [];
  const timesMs: number[] = [];
  const paths: string[] = [];
  const methods: string[] = [];
  const authorizations: (string | undefined)[] = [];
  let closes = 0;
  let held: (() => void)[] = [];
  const server = await serve((request, response) => {
    let body = '';
    request.on('data', (data) => {
      body += data;
    });
    request.on('end', () => {
      bodies.push(body);
      paths.push(request.url!);
      methods.push(request.method!);
      authorizations.push(request.headers.authorization);
      if (request.headers.connection === 'close') closes++;
      timesMs.push(Date.now());
      if (lose > 0 && bodies.length % lose === 0) return void request.socket.destroy();
      response.statusCode = refuse > 0 && bodies.length % refuse === 0 ? 503 : 200;
      response.setHeader('content-type', 'application/json');
      held.push(() => response.end('{"sentiment":"POSITIVE","confidence":0.9}'));
      if (bodies.length < hold) return;
      for (const answer of held) answer();
      held = [];
    });
  });
  return {
    url: server.url,
    bodies,
    paths,
    methods,
    authorizations,
    get closes() {
      return closes;
    },
    timesMs,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

const LOAD: Load = {
  scenario: 'smoke',
  script: 'loadtests/single-texts.ts',
  phases: [
    { name: 'hold', ratePerSecond: 40, durationSeconds: 2 },
    { name: 'more', ratePerSecond: 50, durationSeconds: 1.6 },
  ],
  seed: 1,
  requestTimeoutSeconds: 5,
  budgets: [],
  warmUp: { path: '/predict', bodies: [{ text: 'one' }, { text: 'two' }] },
  plannedRequests: 160,
  scheduledSeconds: 3.6,
};

const signal = new AbortController().signal;

// Each test has its own server and waits for a load of several seconds.
describe.concurrent('k6', () => {
  test.each(['even', 'poisson'] as const)(
    'two runs of one plan send the same bytes, and another seed sends different bytes: %s arrivals',
    async (arrivals) => {
      const sentWith = async (seed: number) => {
        await using recorder = await startRecorder();
        await loadOn(recorder.url, { ...LOAD, seed, arrivals });
        // Arrivals may overtake each other on the network.
        return recorder.bodies.toSorted();
      };
      const [first, second, other] = await Promise.all([sentWith(1), sentWith(1), sentWith(2)]);
      expect(first).toHaveLength(LOAD.plannedRequests);
      expect(second).toEqual(first);
      expect(first.filter((body) => !other.includes(body)).length).toBeGreaterThan(50);
      expect(new Set(first).size).toBe(first.length);
      expect(JSON.parse(first[0]!)).toEqual({ text: expect.any(String) });
    },
  );

  test.sequential("arrivals follow the seed's schedule, in every phase", async () => {
    await using recorder = await startRecorder();
    const seed = 5;
    const run = await loadOn(recorder.url, { ...LOAD, seed, arrivals: 'poisson' });
    const { phases, client } = run.load!;
    const due = phases!.flatMap(({ name, fromSeconds }, index) => {
      const { ratePerSecond, durationSeconds } = LOAD.phases[index]!;
      expect(name).toBe(LOAD.phases[index]!.name);
      const { dueSeconds } = poissonSchedule(ratePerSecond, durationSeconds, seed * 1000 + index);
      return dueSeconds.map((seconds) => (fromSeconds + seconds) * 1000);
    });
    const startedMs = startsWhere(client)
      .map((seconds) => seconds * 1000)
      .sort();
    const late = startedMs.map((at, index) => at - due[index]!).sort();
    expect(late).toHaveLength(LOAD.plannedRequests);
    // The median is accurate to a few milliseconds, even if the machine is busy at times.
    expect(Math.abs(late[Math.floor(late.length / 2)]!)).toBeLessThan(25);
    expect(phases![1]!.fromSeconds - phases![0]!.fromSeconds).toBeCloseTo(2, 1);
  });

  test('a service that falls behind still receives the whole load: there are always enough virtual users', async () => {
    // All of them are in flight at the same time, and none is answered before the last has arrived.
    await using recorder = await startRecorder({ hold: LOAD.plannedRequests });
    const { load } = await loadOn(recorder.url, LOAD);
    expect(load).toMatchObject({ sent: 160, lost: 0, droppedIterations: 0, completed: true });
  });

  test('a visit sends its requests in sequence, and all of them are counted', async () => {
    await using recorder = await startRecorder();
    const load = {
      ...LOAD,
      scenario: 'mixed',
      script: 'loadtests/mixed.ts',
      requestsPerArrival: 4,
      phases: [{ name: 'hold', ratePerSecond: 20, durationSeconds: 2 }],
      plannedRequests: 40,
    };
    const { load: record } = await loadOn(recorder.url, load);
    expect(record).toMatchObject({ sent: 40, lost: 0, droppedIterations: 0, completed: true });
    expect(recorder.paths.filter((path) => path === '/predict')).toHaveLength(28);
    expect(recorder.paths.filter((path) => path === '/predict/batch')).toHaveLength(6);
    expect(recorder.closes).toBeGreaterThan(0);
    expect(recorder.closes).toBeLessThan(10);
  });

  test('three load generators together send the same requests as one would, each once, and leave one record', async () => {
    await using alone = await startRecorder({ refuse: 10 });
    await using shared = await startRecorder({ refuse: 10 });
    const load = { ...LOAD, arrivals: 'poisson' as const };
    const [{ load: one }, { load: three, window }] = await Promise.all([
      loadOn(alone.url, load),
      loadOn(shared.url, load, { generators: 3 }),
    ]);
    expect(shared.bodies.toSorted()).toEqual(alone.bodies.toSorted());
    const { sent, answered, lost, droppedIterations, completed, wrongAnswers, lookedInto } = three!;
    expect({ sent, answered, lost, droppedIterations, completed, wrongAnswers, lookedInto }).toEqual({
      sent: one!.sent,
      answered: one!.answered,
      lost: 0,
      droppedIterations: 0,
      completed: true,
      wrongAnswers: one!.wrongAnswers,
      lookedInto: one!.answered['2xx'],
    });
    expect(three!.generator).toMatchObject({ name: 'k6', instances: 3 });
    expect(three!.phases!.map((phase) => [phase.name, phase.sent])).toEqual([
      ['hold', 80],
      ['more', 80],
    ]);
    expect(countOf(three!.client)).toBe(160);
    expect(window.fromSeconds * 1000).toBeLessThanOrEqual(shared.timesMs[0]!);
    expect(window.toSeconds * 1000).toBeGreaterThanOrEqual(shared.timesMs.at(-1)!);
  });

  test('load generators that share a load stop together once the run can no longer pass', async () => {
    await using recorder = await startRecorder({ refuse: 2 });
    const budget = {
      objective: 'error-rate',
      phase: null,
      overSeconds: null,
      badStatus: '5..',
      path: null,
      atMost: 5,
    };
    const phases = [{ name: 'hold', ratePerSecond: 40, durationSeconds: 20 }];
    const load = { ...LOAD, phases, budgets: [budget], plannedRequests: 800, scheduledSeconds: 20 };
    const { load: record } = await loadOn(recorder.url, load, { generators: 2 });
    expect(record).toMatchObject({ completed: false });
    expect(record!.stoppedBecause).toContain('an objective can no longer be met');
    expect(record!.sent).toBeLessThan(700);
    // k6 does not know the outcome of requests in flight at the stop.
    const ended = record!.answered['2xx'] + record!.answered['5xx'] + record!.lost;
    expect(ended).toBeLessThanOrEqual(record!.sent);
    expect(ended).toBeGreaterThan(10);
  });

  test('load on an existing service stops on every load generator when half of the requests fail', async () => {
    await using recorder = await startRecorder({ refuse: 2 });
    const phases = [{ name: 'hold', ratePerSecond: 40, durationSeconds: 30 }];
    const load = { ...LOAD, phases, plannedRequests: 1200, scheduledSeconds: 30 };
    const { load: record, incidents } = await loadOn(recorder.url, load, { generators: 2, isOurs: false });
    expect(record!.stoppedBecause).toMatch(
      /^\d+ of the \d+ requests to .+ within 5 s were errors \(\d+ received a 503\)/,
    );
    expect(record!.stoppedBecause).toContain(` to ${recorder.url} `);
    expect(record).toMatchObject({ completed: false });
    // The load stops within seconds, because k6 writes its samples once per second.
    expect(recorder.bodies.length).toBeLessThan(600);
    expect(record!.answered['5xx']).toBeGreaterThan(5);
    // The harness stopped the load; no process died.
    expect(incidents).toBeNull();
  });

  test('a token is sent with each request, directly to the service, even if a proxy is set', async () => {
    await using recorder = await startRecorder();
    const proxy = 'http://127.0.0.1:9';
    const env = {
      SLA_TARGET_TOKEN: 'a-token-for-the-target',
      HTTP_PROXY: proxy,
      http_proxy: proxy,
      NO_PROXY: '',
    };
    // The name resolves to this machine, and is not one of the addresses that always bypass a proxy.
    const url = recorder.url.replace('127.0.0.1', '0.0.0.0');
    const { load: record } = await loadOn(url, LOAD, { env, isOurs: false });
    expect(record).toMatchObject({ completed: true, lost: 0 });
    expect(new Set(recorder.authorizations)).toEqual(new Set(['Bearer a-token-for-the-target']));
  });

  test('the run record distinguishes responses, refusals and unanswered requests, and adds up', async () => {
    await using recorder = await startRecorder({ refuse: 10, lose: 16 });
    const { load, window } = await loadOn(recorder.url, LOAD);
    const received = recorder.bodies.length;
    expect(load).toMatchObject({
      sent: received,
      completed: true,
      droppedIterations: 0,
      scheduledSeconds: 3.6,
    });
    expect(load!.lost).toBe(Math.floor(received / 16));
    const { '2xx': good, '5xx': refused } = load!.answered;
    expect(refused).toBe(Math.floor(received / 10) - Math.floor(received / 80));
    expect(good + refused + load!.lost).toBe(received);
    expect(window.fromSeconds * 1000).toBeLessThanOrEqual(recorder.timesMs[0]!);
    expect(window.toSeconds * 1000).toBeGreaterThanOrEqual(recorder.timesMs.at(-1)!);
  });

  test('if the service does not exist, every request is unanswered', async () => {
    const recorder = await startRecorder();
    await recorder[Symbol.asyncDispose]();
    const { load } = await loadOn(recorder.url, LOAD);
    expect(load!.lost).toBe(load!.sent);
    expect(load!.sent).toBeGreaterThanOrEqual(160);
  });
});

describe('warm-up', () => {
  test("our own service is warmed up in a closed loop, with the document's bodies", async () => {
    await using recorder = await startRecorder();
    const stack = { ...useExisting(recorder.url, 'http://127.0.0.1:9'), isOurs: true };
    const endedSeconds = await warmUp(stack, LOAD, signal);
    expect(recorder.bodies).toHaveLength(600);
    expect(new Set(recorder.bodies)).toEqual(new Set(['{"text":"one"}', '{"text":"two"}']));
    expect(endedSeconds * 1000).toBeGreaterThanOrEqual(recorder.timesMs.at(-1)!);
  });

  test('a shared service gets no more than the planned rate', async () => {
    await using recorder = await startRecorder();
    await warmUp(useExisting(recorder.url, 'http://127.0.0.1:9'), LOAD, signal);
    const spanSeconds = (recorder.timesMs.at(-1)! - recorder.timesMs[0]!) / 1000;
    expect(recorder.bodies).toHaveLength(200);
    // On a busy machine, delayed requests may be sent closer together, so the limit leaves out two seconds of requests.
    expect((recorder.bodies.length - 80) / spanSeconds).toBeLessThanOrEqual(40);
  });

  test('if less than one request per second is planned, the warm-up does not exceed it either', async () => {
    await using recorder = await startRecorder();
    const phases = [{ name: 'hold', ratePerSecond: 0.5, durationSeconds: 10 }];
    const stack = useExisting(recorder.url, 'http://127.0.0.1:9');
    await warmUp(stack, { ...LOAD, phases }, signal, 'a-token-for-the-target');
    expect(recorder.bodies).toHaveLength(2);
    expect(recorder.authorizations).toEqual(Array(2).fill('Bearer a-token-for-the-target'));
  });

  test('a document without bodies sends GET requests, with its headers', async () => {
    await using recorder = await startRecorder();
    const stack = { ...useExisting(recorder.url, 'http://127.0.0.1:9'), isOurs: true };
    const get = { path: '/hello', headers: { authorization: 'Basic YTpi' } };
    await warmUp(stack, { ...LOAD, warmUp: get }, signal);
    expect(new Set(recorder.paths)).toEqual(new Set(['/hello']));
    expect(new Set(recorder.bodies)).toEqual(new Set(['']));
    expect(new Set(recorder.methods)).toEqual(new Set(['GET']));
    expect(recorder.authorizations[0]).toBe('Basic YTpi');
  });

  test('a service without any successful response is not judged', async () => {
    await using recorder = await startRecorder({ refuse: 1 });
    const stack = { ...useExisting(recorder.url, 'http://127.0.0.1:9'), isOurs: true };
    await expect(warmUp(stack, LOAD, signal)).rejects.toThrow(
      'did not respond with 2xx to any warm-up request: 60 other responses',
    );
  });
});

test('every scenario of the shipped document has its script', () => {
  const parsed = parseDocument(readFileSync(join(ROOT, 'slas/documents/sentiment-api.yaml'), 'utf8'));
  const scripts = parsed.ok ? parsed.value.scenarios.map(({ script }) => script) : [];
  expect(scripts.length).toBeGreaterThanOrEqual(10);
  expect(scripts.every((script) => existsSync(join(ROOT, script)))).toBe(true);
});
