import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apply, healthyStack, openNamespace } from '../doctor/testing/small-stack.ts';
import { ROOT } from '../testing/sla.ts';
import { kubectl } from './testing/on-cluster.ts';

/** The commands in the section "Health checks" of docs/operations.md, with a different namespace and different ports. */

const NAMESPACE = `operations-${process.pid}`;
const cleanup = new AsyncDisposableStack();
const page = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8');
const section = page.slice(page.indexOf('## Health checks'), page.indexOf('## Every day'));
const blocks = [...section.matchAll(/^```\n([\s\S]*?)^```$/gm)].map(([, text]) => text!);

beforeAll(async () => {
  cleanup.use(await openNamespace(NAMESPACE));
  await apply(NAMESPACE, ...healthyStack(NAMESPACE));
  for (const name of ['sentiment-api', 'prometheus', 'grafana'])
    await kubectl(
      ['rollout', 'status', `deployment/${name}`, '--namespace', NAMESPACE, '--timeout=180s'],
      '',
      190_000,
    );
}, 900_000);
afterAll(() => cleanup.disposeAsync(), 300_000);

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** Runs the command blocks in one shell and returns their output. Background jobs end with the shell. */
async function run(...indices: readonly number[]): Promise<string> {
  const [api, prometheus] = [await freePort(), await freePort()];
  const script = indices
    .map((index) => blocks[index]!)
    .join('')
    .replaceAll('-n sentiment-analysis', `-n ${NAMESPACE}`)
    .replaceAll('service/sentiment-api 8000', `service/sentiment-api ${api}:8000`)
    .replaceAll('service/prometheus 9090', `service/prometheus ${prometheus}:9090`)
    .replaceAll('127.0.0.1:8000', `127.0.0.1:${api}`)
    .replaceAll('127.0.0.1:9090', `127.0.0.1:${prometheus}`);
  const child = spawn(
    'bash',
    ['-c', `set -e -o pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n${script}`],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data) => {
      output += data;
    });
  const [code] = await once(child, 'close');
  expect(code, output).toBe(0);
  return output;
}

test('the commands show the pods and the logs of both deployments', async () => {
  const output = await run(0);
  expect(output).toMatch(/^sentiment-api-\S+ +1\/1 +Running/m);
  expect(output).toContain('Server is ready to receive web requests');
});

test('the commands show the metrics of the service, using its token', async () => {
  // The /metrics request without a token is left out, because this service requires the token.
  const withoutPlain = blocks[1]!.split('\n').filter((line) => !line.includes('/metrics'));
  blocks[1] = withoutPlain.join('\n');
  const output = await run(1, 2);
  expect(output).toContain('"ready"');
  expect(output).toContain('sentiment_model_loaded 1');
});

test('the commands query Prometheus, using its password', async () => {
  // Prometheus is ready before its first scrape, and until then it has no "up".
  const isScraped = /"status":"success".*"__name__":"up"/;
  await expect.poll(() => run(3), { timeout: 60_000, interval: 1_000 }).toMatch(isScraped);
  expect(await run(3)).toContain('Prometheus Server is Ready.');
});
