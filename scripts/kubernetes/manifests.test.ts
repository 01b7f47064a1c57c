import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import * as metricNames from '../../service/metric-names.ts';
import { parseDocument } from '../../slas/document/document.ts';
import { renderDashboards } from '../cli/commands/dashboards.ts';
import { rulesText } from '../cli/document-rules.ts';
import { SHIPPED_DOCUMENT } from '../cli/inputs.ts';
import { IMAGES } from '../stack/images.ts';
import { ROOT, temporaryFolder } from '../testing/sla.ts';
import { dataSourcesOf } from './checks/grafana.ts';
import { allowedPaths } from './checks/network.ts';
import { referenceProblems } from './checks/references.ts';
import { secretProblems } from './checks/secrets.ts';
import { prometheusConfigOf, SECURITY_LINES } from './checks/security.ts';
import { storageProblems } from './checks/storage.ts';
import { tlsOutside } from './checks/tls.ts';
import { generatedManifests } from './generated.ts';
import { containersOf, named, ofKind, parseManifests, workloadsOf } from './manifest.ts';
import { GIVEN_SECRETS, SECRETS } from './secret-names.ts';
import { K8S, MONITORING_FILES, objectsOf, VARIANTS } from './testing/overlays.ts';

const variants = Object.keys(VARIANTS);

test.each(variants)('%s: every object that another one refers to exists', async (variant) => {
  expect(referenceProblems(await objectsOf(variant))).toEqual([]);
});

test('every Secret that the other folders refer to is known, and docs/kubernetes.md says how to replace it', () => {
  const files = ['load', 'progressive-delivery'].flatMap((folder) =>
    readdirSync(join(K8S, folder))
      .filter((name) => name.endsWith('.yaml'))
      .map((name) => join(K8S, folder, name)),
  );
  const objects = files.flatMap((file) => parseManifests(readFileSync(file, 'utf8')));
  expect(secretProblems(objects.filter(({ metadata }) => metadata !== undefined))).toEqual([]);
  const [, rotation] = readFileSync(join(ROOT, 'docs', 'kubernetes.md'), 'utf8').split('### Rotation');
  for (const name of [...Object.keys(SECRETS), ...Object.keys(GIVEN_SECRETS)])
    expect(rotation!.split('\n##')[0]).toContain(`\`${name}\``);
});

test.each(variants)(
  '%s: Prometheus deletes its oldest samples before its volume is full',
  async (variant) => {
    expect(storageProblems(await objectsOf(variant))).toEqual([]);
  },
);

const lines = Object.entries(SECURITY_LINES);

test.each(variants.flatMap((variant) => lines.map(([line, check]) => ({ variant, line, check }))))(
  '$variant: $line',
  async ({ variant, check }) => {
    expect(check(await objectsOf(variant))).toEqual([]);
  },
);

test.each(variants.filter((variant) => variant.startsWith('production')))(
  '%s: what leaves the cluster is encrypted',
  async (variant) => {
    expect(tlsOutside(await objectsOf(variant))).toEqual([]);
  },
);

const BASE_PATHS = [
  'grafana → outside:53',
  'grafana → prometheus:9090',
  'outside → grafana:3000',
  'outside → prometheus:9090',
  'outside → sentiment-api:8000',
  'prometheus → alertmanager:9093',
  'prometheus → outside:443',
  'prometheus → outside:53',
  'prometheus → outside:6443',
  'prometheus → sentiment-api:8000',
];
const TRACING = ['grafana → jaeger:16686', 'sentiment-api → jaeger:4318', 'sentiment-api → outside:53'];
const LOGS = [
  'alloy → loki:3100',
  'alloy → outside:443',
  'alloy → outside:53',
  'alloy → outside:6443',
  'grafana → loki:3100',
];
const WEBHOOK = ['alertmanager → outside:443', 'alertmanager → outside:53'];

test.each<[string, readonly string[]]>([
  ['k8s/', BASE_PATHS],
  ['laptop', BASE_PATHS],
  ['production', BASE_PATHS],
  ['operator', ['outside → sentiment-api:8000']],
  ['production with tracing', [...BASE_PATHS, ...TRACING]],
  ['production with logs', [...BASE_PATHS, ...LOGS]],
  ['production with alert-webhook', [...BASE_PATHS, ...WEBHOOK]],
])('%s: the network policies open exactly these paths', async (variant, paths) => {
  expect(allowedPaths(await objectsOf(variant))).toEqual(paths.toSorted());
});

