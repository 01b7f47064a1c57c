import { request } from 'node:http';
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../slas/model/model.ts';
import { readListenAddress } from './address.ts';
import { shareJudgements } from './judgements.ts';
import { limitRates } from './rate-limit.ts';
import { listen } from './server.ts';
import { authorisedBy } from './token.ts';

const WINDOW = '/verdict?from=1764396000&to=1764396600';
const verdictOf = (verdict: Verdict['verdict']) =>
  ({
    verdict,
    exitCode: 0,
    summary: { code: 'objective-met', params: {} },
    objectives: [],
    preconditions: [],
    reconciliation: [],
  }) as unknown as Verdict;

interface World {
  readonly judge?: (signal: AbortSignal) => Promise<Verdict>;
  readonly token?: string;
  readonly limitMs?: number;
}

const start = ({ judge = async () => verdictOf('pass'), token, limitMs = 5_000 }: World = {}) =>
  listen(
    { host: '127.0.0.1', port: 0 },
    {
      judgements: shareJudgements({
        judge: (_, signal) => judge(signal),
        signal: new AbortController().signal,
        limitMs,
      }),
      least: 0.95,
      isAuthorised: authorisedBy(token ?? null),
      redact: (text) => text,
    },
  );

const ask = async (url: string, init: RequestInit = {}) => {
  const response = await fetch(url, init);
  return { status: response.status, headers: response.headers, body: await response.json() };
};

