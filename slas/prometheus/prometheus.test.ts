import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { VerdictDocument } from '../render/json.ts';
import { judgeInWords } from '../testing/judge-in-words.ts';
import { ALL_WORLDS, elastic, healthy, planOf, runOf, worlds } from '../testing/known-worlds.ts';
import { openMetricsOf } from '../testing/openmetrics.ts';
import { type PrometheusServer, startPrometheus } from '../testing/prometheus-server.ts';
import { type Judged, START, truth } from '../testing/worlds.ts';
import { collectEvidence } from './prometheus.ts';

/**
 * Windows of services whose every request is known, stored by promtool, served by a real Prometheus, and
 * judged.
 */

let server: PrometheusServer;

beforeAll(async () => {
  server = await startPrometheus(ALL_WORLDS.map(({ world }) => openMetricsOf(world)).join(''));
});
afterAll(async () => await server?.[Symbol.asyncDispose]());

async function verdictOf(
  one: Judged,
  url = server.url,
  queryTimeoutMs = 10_000,
  plan = planOf(one.job),
): Promise<VerdictDocument> {
  const run = runOf(one);
  const asker = { url, queryTimeoutMs, signal: AbortSignal.timeout(50_000) };
  return judgeInWords(plan, run, await collectEvidence(plan, run, asker));
}

const objective = (verdict: VerdictDocument, id: string) => verdict.objectives.find((one) => one.id === id)!;
const outcomes = (verdict: VerdictDocument) =>
  Object.fromEntries(verdict.objectives.map(({ id, verdict: outcome }) => [id, outcome]));
const allAre = (outcome: string) =>
  Object.fromEntries(planOf('any').objectives.map(({ id }) => [id, outcome]));

describe('counts are exact', () => {
  test.each(healthy)('$job', async (one) => {
    const verdict = await verdictOf(one);
    const { good, all, within, confidence } = truth(one);
    expect(outcomes(verdict), JSON.stringify(verdict.objectives, null, 1)).toEqual(allAre('met'));
    expect(verdict.verdict).toBe('pass');
    const p95 = objective(verdict, 'latency-p95');
    expect([p95.samples, p95.share]).toEqual([good, within(0.2) / good]);
    expect(objective(verdict, 'error-rate').samples).toBe(all);
    expect(objective(verdict, 'throughput').samples).toBe(good);
    expect(objective(verdict, 'confidence')).toMatchObject({ samples: good, value: confidence });
  });
});

describe('a limit missed by one request', () => {
  test.each([
    ['p95-met', 'latency-p95', 'met', 0.2],
    ['p95-missed', 'latency-p95', 'missed', 0.2],
    ['p95-met-3', 'latency-p95', 'met', 0.2],
    ['p95-missed-3', 'latency-p95', 'missed', 0.2],
    ['p99-met', 'latency-p99', 'met', 0.5],
    ['p99-missed', 'latency-p99', 'missed', 0.5],
  ] as const)('%s', async (name, id, outcome, limitSeconds) => {
    const verdict = await verdictOf(worlds[name]);
    const { good, within } = truth(worlds[name]);
    expect(outcomes(verdict)).toEqual({ ...allAre('met'), [id]: outcome });
    expect(verdict.verdict).toBe(outcome === 'met' ? 'pass' : 'fail');
    expect(objective(verdict, id)).toMatchObject({ samples: good, share: within(limitSeconds) / good });
  });

  test.each([
    ['errors-met', 'met'],
    ['errors-missed', 'missed'],
    ['first-error', 'missed'],
    ['clients-own', 'met'],
    ['no-5xx-series', 'met'],
  ] as const)('%s', async (name, outcome) => {
    const verdict = await verdictOf(worlds[name]);
    const { all, bad, clientsOwn } = truth(worlds[name]);
    expect(outcomes(verdict)).toEqual({ ...allAre('met'), 'error-rate': outcome });
    expect(objective(verdict, 'error-rate')).toMatchObject({
      samples: all - clientsOwn,
      share: bad / (all - clientsOwn),
    });
  });
});

describe('traffic outside the window does not count', () => {
  test('even if it came shortly before', async () => {
    const verdict = await verdictOf(worlds['traffic-before']);
    expect(verdict.verdict).toBe('pass');
    expect(objective(verdict, 'latency-p95').samples).toBe(truth(worlds['traffic-before']).good);
  });
});

