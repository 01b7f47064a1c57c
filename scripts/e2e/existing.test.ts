import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunRecord } from '../../slas/model/model.ts';
import type { VerdictDocument } from '../../slas/render/json.ts';
import { SHIPPED_DOCUMENT } from '../cli/inputs.ts';
import { startLocalStack } from '../stack/local.ts';
import type { Stack } from '../stack/stack.ts';
import { type Done, ROOT, sla, type TemporaryFolder, temporaryFolder } from '../testing/sla.ts';

/** A service that was already running, end to end: the real service with its own tokens, on this machine. */

const TOKENS = { target: 'target-token-0b7e55d1', prometheus: 'prometheus-token-94c2' };
const LOAD = ['--scenario', 'smoke', '--rate', '30', '--duration', '12s', '--json'];

let folder: TemporaryFolder;
let document: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  document = join(folder.path, 'sla.yaml');
  const shipped = await readFile(join(ROOT, SHIPPED_DOCUMENT), 'utf8');
  // It resolves to this machine, but is not one of the addresses that are always allowed.
  await writeFile(document, shipped.replace('service:\n', 'service:\n  allowedTargets: [0.0.0.0]\n'));
});
afterAll(() => folder[Symbol.asyncDispose]());

const startStack = (faults?: string): Promise<Stack> =>
  startLocalStack({
    root: ROOT,
    env: { ...process.env, API_TOKENS: TOKENS.target },
    prometheusPath: process.env.PROMETHEUS_BIN!,
    selector: { job: 'sentiment-api' },
    folder: folder.path,
    signal: new AbortController().signal,
    ...(faults === undefined ? {} : { faults }),
  });

interface Gate extends AsyncDisposable {
  readonly url: string;
}

/** A proxy in front of Prometheus that requires the token. */
async function startFront(prometheusUrl: string): Promise<Gate> {
  const server = createServer(async (request, response) => {
    if (request.headers.authorization !== `Bearer ${TOKENS.prometheus}`)
      return void response.writeHead(401).end();
    const answer = await fetch(prometheusUrl + request.url);
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const gate = (
  stack: Stack,
  prometheusUrl: string,
  env: Record<string, string>,
  more: string[],
): Promise<Done> =>
  sla(
    [
      ...['gate', ...LOAD, '--out', folder.path, '--stack', 'none', '--sla', document],
      ...['--target', stack.serviceUrl.replace('127.0.0.1', '0.0.0.0')],
      ...['--prometheus', prometheusUrl, ...more],
    ],
    { env },
  );

const lastRun = async () =>
  JSON.parse(await readFile(join(folder.path, 'latest', 'run.json'), 'utf8')) as RunRecord;

const outcomes = ({ objectives }: VerdictDocument) =>
  Object.fromEntries(objectives.map(({ id, verdict }) => [id, verdict]));

describe('an existing service', { timeout: 180_000 }, () => {
  test('is judged if the document allows it, with its token and that of Prometheus; if a bound is exceeded, nothing is sent', async () => {
    await using stack = await startStack();
    await using front = await startFront(stack.prometheusUrl);
    const env = { SLA_TARGET_TOKEN: TOKENS.target, PROMETHEUS_TOKEN: TOKENS.prometheus };

    const refused = await gate(stack, front.url, env, ['--max-rate', '29/s', '--max-duration', '11s']);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(
      /exceeds the 29\/s that --max-rate allows \(phase "hold" with 30\/s\).*\n.*longer than the 11 s/,
    );
    expect(await predictions(stack)).toBe(0);

    const passed = await gate(stack, front.url, env, [
      '--no-abort',
      ...['--max-rate', '30', '--max-duration', '12s'],
    ]);

    // Whether it is fast enough depends on this machine. Checked here: all requests were authorised, and
    // Prometheus had the data.
    const { load } = await lastRun();
    expect(load, passed.stderr).toMatchObject({ completed: true, sent: 360, lost: 0 });
    expect(load!.answered).toMatchObject({ '2xx': 360 });
    const { preconditions } = JSON.parse(passed.stdout) as VerdictDocument;
    expect(preconditions.find(({ id }) => id === 'prometheus-answered')).toMatchObject({ ok: true });

    const again = ['verify', join(folder.path, 'latest'), '--prometheus', front.url];
    expect((await sla(again, { env })).stderr).toContain(
      'queried again: the same samples and the same verdict',
    );
    expect((await sla(again)).stderr).toContain('THE COUNTS DIFFER');

    const outside = await gate(stack, front.url, { ...env, PROMETHEUS_TOKEN: 'not-the-token-either' }, []);
    expect(outside.code).toBe(4);
    expect(outside.stderr).toMatch(/rejected our credentials: status 401.*\nnext: set PROMETHEUS_TOKEN/);
    expect(outside.stderr).not.toContain('warming up');

    const wrong = await gate(stack, front.url, { ...env, SLA_TARGET_TOKEN: 'not-the-token-at-all' }, []);
    expect(wrong.code).toBe(4);
    expect(wrong.stderr).toContain('did not answer any warm-up request with 2xx');
    expect(wrong.stderr).toContain('SLA_TARGET_TOKEN');
  });

  test('is no longer loaded once more than half of its responses are errors, and does not pass', async () => {
    await using stack = await startStack('errors=60%');
    const env = { SLA_TARGET_TOKEN: TOKENS.target };
    const { code, stdout, stderr } = await gate(stack, stack.prometheusUrl, env, ['--no-abort']);
    expect(stderr).toMatch(/stopping the load: \d+ of the \d+ requests that ended within 5 s were errors/);
    const verdict = JSON.parse(stdout) as VerdictDocument;
    const { load } = await lastRun();
    expect(load).toMatchObject({ completed: false, plannedRequests: 360 });
    expect(load!.stoppedBecause).toContain('load on a service that was already running stops at half');
    expect(load!.sent).toBeLessThan(240);
    // Five errors of 360 already exceed 1%, whatever comes after them.
    expect(outcomes(verdict)).toMatchObject({ 'error-rate': 'missed', 'latency-p95': 'undecided' });
    expect(code).toBe(1);
    expect(verdict.preconditions.find(({ id }) => id === 'load-delivered')).toMatchObject({
      ok: false,
      detail: expect.stringContaining('the load was cut short'),
    });
  });
});

/** The number of POST requests that the service has counted so far, with any response. */
async function predictions({ serviceUrl }: Stack): Promise<number> {
  const text = await (await fetch(`${serviceUrl}/metrics`)).text();
  const lines = text.matchAll(/^http_requests_total\{.*method="POST".*\} (\d+)$/gm);
  return [...lines].reduce((sum, [, value]) => sum + Number(value), 0);
}
