import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { temporaryFolder } from '../testing/sla.ts';
import { allowedPaths } from './checks/network.ts';
import { prometheusConfigOf } from './checks/security.ts';
import { containersOf, named, ofKind, workloadsOf } from './manifest.ts';
import { objectsOf } from './testing/overlays.ts';

/** Tests k8s/components/victoriametrics. scripts/e2e/deduplication.test.ts tests how the gate uses its data. */

const objects = await objectsOf('production with victoriametrics');
const base = await objectsOf('production');
const container = (name: string) => containersOf(named(workloadsOf(objects), name)!)[0]!;
const flag = (name: string) => {
  const [found] = (container('victoriametrics').args ?? []).flatMap((arg) =>
    arg.startsWith(`-${name}=`) ? [arg.slice(name.length + 2)] : [],
  );
  return found;
};

test('samples are deduplicated over exactly one scrape interval', () => {
  expect(flag('dedup.minScrapeInterval')).toBe(prometheusConfigOf(objects)!.global.scrape_interval);
});

test('two Prometheus replicas write the same series, and share no volume', () => {
  const prometheus = named(workloadsOf(objects), 'prometheus')!;
  expect(prometheus.spec.replicas).toBe(2);
  const claims = ofKind(objects, 'PersistentVolumeClaim').map(({ metadata }) => metadata.name);
  expect(claims).toContain('victoriametrics-data');
  expect(claims).not.toContain('prometheus-data');
  const config = named(ofKind(objects, 'ConfigMap'), 'prometheus-config')!.data!['prometheus.yml']!;
  const parsed = parse(config) as { global: object; remote_write: object[] };
  expect(parsed.global).not.toHaveProperty('external_labels');
  expect(parsed.remote_write).toEqual([
    expect.objectContaining({ url: 'http://victoriametrics:8428/api/v1/write' }),
  ]);
  expect(parsed.remote_write[0]).not.toHaveProperty('write_relabel_configs');
});

test("promtool accepts the configuration with the component's additions", async () => {
  await using folder = await temporaryFolder();
  const config = named(ofKind(objects, 'ConfigMap'), 'prometheus-config')!.data!['prometheus.yml']!;
  const files = {
    'prometheus.yml': config.replaceAll('/etc/prometheus', folder.path),
    'login/username': 'sla-1',
    'login/password': 'x',
    'login/metrics-token': 'x',
    'victoriametrics/username': 'sla',
    'victoriametrics/password': 'x',
  };
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder.path, name)), { recursive: true });
    await writeFile(join(folder.path, name), text);
  }
  const args = ['check', 'config', join(folder.path, 'prometheus.yml')];
  expect(execFileSync(process.env.PROMTOOL_BIN!, args, { encoding: 'utf8', stdio: 'pipe' })).toContain(
    'SUCCESS',
  );
});

test('only Prometheus, Grafana and the verifier connect to VictoriaMetrics', () => {
  const more = allowedPaths(objects).filter((path) => !allowedPaths(base).includes(path));
  expect(more).toEqual(['grafana → victoriametrics:8428', 'prometheus → victoriametrics:8428']);
});
