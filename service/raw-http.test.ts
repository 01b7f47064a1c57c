import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiErrors } from './errors.ts';
import { securityHeaders } from './security.ts';
import { type ListeningService, readSeries, startListening } from './testing/service.ts';

/** Requests that no HTTP client would send, written byte by byte. Every refusal has the documented body. */

let service: ListeningService;
let app: FastifyInstance;
beforeAll(async () => {
  service = await startListening();
  app = service.app;
});
afterAll(() => service[Symbol.asyncDispose]());

/** Sends these bytes and returns the whole response, after which the service closes the connection. */
async function responseTo(bytes: string) {
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  socket.write(bytes);
  await once(socket, 'close');
  const [head, body] = text.split('\r\n\r\n');
  const [first, ...lines] = head!.split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
  );
  return { status: Number(first!.split(' ')[1]), headers, body: body! };
}

const json = 'Content-Type: application/json\r\n';
const close = 'Host: x\r\nConnection: close\r\n';

test.each([
  ['no Host', 'bad_http', 'GET /metrics HTTP/1.1\r\n\r\n'],
  ['no Host, and a body', 'bad_http', `POST /predict HTTP/1.1\r\n${json}Content-Length: 2\r\n\r\n{}`],
  [
    'an unknown expectation',
    'expectation_failed',
    `POST /predict HTTP/1.1\r\nHost: x\r\nExpect: 200-ok\r\n${json}Content-Length: 2\r\n\r\n{}`,
  ],
  ['CONNECT', 'method_not_allowed', 'CONNECT example.org:80 HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['TRACE', 'method_not_allowed', `TRACE / HTTP/1.1\r\n${close}\r\n`],
  ['another protocol', 'bad_http', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['an unknown method', 'bad_http', 'FOO / HTTP/1.1\r\nHost: x\r\n\r\n'],
  [
    'two Content-Length headers',
    'bad_http',
    `POST /predict HTTP/1.1\r\n${close}Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}`,
  ],
  ['headers of 20 kB', 'headers_too_large', `GET / HTTP/1.1\r\n${close}A: ${'a'.repeat(20_000)}\r\n\r\n`],
  [
    'a chunk extension of 20 kB',
    'bad_http',
    `POST /predict HTTP/1.1\r\n${close}${json}Transfer-Encoding: chunked\r\n\r\n2;${'a'.repeat(20_000)}\r\n{}\r\n`,
  ],
  [
    'a folder above the files',
    'not_found',
    `GET /docs/static/..%2f..%2fpackage.json HTTP/1.1\r\n${close}\r\n`,
  ],
  ['a file that does not exist', 'not_found', `GET /docs/static/nope HTTP/1.1\r\n${close}\r\n`],
  ['a hidden file', 'not_found', `GET /docs/static/.env HTTP/1.1\r\n${close}\r\n`],
  ['a NUL in the name of a file', 'bad_request', `GET /docs/static/%00 HTTP/1.1\r\n${close}\r\n`],
  [
    'a range that no file has',
    'bad_request',
    `GET /docs/static/index.css HTTP/1.1\r\n${close}Range: bytes=9999999-\r\n\r\n`,
  ],
  [
    'a precondition that fails',
    'bad_request',
    `GET /docs/static/index.css HTTP/1.1\r\n${close}If-Match: "x"\r\n\r\n`,
  ],
  ['a URL that cannot be decoded', 'bad_url', `GET /docs/static/%zz HTTP/1.1\r\n${close}\r\n`],
  ['an asterisk as the URL', 'not_found', `OPTIONS * HTTP/1.1\r\n${close}\r\n`],
  [
    'a protocol upgrade on an unknown path',
    'not_found',
    'GET /nope HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: close, Upgrade\r\n\r\n',
  ],
] as const)('%s is refused as %s, with the documented body', async (_name, code, bytes) => {
  const { status, headers, body } = await responseTo(bytes);
  expect({ status, type: headers['content-type'] }).toEqual({
    status: apiErrors[code].status,
    type: 'application/json; charset=utf-8',
  });
  expect(JSON.parse(body)).toEqual({ error: { code, message: expect.stringMatching(/\S/) } });
  // The pages under /docs have their own policy.
  const { 'content-security-policy': _, ...others } = securityHeaders;
  expect(headers).toMatchObject(others);
});

test('an HTTP/1.0 request without Host, and a request that expects 100-continue, are handled normally', async () => {
  expect((await responseTo('GET /health/live HTTP/1.0\r\n\r\n')).status).toBe(200);
  const expecting = await responseTo(`GET /health/live HTTP/1.1\r\n${close}Expect: 100-Continue\r\n\r\n`);
  expect([100, 200]).toContain(expecting.status);
});

test('a request refused for its missing Host creates no series, and leaves nothing in progress', async () => {
  const before = await readSeries(app);
  await responseTo('GET /predict HTTP/1.1\r\n\r\n');
  const after = await readSeries(app);
  const ours = ([name]: [string, number]) =>
    name.startsWith('http_requests_in_progress') || name.includes('"/predict"');
  expect([...after].filter(ours)).toEqual([...before].filter(ours));
});
