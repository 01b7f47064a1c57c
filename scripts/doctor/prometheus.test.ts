import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { basicAuthorization } from '../../slas/prometheus/http.ts';
import { type PrometheusServer, startPrometheusWith } from '../../slas/testing/prometheus-server.ts';
import { hashed, webConfig } from '../kubernetes/secrets.ts';
import { temporaryFolder } from '../testing/sla.ts';
import { readPrometheus } from './prometheus.ts';
import type { Reader } from './reader.ts';

/** A real Prometheus that requires a password, like the one in k8s/. Only the connection to it differs. */

const owned = new AsyncDisposableStack();
let reader: Reader;
const signal = new AbortController().signal;

beforeAll(async () => {
  const { path } = owned.use(await temporaryFolder());
  const config = join(path, 'web-config.yml');
  await writeFile(config, webConfig({ 'sla-1': hashed('a-long-password') }));
  const server: PrometheusServer = owned.use(
    await startPrometheusWith(async () => {}, { args: [`--web.config.file=${config}`] }),
  );
  const value = { url: server.url, [Symbol.asyncDispose]: async () => {} };
  const unused = async () => Promise.reject(new Error('only the port is forwarded here'));
  reader = { get: unused, text: unused, forward: async () => ({ ok: true, value }) };
});
afterAll(() => owned.disposeAsync());

const read = (headers: Readonly<Record<string, string>> = {}) =>
  readPrometheus(reader, 'prometheus', { headers }, signal);

test('with the password, its targets and alerts can be read', async () => {
  expect(await read({ authorization: basicAuthorization('sla-1', 'a-long-password') })).toEqual({
    ok: true,
    value: { targets: [], alerts: [] },
  });
});

test('without credentials the check is reported as not made; wrong credentials are a finding', async () => {
  expect(await read()).toMatchObject({
    ok: false,
    kind: 'forbidden',
    why: expect.stringContaining('PROMETHEUS_USER'),
  });
  expect(await read({ authorization: basicAuthorization('sla-1', 'another-password') })).toMatchObject({
    ok: false,
    kind: 'rejected',
  });
});
