import { createServer } from 'node:http';
import { describe, expect, test } from 'vitest';
import type { Io } from '../cli/io.ts';
import { serve } from '../testing/http-server.ts';
import { ROOT } from '../testing/sla.ts';
import { awaitReachable } from './reach.ts';

/** A service and a Prometheus that do not respond are reported before anything is sent. */

const UP = 'up{job="checkout"}';
const STARTING_MS = 700;

interface Tried {
  /** The message of the thrown error, with its next step. */
  readonly error: string | null;
  readonly code: string | null;
  readonly progress: string;
}

async function reach(serviceUrl: string, prometheusUrl: string): Promise<Tried> {
  let progress = '';
  const io: Io = {
    ...{ root: ROOT, project: ROOT, cwd: ROOT, isInstalled: false, env: {}, colour: false },
    print: () => {},
    progress: (line) => {
      progress += `${line}\n`;
    },
    signal: new AbortController().signal,
  };
  try {
    await awaitReachable(UP, { serviceUrl, prometheusUrl }, io, STARTING_MS);
    return { error: null, code: null, progress };
  } catch (error) {
    const { message, nextStep, code } = error as { message: string; nextStep: string; code: string };
    return { error: `${message}\nnext: ${nextStep}`, code, progress };
  }
}

const prometheus = (requests: string[] = []) =>
  serve((request, response) => {
    requests.push(request.url!);
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result: [] } }));
  });

/** Finds a port on which no process listens. */
async function closedUrl(): Promise<string> {
  await using gone = await serve(() => {});
  return gone.url;
}

describe('a service that was not started here', () => {
  test('gets a connection but no request, because the service would count a request', async () => {
    const requests: string[] = [];
    await using service = await serve((request, response) => {
      requests.push(request.url!);
      response.end();
    });
    await using server = await prometheus();
    expect(await reach(service.url, server.url)).toMatchObject({ error: null, progress: '' });
    expect(requests).toEqual([]);
  });

  test('that refuses connections is retried for a short time; the message has the address, the cause and the time', async () => {
    const url = await closedUrl();
    await using server = await prometheus();
    const { error, code, progress } = await reach(url, server.url);
    expect(code).toBe('service-unreachable');
    expect(progress).toMatch(
      new RegExp(
        `^waiting for the service at ${url}/ until \\d\\d:\\d\\d:\\d\\d UTC \\(0.7 s\\): connection refused`,
      ),
    );
    expect(error).toBe(
      `the service cannot be reached at ${url}/ within 0.7 s: connection refused: nothing listens at this address (ECONNREFUSED); no load was sent\nnext: start the service, or correct --target`,
    );
  });

  test('that starts to listen within this time is loaded', async () => {
    const url = await closedUrl();
    await using server = await prometheus();
    const late = createServer();
    setTimeout(() => late.listen(Number(new URL(url).port), '127.0.0.1'), 200);
    try {
      expect((await reach(url, server.url)).error).toBeNull();
    } finally {
      late.close();
    }
  });

  test('is not retried if its host does not exist', async () => {
    await using server = await prometheus();
    const { error, progress } = await reach('http://no-such-host.invalid:8080', server.url);
    expect(error).toMatch(
      /^the service cannot be reached at http:\/\/no-such-host\.invalid:8080\/: this host name/,
    );
    expect(progress).toBe('');
  });
});

describe('a Prometheus that was not started here', () => {
  const answering = (status: number, body: string, headers: Record<string, string> = {}) =>
    serve((_, response) => void response.writeHead(status, headers).end(body));

  test('that refuses connections is retried for a short time', async () => {
    await using service = await serve(() => {});
    const url = await closedUrl();
    const { error, code, progress } = await reach(service.url, url);
    expect(progress).toContain(`waiting for Prometheus at ${url}/ until `);
    expect(code).toBe('prometheus-unreachable');
    expect(error).toBe(
      `Prometheus cannot be reached at ${url}/ within 0.7 s: connection refused: nothing listens at this address (ECONNREFUSED); no load was sent\nnext: start Prometheus, or correct --prometheus`,
    );
  });

  test.each([
    [404, 'not found', 'not-prometheus', 'it does not respond like a Prometheus server: status 404'],
    [
      200,
      '<html></html>',
      'not-prometheus',
      'it does not respond like a Prometheus server: status 200, but not JSON',
    ],
    [401, 'who?', 'prometheus-closed', 'it rejected the credentials: status 401'],
    [400, '{"status":"error","error":"no such tenant"}', 'not-prometheus', 'status 400: no such tenant'],
  ])('that responds with %i and %j is not retried', async (status, body, code, cause) => {
    await using service = await serve(() => {});
    await using server = await answering(status, body);
    const tried = await reach(service.url, server.url);
    expect(tried).toMatchObject({ code, progress: '' });
    expect(tried.error).toContain(`Prometheus cannot be reached at ${server.url}/: ${cause}`);
    expect(tried.error).toContain('; no load was sent\nnext: ');
  });

  test('that redirects is reported with the new address', async () => {
    await using service = await serve(() => {});
    await using server = await answering(302, '', { location: '/login' });
    expect((await reach(service.url, server.url)).error).toContain(`it redirects to ${server.url}/login`);
  });

  test('that is still loading its data is retried', async () => {
    await using service = await serve(() => {});
    let times = 0;
    await using server = await serve((_, response) => {
      if (times++ === 0) response.writeHead(503).end('Service Unavailable');
      else response.end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result: [] } }));
    });
    const { error, progress } = await reach(service.url, server.url);
    expect(error).toBeNull();
    expect(progress).toContain('status 503');
  });
});
