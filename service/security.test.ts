import helmet from '@fastify/helmet';
import fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildApp } from './app.ts';
import type { WorkerPool } from './classifier/worker-pool.ts';
import { securityHeaders } from './security.ts';
import { appOf, configOf, post, readSeries, startClassifier } from './testing/service.ts';

let classifier: WorkerPool;
beforeAll(async () => {
  classifier = await startClassifier();
});
afterAll(() => classifier[Symbol.asyncDispose]());

describe('headers', () => {
  test('equal the headers of helmet, with a policy that forbids loading and framing', async () => {
    await using app = fastify();
    await app.register(helmet, {
      contentSecurityPolicy: {
        useDefaults: false,
        directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
      },
    });
    app.get('/', async () => '');
    const { headers } = await app.inject('/');
    const { 'content-type': _, 'content-length': __, date: ___, connection: ____, ...set } = headers;
    expect(set).toEqual(securityHeaders);
  });

  test.each(['/health/live', '/nope', '/metrics', '/%zz'])('are sent with %s', async (url) => {
    await using app = appOf(classifier);
    expect((await app.inject(url)).headers).toMatchObject(securityHeaders);
  });
});

const [old, current, metricsToken] = [
  'old-token-of-the-spring',
  'new-token-of-the-summer',
  'scraper-token-00',
];

function guarded(): FastifyInstance {
  return buildApp(configOf({}), classifier, { tokens: { predict: [old, current], metrics: [metricsToken] } });
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('tokens', () => {
  test.each([old, current])('each of several tokens is accepted for predictions: %s', async (token) => {
    await using app = guarded();
    expect((await post(app, '/predict', { text: 'good' }, bearer(token))).statusCode).toBe(200);
    expect((await post(app, '/predict/batch', { texts: ['good'] }, bearer(token))).statusCode).toBe(200);
  });

  test.each(['bearer', 'BEARER'])('the scheme may be written as %s', async (scheme) => {
    await using app = guarded();
    const headers = { authorization: `${scheme} ${current}` };
    expect((await post(app, '/predict', { text: 'good' }, headers)).statusCode).toBe(200);
  });

  test.each([
    ['a missing token', {}],
    ['a wrong token', bearer('wrong-token-of-the-fall')],
    ['a token with an additional character', bearer(`${current}x`)],
    ['a part of a token', bearer(current.slice(0, -1))],
    ['the token for metrics', bearer(metricsToken)],
    ['another scheme', { authorization: `Basic ${current}` }],
  ])('%s is refused, before the body is read', async (_name, headers) => {
    await using app = guarded();
    const response = await post(app, '/predict', '{', headers);
    expect([response.statusCode, response.headers['www-authenticate']]).toEqual([401, 'Bearer']);
    expect(response.json().error.code).toBe('unauthorized');
    expect(response.body).not.toContain(current);
    const { body } = await app.inject({ url: '/metrics', headers: bearer(metricsToken) });
    expect(body).toContain('sentiment_errors_total{error_type="unauthorized",endpoint="/predict"} 1\n');
  });

  test('metrics have their own tokens, and health checks need none', async () => {
    await using app = guarded();
    expect((await app.inject('/metrics')).statusCode).toBe(401);
    expect((await app.inject({ url: '/metrics', headers: bearer(current) })).statusCode).toBe(401);
    expect((await app.inject({ url: '/metrics', headers: bearer(metricsToken) })).statusCode).toBe(200);
    expect((await app.inject('/health/ready')).statusCode).toBe(200);
  });
});

test('a client over its rate is refused with the time to wait; other clients are not', async () => {
  await using app = appOf(classifier, { RATE_LIMIT_PER_MINUTE: '2', TRUST_PROXY: '1' });
  const ask = (client: string) => post(app, '/predict', { text: 'good' }, { 'x-forwarded-for': client });
  expect((await ask('192.0.2.1')).statusCode).toBe(200);
  expect((await ask('192.0.2.1')).statusCode).toBe(200);
  const refused = await ask('192.0.2.1');
  expect(refused.statusCode).toBe(429);
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  expect(refused.json().error.code).toBe('rate_limited');
  expect((await ask('192.0.2.2')).statusCode).toBe(200);
  const series = await readSeries(app);
  expect(series.get('sentiment_errors_total{error_type="rate_limited",endpoint="/predict"}')).toBe(1);
});

test('requests with wrong tokens are also rate-limited', async () => {
  const config = configOf({ RATE_LIMIT_PER_MINUTE: '2' });
  await using app = buildApp(config, classifier, { tokens: { predict: [current], metrics: [] } });
  const guess = () => post(app, '/predict', { text: 'good' }, bearer('wrong-token-of-the-fall'));
  expect([await guess(), await guess(), await guess()].map(({ statusCode }) => statusCode)).toEqual([
    401, 401, 429,
  ]);
});

test('all limited routes share one limit per client', async () => {
  await using app = appOf(classifier, { RATE_LIMIT_PER_MINUTE: '2' });
  expect((await post(app, '/predict', { text: 'good' })).statusCode).toBe(200);
  expect((await post(app, '/explain', { text: 'good' })).statusCode).toBe(200);
  expect((await post(app, '/feedback', { id: 'x', agrees: true })).statusCode).toBe(429);
  expect((await app.inject('/health/ready')).statusCode).toBe(200);
});

test('behind a proxy that appends to the list, a client cannot choose the address that is counted', async () => {
  await using app = appOf(classifier, { RATE_LIMIT_PER_MINUTE: '1', TRUST_PROXY: '1' });
  const ask = (made: string) =>
    post(app, '/predict', { text: 'good' }, { 'x-forwarded-for': `${made}, 192.0.2.1` });
  expect((await ask('198.51.100.1')).statusCode).toBe(200);
  expect((await ask('198.51.100.2')).statusCode).toBe(429);
});

test.each([
  ['another port', ['192.0.2.1:1', '192.0.2.1:2', '192.0.2.1', '::ffff:192.0.2.1']],
  [
    'another IPv6 port, zone or spelling',
    ['[2001:db8::1]:80', '[2001:db8::1]:81', '2001:DB8::1%a', '2001:db8::2'],
  ],
  ['text that is not an address', ['unknown', 'unknown:1', '_a', '_b', '192.0.2.999']],
])('behind a proxy, %s counts as the same client', async (_name, spellings) => {
  await using app = appOf(classifier, { RATE_LIMIT_PER_MINUTE: '1', TRUST_PROXY: '1' });
  const statuses = [];
  for (const client of spellings) {
    const headers = { 'x-forwarded-for': `198.51.100.1, ${client}` };
    statuses.push((await post(app, '/predict', { text: 'good' }, headers)).statusCode);
  }
  expect(statuses).toEqual([200, ...spellings.slice(1).map(() => 429)]);
});

test('without TRUST_PROXY, a client cannot choose the address that is counted', async () => {
  await using app = appOf(classifier, { RATE_LIMIT_PER_MINUTE: '1' });
  const ask = (client: string) => post(app, '/predict', { text: 'good' }, { 'x-forwarded-for': client });
  expect((await ask('192.0.2.1')).statusCode).toBe(200);
  expect((await ask('192.0.2.2')).statusCode).toBe(429);
});
