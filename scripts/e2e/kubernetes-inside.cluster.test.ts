import { execFileSync } from 'node:child_process';
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { kubectl, TOOL_IO, tryKubectl } from '../kubernetes/testing/on-cluster.ts';
import { loadImages } from '../stack/kube-node/cluster.ts';
import { buildGateWithKubectl } from '../testing/gate-image.ts';
import { loadK6Image } from '../testing/k6-image.ts';
import { openShopStage, SHOP_DOCUMENT, SHOP_SCRIPT, type ShopStage } from '../testing/shop-stage.ts';
import { ROOT, startSla } from '../testing/sla.ts';
import { expectVerdict, explainIfPrintedLate } from '../testing/verdict.ts';

/**
 * k8s/load as shipped: the gate runs inside the cluster as a Job and as a CronJob, and needs each of its permissions.
 * The service is a light one on this machine, which is also the cluster's node.
 */

const NAMESPACE = 'sla-load';
const IN = ['--namespace', NAMESPACE] as const;
const ACCOUNT = `system:serviceaccount:${NAMESPACE}:sla-gate`;
const IMAGE = 'sla-harness/gate-kubernetes:0.1.0';
/** A script whose threshold is always crossed. */
const MISSED = SHOP_SCRIPT.replace(
  'export const options = {',
  "export const options = { thresholds: { http_reqs: ['count<1'] },",
);

let stage: ShopStage;
let runner: string;
let impersonating: string;

const apply = (...objects: readonly object[]) =>
  kubectl(['apply', '-f', '-'], objects.map((one) => stringify(one)).join('---\n'));

beforeAll(async () => {
  stage = await openShopStage();
  const { path } = stage.folder;
  const image = await loadK6Image();
  const program = execFileSync('sh', ['-c', 'command -v kubectl'], { encoding: 'utf8' }).trim();
  await buildGateWithKubectl(program, IMAGE);
  await loadImages([IMAGE], TOOL_IO);
  await tryKubectl(['create', 'namespace', 'sentiment-analysis']);
  await kubectl(['apply', '-k', join(ROOT, 'k8s', 'load')]);
  // In this test the load stays on the loopback interface of the node. The restricted pod security standard forbids
  // pods to use the node's network.
  await kubectl([
    'label',
    'namespace',
    NAMESPACE,
    'pod-security.kubernetes.io/enforce=privileged',
    '--overwrite',
  ]);
  runner = join(path, 'runner.yaml');
  const settings = `image: ${image}\nimagePullPolicy: IfNotPresent\nhostNetwork: true\n`;
  await writeFile(runner, settings);
  await writeFile(join(path, 'test.js'), SHOP_SCRIPT);
  impersonating = join(path, 'kubeconfig');
  const config = parse(await readFile(process.env.KUBECONFIG!, 'utf8')) as { users: { user: object }[] };
  for (const one of config.users) one.user = { ...one.user, as: ACCOUNT };
  await writeFile(impersonating, stringify(config), { mode: 0o600 });
  for (const [name, script] of Object.entries({ 'sla-load-files': SHOP_SCRIPT, 'sla-load-missed': MISSED }))
    await apply({
      ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: NAMESPACE } },
      data: { 'test.js': script, 'runner.yaml': settings, 'sla.yaml': SHOP_DOCUMENT },
    });
}, 900_000);

afterAll(async () => {
  for (const name of [NAMESPACE, 'sentiment-analysis'])
    await tryKubectl(['delete', 'namespace', name, '--timeout=60s']);
  await stage?.[Symbol.asyncDispose]();
});

// ---------------------------------------------------------------------------------------------- inside the cluster

interface PodTemplate {
  spec: {
    hostNetwork?: boolean;
    containers: { args: string[] }[];
    volumes: { name: string; configMap?: { name: string } }[];
  };
}

/** The shipped pod with the addresses of this test; everything else is unchanged. */
function onThisNode({ spec }: PodTemplate, files: string): void {
  const [gate] = spec.containers;
  const { options } = stage;
  const option = (name: string) => `${name}=${options[options.indexOf(name) + 1]}`;
  gate!.args = [
    ...gate!.args.filter((arg) => !/^--(target|prometheus)=/.test(arg)),
    ...[option('--target'), option('--prometheus'), '--runner=/work/load/runner.yaml'],
  ];
  spec.hostNetwork = true;
  for (const volume of spec.volumes) if (volume.configMap !== undefined) volume.configMap.name = files;
}

const shipped = async (file: string) => parse(await readFile(join(ROOT, 'k8s', 'load', file), 'utf8'));

