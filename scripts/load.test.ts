import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseDocument } from '../slas/document.ts';
import type { Load } from '../slas/model.ts';
import { runLoad } from './run-k6.ts';
import { useExisting } from './stack/existing.ts';
import { ROOT, temporaryFolder } from './testing/sla.ts';
import { warmUp } from './warm-up.ts';

/** What really goes over the wire, seen by a server that writes it down. */

interface Recorder extends AsyncDisposable {
  readonly url: string;
  readonly bodies: string[];
  readonly timesMs: number[];
}

/** Answers every POST with a good prediction; every `refuse`-th with 503, and never the `lose`-th. */
async function startRecorder({ refuse = 0, lose = 0 } = {}): Promise<Recorder> {
  const bodies: string[] = [];
  const timesMs: number[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (data) => {
      body += data;
    });
    request.on('end', () => {
      bodies.push(body);
      timesMs.push(Date.now());
      if (lose > 0 && bodies.length % lose === 0) return void request.socket.destroy();
      response.statusCode = refuse > 0 && bodies.length % refuse === 0 ? 503 : 200;
      response.setHeader('content-type', 'application/json');
      response.end('{"sentiment":"POSITIVE","confidence":0.9}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bodies,
    timesMs,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const LOAD: Load = {
  scenario: 'smoke',
  script: 'loadtests/smoke.ts',
  phases: [
    { name: 'hold', ratePerSecond: 40, durationSeconds: 2 },
    { name: 'more', ratePerSecond: 80, durationSeconds: 1 },
  ],
  seed: 1,
  requestTimeoutSeconds: 5,
  budgets: [],
  warmUp: { path: '/predict', bodies: [{ text: 'one' }, { text: 'two' }] },
  plannedRequests: 160,
  scheduledSeconds: 3,
};

const signal = new AbortController().signal;

async function loadOnce(load: Load, recorder: Recorder) {
  await using folder = await temporaryFolder();
  const k6 = { name: 'k6', path: process.env.K6_BIN!, version: 'under test', source: 'environment' } as const;
  return await runLoad(load, useExisting(recorder.url, 'http://127.0.0.1:9'), {
    id: 'test',
    root: ROOT,
    env: process.env,
    k6,
    folder: folder.path,
    logs: folder.path,
    signal,
    progress: () => {},
  });
}

describe('k6', () => {
  test('two runs of one plan send the same bytes; another seed sends others', async () => {
    const sent: string[][] = [];
    for (const seed of [1, 1, 2]) {
      await using recorder = await startRecorder();
      await loadOnce({ ...LOAD, seed }, recorder);
      // Arrivals may overtake each other on the way, and k6 may send one more at the end of a phase.
      sent.push(recorder.bodies.toSorted());
    }
    const [first, second, other] = sent as [string[], string[], string[]];
    const extra = (a: string[], b: string[]) => a.filter((body) => !b.includes(body)).length;
    expect(first.length).toBeGreaterThanOrEqual(160);
    expect(extra(first, second)).toBeLessThanOrEqual(LOAD.phases.length);
    expect(extra(second, first)).toBeLessThanOrEqual(LOAD.phases.length);
    expect(extra(first, other)).toBeGreaterThan(50);
    expect(new Set(first).size).toBe(first.length);
    expect(JSON.parse(first[0]!)).toEqual({ text: expect.any(String) });
  });

  test('the run record tells answers, refusals and lost requests apart, and adds up', async () => {
    await using recorder = await startRecorder({ refuse: 10, lose: 16 });
    const { load, window } = await loadOnce(LOAD, recorder);
    const received = recorder.bodies.length;
    expect(load).toMatchObject({
      sent: received,
      completed: true,
      droppedIterations: 0,
      scheduledSeconds: 3,
    });
    expect(load!.lost).toBe(Math.floor(received / 16));
    const { '2xx': good, '5xx': refused } = load!.answered;
    expect(refused).toBe(Math.floor(received / 10) - Math.floor(received / 80));
    expect(good + refused + load!.lost).toBe(received);
    expect(window.fromSeconds * 1000).toBeLessThanOrEqual(recorder.timesMs[0]!);
    expect(window.toSeconds * 1000).toBeGreaterThanOrEqual(recorder.timesMs.at(-1)!);
  });

  test('a service that is not there loses every request', async () => {
    const recorder = await startRecorder();
    await recorder[Symbol.asyncDispose]();
    const { load } = await loadOnce(LOAD, recorder);
    expect(load!.lost).toBe(load!.sent);
    expect(load!.sent).toBeGreaterThanOrEqual(160);
  });
});

describe('warm-up', () => {
  test('our own service is warmed up in closed loop, with the bodies of the document', async () => {
    await using recorder = await startRecorder();
    const stack = { ...useExisting(recorder.url, 'http://127.0.0.1:9'), isOurs: true };
    const endedSeconds = await warmUp(stack, LOAD, signal);
    expect(recorder.bodies).toHaveLength(600);
    expect(new Set(recorder.bodies)).toEqual(new Set(['{"text":"one"}', '{"text":"two"}']));
    expect(endedSeconds * 1000).toBeGreaterThanOrEqual(recorder.timesMs.at(-1)!);
  });

  test('one that others use gets no more than the planned rate', async () => {
    await using recorder = await startRecorder();
    await warmUp(useExisting(recorder.url, 'http://127.0.0.1:9'), LOAD, signal);
    const spanSeconds = (recorder.timesMs.at(-1)! - recorder.timesMs[0]!) / 1000;
    expect(recorder.bodies).toHaveLength(200);
    // autocannon releases a connection's share of each second at once: the first and the last second's worth may come early.
    expect((recorder.bodies.length - 80) / spanSeconds).toBeLessThanOrEqual(40);
  });

  test('a service that gives no good answer is no service to judge', async () => {
    await using recorder = await startRecorder({ refuse: 1 });
    const stack = { ...useExisting(recorder.url, 'http://127.0.0.1:9'), isOurs: true };
    await expect(warmUp(stack, LOAD, signal)).rejects.toThrow(
      'gave no good answer to the warm-up: 60 refusals',
    );
  });
});

test('every scenario of the shipped document has its script', () => {
  const parsed = parseDocument(readFileSync(join(ROOT, 'slas/documents/sentiment-api.yaml'), 'utf8'));
  const scripts = parsed.ok ? parsed.document.scenarios.map(({ script }) => script) : [];
  expect(scripts).toEqual(['loadtests/smoke.ts', 'loadtests/steady.ts']);
  expect(scripts.every((script) => existsSync(join(ROOT, script)))).toBe(true);
});
