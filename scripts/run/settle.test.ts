import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askOnce } from '../../slas/prometheus/http.ts';
import { serve, type TestServer } from '../testing/http-server.ts';
import { startPrometheusFrom } from '../testing/scraping.ts';
import { type TemporaryFolder, temporaryFolder } from '../testing/sla.ts';
import { inWords } from './settle.ts';

/** Tests the messages about a service that is not scraped. They quote a real Prometheus. */

let folder: TemporaryFolder;
let service: TestServer;
let prometheus: Awaited<ReturnType<typeof startPrometheusFrom>>;
const { signal } = new AbortController();
const asker = () => ({ url: prometheus.url, signal });

beforeAll(async () => {
  folder = await temporaryFolder();
  service = await serve((request, response) => {
    if (request.url === '/metrics') return void response.writeHead(401).end();
    response.writeHead(404).end();
  });
  const target = (job: string, path: string) =>
    `  - job_name: ${job}\n    metrics_path: ${path}\n    static_configs: [{ targets: ['${new URL(service.url).host}'] }]\n`;
  await mkdir(join(folder.path, 'data'));
  const config = join(folder.path, 'prometheus.yml');
  await writeFile(
    config,
    `global: { scrape_interval: 1s }\nscrape_configs:\n${target('closed', '/metrics')}${target('wrong', '/metric')}`,
  );
  prometheus = await startPrometheusFrom(config, join(folder.path, 'data'));
  for (let tries = 0; tries < 100; tries++) {
    const { series } = await askOnce('up', Date.now() / 1000, asker());
    if (series.length === 2) return;
    await sleep(100);
  }
  throw new Error('Prometheus scraped nothing');
});
afterAll(async () => {
  await prometheus[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

test.each([
  ['closed', '/metrics', 'server returned HTTP status 401 Unauthorized'],
  ['wrong', '/metric', 'server returned HTTP status 404 Not Found'],
])(
  'if the scrapes of %s fail, the message has the address and the cause that Prometheus reports',
  async (job, path, cause) => {
    expect(await inWords('failing', `up{job="${job}"}`, asker())).toBe(
      `up is 0, so its scrapes fail: ${service.url}${path}: ${cause}`,
    );
  },
);

test('if no target has the selected labels, the message lists the labels of the existing targets', async () => {
  const words = await inWords('no-series', 'up{job="checkout"}', asker());
  const instance = new URL(service.url).host;
  expect(words).toContain('it has no series with these labels; it scrapes {');
  for (const job of ['closed', 'wrong']) expect(words).toContain(`{instance="${instance}", job="${job}"}`);
});