interface JobState {
  readonly metadata: { readonly name: string };
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

const stateOf = async (job: string) =>
  JSON.parse(await kubectl(['get', 'job', job, ...IN, '-o', 'json'])) as JobState;

/** Waits for the end of a Job of the gate. Resolves to its conditions, its pods' exit codes, and its output. */
async function endOf(job: string) {
  const ended = async () =>
    (await stateOf(job)).status.conditions?.find(
      ({ type, status }) => /^(Complete|Failed)$/.test(type) && status === 'True',
    )?.type;
  await expect.poll(ended, { timeout: 150_000, interval: 1_000 }).toBeDefined();
  const exits = '{.items[*].status.containerStatuses[0].state.terminated.exitCode}';
  const pods = ['get', 'pods', ...IN, '-l', `job-name=${job}`, '-o', `jsonpath=${exits}`];
  const log = await kubectl(['logs', ...IN, `job/${job}`]);
  return { condition: await ended(), exitCodes: await kubectl(pods), log };
}

const left = async () =>
  (
    await kubectl([
      ...['get', 'jobs,pods,configmaps,secrets', ...IN, '-o', 'name'],
      ...['-l', 'app.kubernetes.io/managed-by=sla-harness'],
    ])
  ).trim();

describe('the gate inside the cluster, with the shipped service account', { timeout: 240_000 }, () => {
  test('as a Job, completes on a pass, and leaves nothing behind', async () => {
    const job = await shipped('job.yaml');
    onThisNode(job.spec.template, 'sla-load-files');
    const name = (
      await kubectl(['create', '-f', '-', '-o', 'jsonpath={.metadata.name}'], stringify(job))
    ).trim();
    const { condition, exitCodes, log } = await endOf(name);
    explainIfPrintedLate(log, () =>
      expect({ condition, exitCodes }, log).toEqual({ condition: 'Complete', exitCodes: '0' }),
    );
    expect(log).toContain('PASS');
    expect(await left()).toBe('');
  });

  test('as a CronJob, fails its Job on a crossed threshold, with the exit code of the gate and without a retry', async () => {
    const cron = await shipped('cronjob.yaml');
    onThisNode(cron.spec.jobTemplate.spec.template, 'sla-load-missed');
    cron.spec.schedule = '* * * * *';
    await apply(cron);
    const made = async () =>
      await kubectl([
        ...['get', 'jobs', ...IN, '-o'],
        'jsonpath={.items[?(@.metadata.ownerReferences[0].kind=="CronJob")].metadata.name}',
      ]);
    await expect.poll(made, { timeout: 90_000, interval: 1_000 }).not.toBe('');
    const name = (await made()).split(' ')[0]!;
    await kubectl(['patch', 'cronjob', 'sla-gate', ...IN, '--patch', '{"spec":{"suspend":true}}']);
    const { condition, exitCodes, log } = await endOf(name);
    expect({ condition, exitCodes }, log).toEqual({ condition: 'Failed', exitCodes: '1' });
    expect(log).toContain('FAIL');
    expect(await left()).toBe('');
  });
});

// ---------------------------------------------------------------------------------------------- permissions

/** Runs a gate on this machine that uses the cluster as the shipped service account. */
const asAccount = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  startSla(
    [
      ...['gate', '--stack', 'kubernetes', '--namespace', NAMESPACE, '--runner', runner, '--generators', '2'],
      ...['--out', stage.folder.path, '--json', ...args],
    ],
    // The token makes the gate create a Secret.
    { env: { KUBECONFIG: impersonating, SLA_TARGET_TOKEN: 'a-token-of-this-test', ...env } },
  ).done;

const onShop = () => ['--script', join(stage.folder.path, 'test.js'), ...stage.options];
/** Options of a gate that looks up the service, but sends nothing, because no pod can start. */
const onService = async () => {
  const never = join(stage.folder.path, 'never.yaml');
  await writeFile(never, 'image: sla-harness/no-such-image:1\nimagePullPolicy: Never\n');
  return ['--scenario', 'smoke', '--prometheus', stage.prometheusUrl, '--runner', never];
};

interface Role {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly rules: { apiGroups: string[]; resources: string[]; verbs: string[]; resourceNames?: string[] }[];
}

async function roles(): Promise<readonly Role[]> {
  const text = await readFile(join(ROOT, 'k8s', 'load', 'rbac.yaml'), 'utf8');
  return parseAllDocuments(text)
    .map((one) => one.toJS() as Role)
    .filter(({ kind }) => kind === 'Role');
}

const permissionsOf = ({ rules }: Role) =>
  rules.flatMap(({ resources, verbs }) =>
    resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)),
  );

/**
 * The permission that Kubernetes requires for a request:
 * https://kubernetes.io/docs/reference/access-authn-authz/authorization/
 */
function permissionIn(method: string, address: string): string | null {
  const { pathname, searchParams } = new URL(address);
  const found = /\/namespaces\/[^/]+\/([^/]+)(?:\/([^/]+)(?:\/([^/]+))?)?$/.exec(pathname);
  if (found === null) return null;
  const [, resource, name, sub] = found;
  const verbs: Readonly<Record<string, string>> = {
    GET: searchParams.get('watch') ? 'watch' : name === undefined ? 'list' : 'get',
    POST: 'create',
    DELETE: name === undefined ? 'deletecollection' : 'delete',
  };
  return `${verbs[method] ?? method} ${sub === undefined ? resource : `${resource}/${sub}`}`;
}

