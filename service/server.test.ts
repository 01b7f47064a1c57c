import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseSeries, ServiceProcess, until } from './testing/service.ts';

function predict(address: unknown): Promise<Response> {
  return fetch(`${address}/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"text":"I love it"}',
  });
}

async function untilInProgress(address: unknown, requests: number): Promise<void> {
  const name = 'http_requests_in_progress{method="POST",handler="/predict"}';
  await until(
    async () => parseSeries(await (await fetch(`${address}/metrics`)).text()).get(name) === requests,
  );
}

async function connectTo(address: unknown) {
  const socket = connect(Number(new URL(String(address)).port), '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s: accepted requests get a response, new ones are refused, and the exit code is 0',
  async (signal) => {
    await using service = new ServiceProcess({ SLA_FAULTS: 'latency=1000ms' });
    const { address } = await service.logged('listening');
    await service.logged('ready');
    const silent = await connectTo(address);
    const halfway = await connectTo(address);
    halfway.write('GET /health/ready HTTP/1.1\r\nHost: x\r\n');
    const inFlight = [predict(address), predict(address)];
    await untilInProgress(address, 2);

    service.child.kill(signal);
    await service.logged('stopping: accepting no new requests, finishing requests in flight');
    halfway.write('\r\n');
    const [ready] = await once(halfway, 'data');
    expect(String(ready)).toMatch(/^HTTP\/1.1 503 /);
    expect(String(ready)).toContain('"reason":"stopping"');
    await expect(predict(address)).rejects.toThrow('fetch failed');

    for (const response of await Promise.all(inFlight)) {
      expect(response.status).toBe(200);
      expect(response.headers.get('connection')).toBe('close');
      expect(await response.json()).toMatchObject({ sentiment: 'POSITIVE' });
    }
    expect(await service.exitCode()).toBe(0);
    expect(service.stderr).toBe('');
    silent.destroy();
  },
);

test('requests in flight at the drain deadline are aborted, and the exit code is 1', async () => {
  await using service = new ServiceProcess({ SLA_FAULTS: 'latency=60s', DRAIN_DEADLINE_MS: '100' });
  const { address } = await service.logged('listening');
  const lost = predict(address).catch((error) => error.message);
  await untilInProgress(address, 1);
  service.child.kill('SIGTERM');
  expect(await service.exitCode()).toBe(1);
  expect(service.logLines.at(-1)!.msg).toContain('still in flight at DRAIN_DEADLINE_MS');
  expect(await lost).toBe('fetch failed');
});

test('aborting while the runtime computes does not crash the process', async () => {
  await using service = new ServiceProcess({ DRAIN_DEADLINE_MS: '30', SERVICE_WORKERS: '1' });
  const { address } = await service.logged('listening');
  await service.logged('ready');
  const texts = Array.from({ length: 60 }, () => 'It was good and then it was bad again. '.repeat(100));
  const lost = fetch(`${address}/predict/batch`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ texts }),
  }).then(
    ({ status }) => status,
    () => 'cut off',
  );
  const waiting = async () => parseSeries(await (await fetch(`${address}/metrics`)).text());
  await until(async () => (await waiting()).get('sentiment_queue_length')! > 0);
  service.child.kill('SIGTERM');
  expect([503, 'cut off']).toContain(await lost);
  expect(await service.exitCode()).toBe(1);
  expect(service.stderr).toBe('');
});

test('a signal during startup stops the service', async () => {
  await using service = new ServiceProcess({});
  await service.logged('listening');
  service.child.kill('SIGTERM');
  expect(await service.exitCode()).toBe(0);
});

test('two signals during startup stop the service without a crash', async () => {
  await using service = new ServiceProcess({});
  await service.logged('listening');
  service.child.kill('SIGTERM');
  await service.logged('stopping: accepting no new requests, finishing requests in flight');
  service.child.kill('SIGTERM');
  expect([0, 1]).toContain(await service.exitCode());
  expect(service.stderr).toBe('');
});

test('the service listens before it loads, and logs its address and injected faults', async () => {
  await using service = new ServiceProcess({ SLA_FAULTS: 'errors=2%' });
  const { address } = await service.logged('listening');
  expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect((await fetch(`${address}/health/live`)).status).toBe(200);
  await service.logged('ready');
  expect((await fetch(`${address}/health/ready`)).status).toBe(200);
  const messages = service.logLines.map(({ msg }) => msg);
  expect(messages.indexOf('listening')).toBeLessThan(messages.indexOf('ready'));
  const warning = await service.logged('SLA_FAULTS is set: faults are being injected');
  expect(warning).toMatchObject({ level: 'warn', faults: 'errors=2%' });
});

test('invalid settings end with exit code 2 and every problem', async () => {
  await using service = new ServiceProcess({ PORT: 'x', QUEUE_LIMIT: '-1', SLA_FAULTS: 'boom' });
  expect(await service.exitCode()).toBe(2);
  for (const name of ['PORT: "x"', 'QUEUE_LIMIT: "-1"', 'SLA_FAULTS: "boom"']) {
    expect(service.stderr).toContain(name);
  }
});

test('faults are refused in production', async () => {
  await using service = new ServiceProcess({ SLA_FAULTS: 'errors=2%', NODE_ENV: 'production' });
  expect(await service.exitCode()).toBe(2);
  expect(service.stderr).toContain('SLA_FAULTS_ALLOW=1');
});

test('the error for a port in use names the port and what to do', async () => {
  await using other = createServer();
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  await using service = new ServiceProcess({ PORT: String(port) });
  expect(await service.exitCode()).toBe(1);
  expect(service.stderr).toContain(`port ${port} of 127.0.0.1 is already in use`);
  expect(service.stderr).toContain('PORT=0');
});

test('the error for an address that this machine does not have names the address and what to do', async () => {
  await using service = new ServiceProcess({ HOST: '192.0.2.1' });
  expect(await service.exitCode()).toBe(1);
  expect(service.stderr).toContain('HOST "192.0.2.1" is not an address of this machine (EADDRNOTAVAIL)');
});

test('a missing model ends with exit code 1', async () => {
  await using service = new ServiceProcess({ MODEL_DIR: join(import.meta.dirname, 'testing') });
  expect(await service.exitCode()).toBe(1);
  expect(service.stderr).toContain('lacks config.json');
});

/** The only test with an absolute lower bound: the service must not report shorter times than real ones. */
test('calibration: neither the service nor its client reports a delay of 100 ms as shorter', async () => {
  await using service = new ServiceProcess({ SLA_FAULTS: 'latency=100ms', LOG_LEVEL: 'info' });
  const { address } = await service.logged('listening');
  await service.logged('ready');
  const requests = 30;
  let clientSeconds = 0;
  for (let sent = 0; sent < requests; sent++) {
    const startedMs = performance.now();
    await (await predict(address)).arrayBuffer();
    clientSeconds += (performance.now() - startedMs) / 1000;
  }
  const series = parseSeries(await (await fetch(`${address}/metrics`)).text());
  const labels = '{method="POST",handler="/predict",status="200"}';
  const count = series.get(`http_request_duration_seconds_count${labels}`)!;
  const serverMean = series.get(`http_request_duration_seconds_sum${labels}`)! / count;
  const clientMean = clientSeconds / requests;
  expect(count).toBe(requests);
  expect(serverMean).toBeGreaterThanOrEqual(0.1);
  expect(clientMean).toBeGreaterThanOrEqual(serverMean);
  expect(clientMean / serverMean).toBeLessThan(1.15);
});