test('in production, only the ingress controller and the load generators connect from other namespaces', async () => {
  const policies = ofKind(await objectsOf('production'), 'NetworkPolicy');
  const others = (name: string) => {
    const { ingress } = named(policies, name)!.spec as { ingress: { from: object[] }[] };
    return ingress.flatMap(({ from }) => from).filter((peer) => 'namespaceSelector' in peer);
  };
  const namespace = (name: string) => ({ matchLabels: { 'kubernetes.io/metadata.name': name } });
  const controller = { namespaceSelector: namespace('ingress') };
  const gate = { matchLabels: { 'app.kubernetes.io/name': 'sla-gate' } };
  expect(others('grafana')).toEqual([controller]);
  expect(others('sentiment-api')).toEqual([controller, { namespaceSelector: namespace('sla-load') }]);
  expect(others('prometheus')).toEqual([
    controller,
    { namespaceSelector: namespace('sla-load'), podSelector: gate },
  ]);
});

test('every address that Prometheus and Grafana connect to is a Service in these manifests', async () => {
  const objects = await objectsOf('k8s/');
  const hosts = [
    ...(prometheusConfigOf(objects)?.scrape_configs ?? []),
    ...(prometheusConfigOf(objects)?.alerting?.alertmanagers ?? []),
  ].flatMap(({ static_configs = [] }) => static_configs.flatMap(({ targets }) => targets));
  const urls = dataSourcesOf(objects).map(({ url }) => new URL(url).host);
  const services = ofKind(objects, 'Service').flatMap(({ metadata, spec }) =>
    (spec as { ports: { port: number }[] }).ports.map(({ port }) => `${metadata.name}:${port}`),
  );
  const expected = ['localhost:9090', ...services];
  expect(expected).toEqual(expect.arrayContaining([...hosts, ...urls]));
});

test('the documented names, node ports, retention and intervals match the manifests', async () => {
  const objects = await objectsOf('k8s/');
  const ports = ofKind(objects, 'Service').map(({ metadata, spec }) => {
    const [first] = (spec as { ports: { port: number; nodePort?: number }[] }).ports;
    return [metadata.name, first!.port, first!.nodePort];
  });
  expect(ports).toEqual(
    expect.arrayContaining([
      ['sentiment-api', 8000, 30800],
      ['prometheus', 9090, 30900],
      ['grafana', 3000, 30300],
    ]),
  );
  const deployments = ofKind(objects, 'Deployment').map(({ metadata }) => metadata.name);
  expect(deployments).toEqual(expect.arrayContaining(['prometheus', 'grafana', 'sentiment-api']));
  const prometheus = named(workloadsOf(objects), 'prometheus')!;
  expect(containersOf(prometheus)[0]!.args).toContain('--storage.tsdb.retention.time=7d');
  expect(prometheusConfigOf(objects)!.global.scrape_interval).toBe('10s');
  const dashboards = Object.values(named(ofKind(objects, 'ConfigMap'), 'grafana-dashboards')!.data!);
  expect(dashboards.length).toBeGreaterThan(0);
  const production = dashboards
    .map((text) => JSON.parse(text))
    .find(({ uid }) => uid === 'sentiment-production');
  expect(production.refresh).toBe('10s');
  const { annotations } = named(workloadsOf(objects), 'sentiment-api')!.spec.template.metadata;
  expect(annotations).toEqual({
    'prometheus.io/scrape': 'true',
    'prometheus.io/port': '8000',
    'prometheus.io/path': '/metrics',
  });
});

test('each panel uses a data source of the type that is provisioned', async () => {
  const objects = await objectsOf('k8s/');
  const types = dataSourcesOf(objects).map(({ type }) => type);
  for (const text of Object.values(named(ofKind(objects, 'ConfigMap'), 'grafana-dashboards')!.data!)) {
    const { templating } = JSON.parse(text) as { templating: { list: { name: string; query?: string }[] } };
    expect(types).toContain(templating.list.find(({ name }) => name === 'datasource')?.query);
  }
  expect(dataSourcesOf(objects).filter(({ isDefault }) => isDefault)).toHaveLength(1);
});

test('the images have the same versions as in every other stack', async () => {
  const images = workloadsOf(await objectsOf('production with all components'))
    .flatMap(containersOf)
    .map(({ image }) => image);
  const known: readonly string[] = [...Object.values(IMAGES), 'sentiment-api:0.1.0', 'grafana/alloy:v1.8.3'];
  expect(images.filter((image) => !known.includes(image))).toEqual([]);
});

