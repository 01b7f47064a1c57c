import { expect, test } from 'vitest';
import { serve } from '../testing/http-server.ts';
import { type Sending, sendAll } from './warm-up-requests.ts';

const never = new AbortController().signal;

const sending = (url: string, more: Partial<Sending> = {}): Sending => ({
  url,
  requests: [
    { method: 'POST', path: '/a', headers: { 'x-from': 'warm-up' }, body: '{"text":"ä"}' },
    { method: 'GET', path: '/b', headers: {}, body: null },
  ],
  connections: 4,
  amount: 10,
  ...more,
});

test('the warm-up sends its requests in turn, with headers and bodies, and counts the responses', async () => {
  const seen: string[] = [];
  await using server = await serve(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    seen.push([request.method, request.url, request.headers['x-from'] ?? '-', body].join(' '));
    response.writeHead(request.url === '/a' ? 201 : 302, { location: '/c' }).end();
  });
  const sent = await sendAll(sending(server.url), never);
  expect(sent).toMatchObject({ successes: 5, others: 5, errors: 0 });
  expect(sent.meanMs).toBeGreaterThan(0);
  expect(new Set(seen)).toEqual(new Set(['POST /a warm-up {"text":"ä"}', 'GET /b - ']));
});

test('the warm-up keeps to its rate, and opens no more connections than allowed', async () => {
  const arrivals: number[] = [];
  const sockets = new Set<unknown>();
  await using server = await serve((request, response) => {
    arrivals.push(performance.now());
    sockets.add(request.socket);
    response.end();
  });
  const startedMs = performance.now();
  await sendAll(sending(server.url, { amount: 6, ratePerSecond: 20, connections: 2 }), never);
  expect(arrivals).toHaveLength(6);
  // One request every 50 ms. Timers may fire a fraction of a millisecond early.
  const isEarly = (atMs: number, index: number) => atMs - startedMs < index * 50 - 1;
  expect(arrivals.filter(isEarly)).toEqual([]);
  expect(sockets.size).toBeLessThanOrEqual(2);
});

test('the warm-up stops after 20 errors', async () => {
  let asked = 0;
  await using server = await serve((request) => {
    asked++;
    request.socket.destroy();
  });
  const sent = await sendAll(sending(server.url, { amount: 500 }), never);
  expect(sent).toMatchObject({ successes: 0, others: 0 });
  expect(sent.errors).toBeGreaterThanOrEqual(20);
  expect(asked).toBeLessThan(30);
});

test('after an interrupt, no more requests are sent, but outstanding responses are awaited', async () => {
  const interrupt = new AbortController();
  let answered = 0;
  await using server = await serve((_request, response) => {
    interrupt.abort();
    setTimeout(() => {
      answered++;
      response.end();
    }, 50);
  });
  const { successes } = await sendAll(sending(server.url, { amount: 500 }), interrupt.signal);
  expect(successes).toBe(answered);
  expect(answered).toBeLessThanOrEqual(4);
});
