import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunRecord } from '../../slas/model/model.ts';
import { startLocalStack } from '../stack/local.ts';
import type { Stack } from '../stack/stack.ts';
import { serve } from '../testing/http-server.ts';
import { countedPosts } from '../testing/service-counts.ts';
import { type Done, ROOT, sla, type TemporaryFolder, temporaryFolder } from '../testing/sla.ts';
import { writeTolerantDocument } from '../testing/tolerant-document.ts';
import { expectVerdict, outcomesOf, preconditionOf } from '../testing/verdict.ts';

/** A service that was already running, end to end: the real service with its own tokens, on this machine. */

const TOKENS = { target: 'target-token-0b7e55d1', prometheus: 'prometheus-token-94c2' };
const LOAD = ['--scenario', 'smoke', '--rate', '30', '--duration', '12s', '--json'];

let folder: TemporaryFolder;
let document: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  // 0.0.0.0 reaches this machine, but is not one of the addresses that are always allowed.
  document = await writeTolerantDocument(folder.path, (text) =>
    text.replace('service:\n', 'service:\n  allowedTargets: [0.0.0.0]\n'),
  );
});
afterAll(() => folder[Symbol.asyncDispose]());

const startStack = (place: string, faults?: string): Promise<Stack> =>
  startLocalStack({
    root: ROOT,
    env: { ...process.env, API_TOKENS: TOKENS.target },
    prometheusPath: process.env.PROMETHEUS_BIN!,
    selector: { job: 'sentiment-api' },
    folder: place,
    signal: new AbortController().signal,
    ...(faults === undefined ? {} : { faults }),
  });

/** A proxy in front of Prometheus that requires the token. */
const startFront = (prometheusUrl: string) =>
  serve(async (request, response) => {
    if (request.headers.authorization !== `Bearer ${TOKENS.prometheus}`)
      return void response.writeHead(401).end();
    const answer = await fetch(prometheusUrl + request.url);
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
  });

const gate = (
  place: string,
  stack: Stack,
  prometheusUrl: string,
  env: Record<string, string>,
  more: string[],
): Promise<Done> =>
  sla(
    [
      ...['gate', ...LOAD, '--out', place, '--stack', 'none', '--sla', document],
      ...['--target', stack.serviceUrl.replace('127.0.0.1', '0.0.0.0')],
      ...['--prometheus', prometheusUrl, ...more],
    ],
    { env },
  );

const lastRun = async (place: string) =>
  JSON.parse(await readFile(join(place, 'latest', 'run.json'), 'utf8')) as RunRecord;

/** A folder for the stack and the runs of one test. */
async function placeOf(name: string): Promise<string> {
  const place = join(folder.path, name);
  await mkdir(place);
  return place;
}

describe.concurrent('an existing service', { timeout: 180_000 }, () => {
  test('is judged with both tokens if the document allows it, and gets no load that exceeds a bound', async () => {
    const place = await placeOf('judged');
    await using stack = await startStack(place);
    await using front = await startFront(stack.prometheusUrl);
    const env = { SLA_TARGET_TOKEN: TOKENS.target, PROMETHEUS_TOKEN: TOKENS.prometheus };

    const refused = await gate(place, stack, front.url, env, ['--max-rate', '29/s', '--max-duration', '11s']);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(
      /exceeds the 29\/s that --max-rate allows \(phase "hold" with 30\/s\).*\n.*longer than the 11 s/,
    );
    expect(await countedPosts(stack.serviceUrl)).toBe(0);

    const passed = await gate(place, stack, front.url, env, [
      '--no-abort',
      ...['--max-rate', '30', '--max-duration', '12s'],
    ]);

    // Whether the service is fast enough depends on this machine. Checked here: all requests were authorised, and Prometheus
    // had the data.
    const { load } = await lastRun(place);
    expectVerdict(passed, (verdict) => {
      expect(load, passed.stderr).toMatchObject({ completed: true, sent: 360, lost: 0 });
      expect(load!.answered).toMatchObject({ '2xx': 360 });
      expect(preconditionOf(verdict, 'prometheus-answered')).toMatchObject({ ok: true });
    });

    const again = ['verify', join(place, 'latest'), '--prometheus', front.url];
    expect((await sla(again, { env })).stderr).toContain(
      'queried again: the same samples and the same verdict',
    );
    expect((await sla(again)).stderr).toContain('THE COUNTS DIFFER');

    const outside = await gate(
      place,
      stack,
      front.url,
      { ...env, PROMETHEUS_TOKEN: 'not-the-token-either' },
      [],
    );
    expect(outside.code).toBe(4);
    expect(outside.stderr).toMatch(
      /Prometheus cannot be reached at .*: it rejected the credentials: status 401.*no load was sent\nnext: set PROMETHEUS_TOKEN/,
    );
    expect(outside.stderr).not.toContain('warming up');

    const wrong = await gate(
      place,
      stack,
      front.url,
      { ...env, SLA_TARGET_TOKEN: 'not-the-token-at-all' },
      [],
    );
    expect(wrong.code).toBe(4);
    expect(wrong.stderr).toContain('did not respond with 2xx to any warm-up request');
    expect(wrong.stderr).toContain('SLA_TARGET_TOKEN');
  });

  test('the load stops once more than half of the responses are errors, and the run does not pass', async () => {
    const place = await placeOf('failing');
    await using stack = await startStack(place, 'errors=60%');
    const env = { SLA_TARGET_TOKEN: TOKENS.target };
    const done = await gate(place, stack, stack.prometheusUrl, env, ['--no-abort']);
    expect(done.stderr).toMatch(
      /stopping the load: \d+ of the \d+ requests to http:\/\/0\.0\.0\.0:\d+ that ended within 5 s were errors/,
    );
    const verdict = expectVerdict(done);
    const { load } = await lastRun(place);
    expect(load).toMatchObject({ completed: false, plannedRequests: 360 });
    expect(load!.stoppedBecause).toContain(
      'sla-harness stops the load when half of the requests to a service that it did not start are errors',
    );
    expect(load!.sent).toBeLessThan(240);
    // Five errors of 360 already exceed 1%, even without any further ones.
    expect(outcomesOf(verdict)).toMatchObject({ 'error-rate': 'missed', 'latency-p95': 'undecided' });
    expect(done.code).toBe(1);
    expect(preconditionOf(verdict, 'load-delivered')).toMatchObject({
      ok: false,
      detail: expect.stringContaining('the load was cut short'),
    });
  });
});