test('the generated manifests match the shipped document', async () => {
  const document = parseDocument(readFileSync(join(ROOT, SHIPPED_DOCUMENT), 'utf8'));
  if (!document.ok) throw new Error('the shipped document has problems');
  const rules = rulesText(document.value, SHIPPED_DOCUMENT, ROOT);
  const made = generatedManifests(await renderDashboards(document.value), rules);
  for (const [file, text] of made)
    expect(
      readFileSync(join(ROOT, file), 'utf8') === text,
      `run ./sla kubernetes generate: ${file} is out of date`,
    ).toBe(true);
});

test('promtool accepts the configuration and the rules', async () => {
  await using folder = await temporaryFolder();
  const objects = await objectsOf('k8s/');
  const maps = ofKind(objects, 'ConfigMap');
  const files = {
    ...named(maps, 'prometheus-config')!.data,
    'rules/sla.yaml': named(maps, 'prometheus-rules')!.data!['sla.yaml']!,
    'login/username': 'sla-1',
    'login/password': 'x',
    'login/metrics-token': 'x',
  };
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder.path, name);
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, text.replaceAll('/etc/prometheus', folder.path));
  }
  const output = execFileSync(
    process.env.PROMTOOL_BIN!,
    ['check', 'config', join(folder.path, 'prometheus.yml')],
    {
      encoding: 'utf8',
      stdio: 'pipe',
    },
  );
  expect(output).toContain('SUCCESS');
  expect(output).toMatch(/1 rule files found/);
});

test('the Prometheus Operator gets the same rules', () => {
  const [own] = parseManifests(readFileSync(join(K8S, 'monitoring', 'prometheus-rules.yaml'), 'utf8'));
  const [theirs] = parseManifests(
    readFileSync(join(K8S, 'overlays', 'operator', 'prometheus-rule.yaml'), 'utf8'),
  );
  expect(theirs!.spec).toEqual(parse(own!.data!['sla.yaml']!));
});

test('the service exposes the metric that the autoscaler uses', async () => {
  const objects = await objectsOf('production with autoscale-on-load');
  const text = named(ofKind(objects, 'ConfigMap'), 'prometheus-adapter-rules')!.data!['config.yaml']!;
  const { rules } = parse(text) as { rules: { seriesQuery: string; name: { as: string } }[] };
  const series = /^\w+/.exec(rules[0]!.seriesQuery)![0];
  expect(JSON.stringify(metricNames)).toContain(`"${series}"`);
  const scaler = ofKind(objects, 'HorizontalPodAutoscaler')[0]!.spec as {
    metrics: { type: string; pods?: { metric: { name: string } } }[];
  };
  expect(scaler.metrics.flatMap(({ pods }) => pods?.metric.name ?? [])).toEqual([rules[0]!.name.as]);
});

test('the files of k8s/monitoring can be applied one by one: each is complete, and none depends on a later one', () => {
  const seen: string[] = [];
  for (const file of MONITORING_FILES) {
    const objects = parseManifests(readFileSync(file, 'utf8'));
    for (const workload of workloadsOf(objects)) {
      const maps = (workload.spec.template.spec.volumes ?? []).flatMap(({ configMap }) =>
        configMap === undefined || configMap.optional ? [] : [configMap.name],
      );
      expect(seen).toEqual(expect.arrayContaining(maps));
    }
    seen.push(...objects.map(({ metadata }) => metadata.name));
    expect(objects.every(({ metadata }) => metadata.namespace === 'sentiment-analysis')).toBe(true);
  }
});

test('every file under k8s/ is applied by some overlay, component or command', () => {
  const files = readdirSync(K8S, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.yaml'),
  );
  const listed = files
    .filter((file) => file.endsWith('kustomization.yaml'))
    .flatMap((file) => {
      const { resources = [], patches = [] } = parse(readFileSync(join(K8S, file), 'utf8')) as {
        resources?: string[];
        patches?: { path?: string }[];
      };
      return [...resources, ...patches.flatMap(({ path }) => path ?? [])].map((one) => join(file, '..', one));
    });
  const own = files.filter((file) => !/^(load|progressive-delivery)\//.test(file));
  const others = own.filter((file) => !file.endsWith('kustomization.yaml') && !listed.includes(file));
  expect(others.toSorted()).toEqual(['overlays/laptop/kind.yaml']);
});
