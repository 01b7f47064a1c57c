import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import * as metricNames from '../../service/metric-names.ts';
import { type Manifest, parseManifests, workloadsOf } from '../kubernetes/manifest.ts';
import { GIVEN_SECRETS, SECRETS } from '../kubernetes/secret-names.ts';
import { objectsOf, VARIANTS } from '../kubernetes/testing/overlays.ts';
import { ROOT, slaHere } from '../testing/sla.ts';

/**
 * Every command and query on the pages about operations exists: options of ./sla, objects and files in kubectl commands, PromQL
 * and its metrics. scripts/kubernetes/operations.cluster.test.ts runs the commands of "Health checks" on a cluster.
 */

const PAGES = [
  'docs/operations.md',
  'docs/kubernetes.md',
  'docs/kubernetes-load.md',
  'docs/progressive-delivery.md',
  ...globSync('docs/runbooks/*.md', { cwd: ROOT }),
];
const read = (page: string) => readFileSync(join(ROOT, page), 'utf8');

/** The lines of code blocks, without comments and with continued lines joined, and inline code. */
function codeOf(text: string): readonly string[] {
  const blocks = [...text.matchAll(/^ *```\w*\n([\s\S]*?)^ *```$/gm)].flatMap(([, block]) =>
    block!.replace(/\\\n\s*/g, ' ').split('\n'),
  );
  const inline = [...text.replace(/^ *```[\s\S]*?^ *```$/gm, '').matchAll(/`([^`]+)`/g)];
  return [...blocks, ...inline.map(([, code]) => code!.replace(/\s+/g, ' '))].map((line) =>
    line.replace(/\s+#.*$/, '').trim(),
  );
}

/** The parts of a line that begin with this program, split at pipes and similar separators. */
const callsOf = (program: string, code: readonly string[]) =>
  code.flatMap((line) =>
    line
      .split(/ *(?:\||&&|;|\$\(|<\(|\)) */)
      .filter((part) => part.startsWith(`${program} `))
      .map((part) => part.replace(/ [>&].*$/, '')),
  );

const GROUPS = ['kubernetes', 'stack', 'runs', 'new', 'openslo', 'ci'];
const helps = new Map<string, Promise<string>>();

function helpOf(path: readonly string[]): Promise<string> {
  const name = path.join(' ');
  const found =
    helps.get(name) ??
    slaHere([...path, '--help']).then(({ code, stdout }) =>
      code === 0 && stdout.includes(`Usage: sla ${name}`) ? stdout : '',
    );
  helps.set(name, found);
  return found;
}

async function unknownIn(call: string): Promise<readonly string[]> {
  const words = call.split(' ').slice(1);
  const [command = '', sub = ''] = words;
  if (!/^[a-z]/.test(command)) return [];
  const path = GROUPS.includes(command) && /^[a-z]/.test(sub) ? [command, sub] : [command];
  const help = await helpOf(path);
  const options = words.flatMap((word) => /^--[\w-]+/.exec(word) ?? []);
  return help === ''
    ? [call]
    : options.filter((option) => !help.includes(option)).map((o) => `${call}: ${o}`);
}

const objects = (await Promise.all(Object.keys(VARIANTS).map(objectsOf))).flat();
const others = ['load', 'progressive-delivery']
  .flatMap((folder) => globSync(`k8s/${folder}/*.yaml`, { cwd: ROOT }))
  .flatMap((file) => parseManifests(read(file)))
  .filter(({ metadata }) => metadata?.name !== undefined);
const all: readonly Manifest[] = [...objects, ...others];
const names = (kind: string) => all.filter((one) => one.kind === kind).map(({ metadata }) => metadata.name);
/** The Prometheus Operator creates the Service `prometheus-operated`. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  deployment: names('Deployment'),
  service: [...names('Service'), 'prometheus-operated'],
  secret: [...Object.keys(SECRETS), ...Object.keys(GIVEN_SECRETS)],
};
const LABELS = workloadsOf(all).map(({ spec }) => spec.template.metadata.labels ?? {});

const VERBS =
  /^(apply|annotate|auth|config|cp|create|delete|describe|exec|get|label|logs|port-forward|replace|rollout|scale|version|wait|top)$/;

function kubectlProblems(call: string): readonly string[] {
  if (call === 'kubectl -n sentiment-analysis') return [];
  const words = call.split(' ').map((word) => word.replace(/["']/g, ''));
  const verb = words.find((word, at) => at > 0 && VERBS.test(word));
  const files = words.flatMap((word, at) =>
    /^-[fk]$/.test(words[at - 1] ?? '') && word !== '-' ? [word] : [],
  );
  const named = [
    ...[...call.matchAll(/\b(deployment|service)\/([a-z][\w-]*)/g)].map(([, kind, name]) => [kind!, name!]),
    ...[...call.matchAll(/\b(?:get|delete) (secret|service|deployment) ([a-z][\w-]*)/g)].map(
      ([, kind, name]) => [kind!, name!],
    ),
  ] as [string, string][];
  const selectors = [...call.matchAll(/(?:-l|--selector)[ =](app\.kubernetes\.io\/[\w]+)=([\w-]+)/g)];
  return [
    ...(verb === undefined ? ['no verb'] : []),
    ...files.filter(
      (file) => file.startsWith('k8s/') && !file.startsWith('k8s/my-') && !existsSync(join(ROOT, file)),
    ),
    ...named.filter(([kind, name]) => !KNOWN[kind]!.includes(name)).map((one) => one.join('/')),
    ...selectors
      .filter(([, key, value]) => !LABELS.some((labels) => labels[key!] === value))
      .map(([text]) => text),
  ].map((what) => `${call}: ${what}`);
}

async function exported(): Promise<readonly string[]> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const own = [...JSON.stringify(metricNames).matchAll(/"([a-z]\w*_\w+)"/g)].map(([, name]) => name!);
  return [...own, ...registry.getMetricsAsArray().map(({ name }) => name)];
}
/** Metrics of Prometheus itself, of the kubelet, and of the rules. */
const FOREIGN = /^(up|ALERTS|prometheus_tsdb_\w+|container_cpu_cfs_\w+|sla:\w+)$/;
const METRIC = /(?<![\w"$/.-])(?:sentiment|http|nodejs|process)_[a-z0-9_]+\b/g;

const isQuery = (code: string) =>
  !code.includes('…') &&
  /(sum|rate|increase|max|changes|histogram_quantile|max_over_time)( by)? ?\(|(sentiment|http|prometheus_tsdb)_\w+(\{| [=<>/]|$)/.test(
    code,
  ) &&
  !/^(kubectl|\.\/sla|curl|export|TOKEN|-|"|\{)/.test(code) &&
  !/[:'] /.test(code) &&
  !code.includes('grep') &&
  !/^\w+ by \(\w+\)$/.test(code);

describe.each(PAGES)('%s', (page) => {
  const text = read(page).replaceAll('\\|', '|');
  const code = codeOf(text);

  test('every command of ./sla and every option exists', async () => {
    const unknown = await Promise.all(callsOf('./sla', code).map(unknownIn));
    expect(unknown.flat()).toEqual([]);
  });

  test('every object and file in kubectl commands exists', () => {
    expect(callsOf('kubectl', code).flatMap(kubectlProblems)).toEqual([]);
  });

  test('every query is valid PromQL, and its metrics exist', async () => {
    const known = await exported();
    const queries = code.filter(isQuery);
    const unknown = code
      .filter((one) => !one.includes('…'))
      .flatMap((one) => one.match(METRIC) ?? [])
      .filter((name) => !known.includes(name.replace(/_(bucket|sum|count)$/, '')))
      .filter((name) => !known.includes(name) && !FOREIGN.test(name));
    expect(unknown).toEqual([]);
    for (const query of queries)
      expect(() =>
        execFileSync(process.env.PROMTOOL_BIN!, ['--experimental', 'promql', 'format', query], {
          stdio: 'pipe',
        }),
      ).not.toThrow();
  });
});

test('the pages contain commands and queries to check', () => {
  const code = PAGES.flatMap((page) => codeOf(read(page)));
  expect(callsOf('./sla', code).length).toBeGreaterThan(20);
  expect(callsOf('kubectl', code).length).toBeGreaterThan(40);
  expect(code.filter(isQuery).length).toBeGreaterThan(20);
});

test('every kubectl command in docs/operations.md names the namespace, as the page promises', () => {
  const calls = callsOf('kubectl', codeOf(read('docs/operations.md')));
  const unnamed = calls.filter(
    (call) => !/-n sentiment-analysis|^kubectl (apply|get nodes)|^kubectl$/.test(call),
  );
  expect(unnamed).toEqual([]);
});