describe('the listening verifier', () => {
  test('refuses requests without its token, which is sent in a header or as the password of a URL', async () => {
    await using server = await start({ token: 'the-token-0b7e55d1' });
    const status = async (authorization?: string) =>
      (await ask(server.url + WINDOW, authorization === undefined ? {} : { headers: { authorization } }))
        .status;
    const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
    expect(await status()).toBe(401);
    expect(await status('Bearer the-token-0b7e55d')).toBe(401);
    expect(await status('Bearer')).toBe(401);
    expect(await status(basic('flagger:another'))).toBe(401);
    expect(await status('Bearer the-token-0b7e55d1')).toBe(200);
    expect(await status(basic('flagger:the-token-0b7e55d1'))).toBe(200);
    expect((await ask(`${server.url}/healthz`)).status).toBe(200);
  });

  test('judges a window once for concurrent requests, and keeps a decided verdict', async () => {
    let count = 0;
    const begun = Promise.withResolvers<void>();
    const judge = async () => {
      count++;
      await begun.promise;
      return verdictOf('pass');
    };
    await using server = await start({ judge });
    const asked = [1, 2, 3].map(() => ask(server.url + WINDOW));
    await expect.poll(() => count).toBe(1);
    begun.resolve();
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 200, 200]);
    await ask(server.url + WINDOW);
    expect(count).toBe(1);
  });

  test('judges an undecided window again at the next request', async () => {
    let count = 0;
    await using server = await start({
      judge: async () => verdictOf(++count === 1 ? 'inconclusive' : 'fail'),
    });
    const verdict = async () => (await ask(server.url + WINDOW)).body.verdict;
    expect([await verdict(), await verdict(), await verdict()]).toEqual(['inconclusive', 'fail', 'fail']);
  });

  test('judges at most four windows at the same time', async () => {
    const never = Promise.withResolvers<Verdict>();
    await using server = await start({ judge: () => never.promise });
    const at = (second: number) => `${server.url}/verdict?from=1764396000&to=17643966${second}0`;
    const held = [1, 2, 3, 4].map((second) => ask(at(second)));
    await expect.poll(async () => (await ask(at(5))).status, { interval: 20 }).toBe(503);
    expect((await ask(at(5))).headers.get('retry-after')).toBe('5');
    never.resolve(verdictOf('pass'));
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });

  test('responds with 504 if judging takes too long, and with 502 if it fails', async () => {
    const never = () => new Promise<Verdict>(() => {});
    await using slow = await start({ judge: never, limitMs: 50 });
    expect(await ask(slow.url + WINDOW)).toMatchObject({ status: 504 });
    const fails = async () => {
      throw new Error('Prometheus is gone');
    };
    await using failing = await start({ judge: fails });
    const reply = await ask(failing.url + WINDOW);
    expect(reply).toMatchObject({ status: 502, body: { error: 'Prometheus is gone' } });
  });

  test('refuses other methods, paths and bodies, and lower confidences', async () => {
    await using server = await start();
    const { url } = server;
    expect((await ask(url + WINDOW, { method: 'PUT' })).headers.get('allow')).toBe('GET, POST');
    expect((await ask(`${url}/rollback`)).status).toBe(405);
    expect((await ask(`${url}/verdicts`)).status).toBe(404);
    expect((await ask(`${url}/verdict`)).status).toBe(400);
    expect((await ask(`${url + WINDOW}&confidence=0.9`)).body.error).toContain(
      'lower than that of the verifier',
    );
    const post = (body: string) => ask(url + WINDOW, { method: 'POST', body });
    expect((await post('{')).status).toBe(400);
    expect((await post('null')).status).toBe(200);
    expect((await post('x'.repeat(70_000))).status).toBe(413);
  });

  test('responds with 429 and a time to wait if one address sends too many requests', async () => {
    await using server = await start();
    const all = await Promise.all(Array.from({ length: 40 }, () => ask(server.url + WINDOW)));
    const limited = all.filter(({ status }) => status === 429);
    expect(limited.length).toBeGreaterThanOrEqual(8);
    expect(Number(limited[0]!.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  test('finishes the requests in progress before it stops', async () => {
    const judged = Promise.withResolvers<Verdict>();
    const begun = Promise.withResolvers<void>();
    const server = await start({
      judge: () => {
        begun.resolve();
        return judged.promise;
      },
    });
    const asked = ask(server.url + WINDOW);
    await begun.promise;
    const closed = server[Symbol.asyncDispose]();
    judged.resolve(verdictOf('pass'));
    expect((await asked).status).toBe(200);
    await closed;
    await expect(ask(server.url + WINDOW)).rejects.toThrow();
  });

  test('does not wait for the rest of a slow request body', { timeout: 40_000 }, async () => {
    await using server = await start();
    const slow = request(`${server.url}/verdict`, { method: 'POST', headers: { 'content-length': '100' } });
    const ended = new Promise<string>((resolve) => {
      slow.once('error', ({ message }) => resolve(message));
      slow.once('response', ({ statusCode }) => resolve(String(statusCode)));
    });
    slow.write('{');
    expect(await ended).toMatch(/^408$|hang up|ECONNRESET/);
  });
});

describe('the rate limit', () => {
  test('allows each address a burst, and then one more request per refill', () => {
    const limits = limitRates({ burst: 2, perMinute: 6 });
    expect([1, 2, 3].map(() => limits.take('a', 0))).toEqual([0, 0, 10]);
    expect(limits.take('b', 0)).toBe(0);
    expect(limits.take('a', 4_000)).toBe(6);
    expect(limits.take('a', 10_000)).toBe(0);
    expect(limits.take('a', 10_000)).toBe(10);
  });
});

describe('the address', () => {
  test.each([
    [':8080', { host: null, port: 8080, isLoopback: false }],
    ['0.0.0.0:80', { host: '0.0.0.0', port: 80, isLoopback: false }],
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0, isLoopback: true }],
    ['[::1]:8080', { host: '::1', port: 8080, isLoopback: true }],
    ['[::]:8080', { host: '::', port: 8080, isLoopback: false }],
    ['localhost:8080', { host: 'localhost', port: 8080, isLoopback: true }],
  ])('%s', (text, expected) => {
    expect(readListenAddress(text)).toEqual({ ok: true, value: expected });
  });

  test.each(['8080', 'host.example:80', ':70000', '127.0.0.1', ''])('%j is refused', (text) => {
    expect(readListenAddress(text).ok).toBe(false);
  });
});