describe('unknown values are not decided', () => {
  const undecided: readonly (readonly [keyof typeof worlds, readonly string[], string])[] = [
    ['restart', ['latency-p95', 'latency-p99', 'error-rate', 'throughput', 'confidence'], 'restarted'],
    ['quiet-restart', ['latency-p95', 'latency-p99', 'error-rate', 'throughput', 'confidence'], 'restarted'],
    ['gap-inside', ['model-uptime'], 'unknown'],
    ['failing', ['model-uptime'], 'unknown'],
    ['gap-at-end', Object.keys(allAre('')), 'not scraped at the end of the window'],
    ['scrape-late', Object.keys(allAre('')), 'not scraped at the end of the window'],
    ['edge-missing', Object.keys(allAre('')), '10.0.0.2:8000 was not scraped at the start of the window'],
    ['opening-missed', Object.keys(allAre('')), 'not scraped at the start of the window'],
    ['nan-inside', ['confidence'], 'NaN'],
    ['series-edge-missing', ['latency-p95', 'latency-p99'], 'no sample at the start of the window'],
    [
      'no-requests',
      ['latency-p95', 'latency-p99', 'error-rate', 'throughput', 'confidence'],
      'in the window',
    ],
  ];
  test.each(undecided)('%s', async (name, ids, reason) => {
    const verdict = await verdictOf(worlds[name]);
    const expected = Object.fromEntries(ids.map((id) => [id, 'undecided']));
    expect(outcomes(verdict)).toEqual({ ...allAre('met'), ...expected });
    expect(verdict.verdict).toBe('inconclusive');
    for (const id of ids) expect(objective(verdict, id).reason).toContain(reason);
  });

  test('a gap mid-window changes no counts', async () => {
    const { good } = truth(worlds['gap-inside']);
    expect(objective(await verdictOf(worlds['gap-inside']), 'latency-p95').samples).toBe(good);
  });

  test('an unknown job, and a time without samples', async () => {
    for (const one of [
      { ...worlds['p95-met'], job: 'unknown' },
      { ...worlds['p95-met'], window: { fromSeconds: START + 50_000, toSeconds: START + 50_060 } },
    ]) {
      const verdict = await verdictOf(one);
      expect(outcomes(verdict)).toEqual(allAre('undecided'));
      expect(objective(verdict, 'latency-p95').reason).toContain('no data');
    }
  });
});