/** A kubectl that records its requests. */
async function noting(): Promise<{ program: string; permissions: () => Promise<readonly string[]> }> {
  const [program, notes] = [join(stage.folder.path, 'noting-kubectl'), join(stage.folder.path, 'requests')];
  const real = execFileSync('sh', ['-c', 'command -v kubectl'], { encoding: 'utf8' }).trim();
  await rm(notes, { force: true });
  await writeFile(notes, '');
  await writeFile(program, `#!/bin/bash\nexec ${real} --v=6 "$@" 2> >(tee -a ${notes} >&2)\n`);
  await chmod(program, 0o755);
  const requests = /verb="(\w+)" url="([^"]+)"/g;
  return {
    program,
    permissions: async () => {
      const text = await readFile(notes, 'utf8');
      const all = [...text.matchAll(requests)].map(([, verb, url]) => permissionIn(verb!, url!));
      return [...new Set(all.filter((one) => one !== null))].toSorted();
    },
  };
}

/** Permissions that the gate needs only with k6-operator, or with other versions of kubectl or of the cluster. */
const OTHERS = [
  'create testruns',
  'delete testruns',
  // To read the progress from the logs of k6-operator's pods.
  'get pods/log',
  // Before version 1.31, kubectl runs programs with POST. Since Kubernetes 1.35, the API server also checks this verb
  // for GET.
  'create pods/exec',
];

describe('the permissions of the shipped service account', { timeout: 240_000 }, () => {
  test('are exactly those that the gate uses', async () => {
    const kept = await noting();
    const done = await asAccount(onShop(), { KUBECTL_BIN: kept.program });
    expectVerdict(done, ({ verdict }) => expect(verdict, done.stdout + done.stderr).toBe('pass'));
    expect(done.stderr).not.toContain('could not be removed');
    const [own] = await roles();
    expect([...(await kept.permissions()), ...OTHERS].toSorted()).toEqual(permissionsOf(own!).toSorted());
    expect(await left()).toBe('');
  });

  test('cover the service under load, but no other service, Secret or namespace', async () => {
    const may = async (...what: readonly string[]) =>
      (await tryKubectl(['auth', 'can-i', ...what, '--as', ACCOUNT])).stdout.trim();
    const target = ['--namespace', 'sentiment-analysis'];
    expect(await may('get', 'services/sentiment-api', ...target)).toBe('yes');
    for (const what of [
      ['get', 'services/prometheus', ...target],
      ['list', 'services', ...target],
      ['get', 'secrets', ...target],
      ['create', 'pods', '--subresource=exec', ...target],
      ['get', 'secrets', ...IN],
      ['list', 'secrets', ...IN],
      ['create', 'pods', ...IN],
      ['create', 'jobs', '--namespace', 'default'],
    ])
      expect(await may(...what), what.join(' ')).toBe('no');
  });

  test.each([
    ['create jobs', 4, 'cannot create resource "jobs"'],
    ['create configmaps', 4, 'cannot create resource "configmaps"'],
    ['create secrets', 4, 'cannot create resource "secrets"'],
    ['list pods', 4, 'cannot list resource "pods"'],
    // This row removes both verbs, because kubectl falls back from one to the other.
    ['get,create pods/exec', 4, 'resource "pods/exec"'],
    ['get services', 4, 'cannot get resource "services"'],
    // The verdict stands, and the gate reports which objects remain.
    ['delete jobs', 0, 'could not be removed'],
    ['delete configmaps', 0, 'could not be removed'],
  ])('without "%s", the gate reports what it could not do', async (removed, code, message) => {
    const [verbs, resource] = removed.split(' ') as [string, string];
    for (const role of await roles()) {
      const rules = role.rules.flatMap((rule) => {
        const without = rule.verbs.filter((one) => !verbs.split(',').includes(one));
        if (!rule.resources.includes(resource)) return [rule];
        const others = rule.resources.filter((one) => one !== resource);
        return [
          ...(others.length === 0 ? [] : [{ ...rule, resources: others }]),
          ...(without.length === 0 ? [] : [{ ...rule, resources: [resource], verbs: without }]),
        ];
      });
      await apply({ ...role, rules });
    }
    try {
      const service = await apply({
        ...{ apiVersion: 'v1', kind: 'Service' },
        metadata: { name: 'sentiment-api', namespace: 'sentiment-analysis' },
        spec: { selector: { nothing: 'has-this' }, ports: [{ port: 8000 }] },
      });
      expect(service).toContain('sentiment-api');
      const done = await asAccount(resource === 'services' ? await onService() : onShop());
      expect(done.stderr).toContain(message);
      expect(done.code, done.stderr).toBe(code);
    } finally {
      await apply(...(await roles()));
      await kubectl([
        ...['delete', 'jobs,pods,configmaps,secrets', ...IN, '--wait=false'],
        ...['-l', 'app.kubernetes.io/managed-by=sla-harness'],
      ]);
    }
  });

  test('with "get services", the same gate finds the service, and fails only because no pod can start', async () => {
    const done = await asAccount(await onService());
    expect(done.code).toBe(4);
    expect(done.stderr).toContain('ErrImageNeverPull');
  });
});