describe('replicas that start and end', () => {
  const elasticVerdictOf = (one: Judged) => verdictOf(one, server.url, 10_000, planOf(one.job, 'elastic'));
  const names = Object.keys(elastic) as (keyof typeof elastic)[];

  test.each(names)('%s: the counts, and the uncounted range, contain the true numbers', async (name) => {
    const verdict = await elasticVerdictOf(elastic[name]);
    const { good, all } = truth(elastic[name]);
    for (const [id, count] of [
      ['latency-p95', good],
      ['latency-p99', good],
      ['error-rate', all],
      ['throughput', good],
      ['confidence', good],
    ] as const) {
      const { samples, uncounted = 0, reason } = objective(verdict, id);
      expect(samples, reason).toBeLessThanOrEqual(count);
      expect(samples + uncounted, reason).toBeGreaterThanOrEqual(count);
    }
    expect(objective(verdict, 'model-uptime').verdict).toBe('met');
    expect(verdict.preconditions.find(({ id }) => id === 'service-not-restarted')).toMatchObject({
      ok: true,
    });
  });

  test('a replica that only starts loses no counts', async () => {
    const { job, ...rest } = elastic['comes-and-goes'];
    const { good, confidence } = truth({ job, ...rest });
    // The window ends before the third replica does.
    const window = { fromSeconds: rest.window.fromSeconds, toSeconds: START + 78 };
    const verdict = await elasticVerdictOf({ job, ...rest, window });
    expect(outcomes(verdict), JSON.stringify(verdict.objectives, null, 1)).toEqual(allAre('met'));
    expect(objective(verdict, 'confidence').value).toBe(confidence);
    expect(objective(verdict, 'latency-p95').samples).toBeLessThan(good);
  });

  test('with enough requests, the uncounted requests do not matter', async () => {
    const verdict = await elasticVerdictOf(elastic['long-enough']);
    expect(outcomes(verdict), JSON.stringify(verdict.objectives, null, 1)).toEqual(allAre('met'));
  });

  test('a limit violated only by requests that were never scraped is not reported as met', async () => {
    const { good, within } = truth(elastic['slow-at-the-end']);
    expect((good - within(0.2)) / good).toBeGreaterThan(0.05);
    const verdict = await elasticVerdictOf(elastic['slow-at-the-end']);
    const { reason } = objective(verdict, 'latency-p95');
    expect(Number(/\(([\d.]+)%, 95% needed/.exec(reason)![1]), 'what was scraped').toBeGreaterThan(95);
    expect(objective(verdict, 'latency-p95').verdict, reason).toBe('undecided');
    expect(verdict.verdict).not.toBe('pass');
  });

  test.each(['comes-and-goes', 'restarts-in-place'] as const)('%s, of a stable service', async (name) => {
    expect((await verdictOf(elastic[name])).verdict).toBe('inconclusive');
  });
});

describe('a misbehaving Prometheus', () => {
  const serve = async (answer: Parameters<typeof createServer>[1]) => {
    const http: Server = createServer({}, answer!).listen(0, '127.0.0.1');
    await once(http, 'listening');
    const stop = async () => {
      http.closeAllConnections();
      http.close();
      await once(http, 'close');
    };
    return { port: (http.address() as AddressInfo).port, [Symbol.asyncDispose]: stop };
  };
  const expectNothing = (verdict: VerdictDocument, reason: string) => {
    expect(verdict.verdict).toBe('inconclusive');
    expect(outcomes(verdict)).toEqual(allAre('undecided'));
    expect(objective(verdict, 'latency-p95').reason).toContain(reason);
  };

  test('a port without a listener', async () => {
    const port = await closedPort();
    expectNothing(await verdictOf(worlds['p95-met'], `http://127.0.0.1:${port}`), 'ECONNREFUSED');
  });
  const closedPort = async () => {
    await using gone = await serve(() => {});
    return gone.port;
  };

  test.each([
    ['text', '<html>gateway</html>', 'not JSON'],
    ['null', 'null', 'status 200: null'],
    ['an error', '{"status":"error","error":"too many samples"}', 'too many samples'],
    ['no data', '{"status":"success"}', 'expected raw samples'],
    ['another type', '{"status":"success","data":{"resultType":"vector","result":[]}}', 'vector'],
    [
      'a result that is not a list',
      '{"status":"success","data":{"resultType":"matrix","result":null}}',
      'expected raw samples',
    ],
    ['a series without labels', matrix('{"values":[[1,"1"]]}'), 'expected raw samples'],
    ['a value that is a number', matrix('{"metric":{},"values":[[1,1]]}'), 'expected raw samples'],
    ['a value that is null', matrix('{"metric":{},"values":[[1,null]]}'), 'expected raw samples'],
    ['native histograms', matrix('{"metric":{},"histograms":[[1,{"count":"5"}]]}'), 'histograms'],
  ])('garbage: %s', async (_, body, reason) => {
    await using garbage = await serve((_request, response) => response.end(body));
    expectNothing(await verdictOf(worlds['p95-met'], `http://127.0.0.1:${garbage.port}`), reason);
  });

  test('waiting for a server that never responds is limited', async () => {
    await using silent = await serve(() => {});
    const verdict = await verdictOf(worlds['p95-met'], `http://127.0.0.1:${silent.port}`, 500);
    expectNothing(verdict, 'no response within 0.5 s');
  });

  test('a server that stops in the middle of its response', async () => {
    await using broken = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"status":"success"', () => response.destroy());
    });
    expectNothing(await verdictOf(worlds['p95-met'], `http://127.0.0.1:${broken.port}`), 'did not respond');
  });

  test('waiting ends when the caller aborts', async () => {
    await using silent = await serve(() => {});
    const plan = planOf('p95-met');
    const caller = new AbortController();
    const asked = collectEvidence(plan, runOf(worlds['p95-met']), {
      url: `http://127.0.0.1:${silent.port}`,
      signal: caller.signal,
    });
    caller.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
  });

  test('user, password and token reach the server, and do not appear in the evidence', async () => {
    const seen: (string | undefined)[] = [];
    await using guarded = await serve((request, response) => {
      seen.push(request.headers.authorization);
      response.statusCode = 401;
      response.end('{"status":"error","error":"unauthorized"}');
    });
    const plan = planOf('p95-met');
    const url = `http://ada:s%40cret@127.0.0.1:${guarded.port}/prometheus/?token=s%40cret`;
    const asker = { url, signal: AbortSignal.timeout(10_000) };
    const evidence = await collectEvidence(plan, runOf(worlds['p95-met']), asker);
    expect(new Set(seen)).toEqual(new Set([`Basic ${Buffer.from('ada:s@cret').toString('base64')}`]));
    const written = JSON.stringify([evidence, judgeInWords(plan, runOf(worlds['p95-met']), evidence)]);
    expect(written).not.toMatch(/s@cret|s%40cret|ada/);
    expect(evidence.prometheus.url).toBe(`http://127.0.0.1:${guarded.port}/prometheus/`);
  });

  test('a URL with a path prefix', async () => {
    const paths: string[] = [];
    await using proxied = await serve((request, response) => {
      paths.push(request.url!.split('?')[0]!);
      response.end(matrix(''));
    });
    await verdictOf(worlds['p95-met'], `http://127.0.0.1:${proxied.port}/prometheus`);
    const own = ['/prometheus/api/v1/query', '/prometheus/api/v1/query_range'];
    expect(new Set(paths)).toEqual(new Set(own));
  });
});

function matrix(series: string): string {
  return `{"status":"success","data":{"resultType":"matrix","result":[${series}]}}`;
}
