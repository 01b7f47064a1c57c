import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { kubectl, tryKubectl } from '../kubernetes/testing/on-cluster.ts';
import { loadK6Image } from '../testing/k6-image.ts';
import { openShopStage, type ShopStage } from '../testing/shop-stage.ts';
import { type RunningSla, startSla } from '../testing/sla.ts';
import { expectVerdict } from '../testing/verdict.ts';

/**
 * `./sla gate --stack kubernetes` without --prometheus uses kubectl port-forward, whose connection may end. The pod
 * of Prometheus is on the network of the node, which is this machine. The Prometheus behind its port runs outside the
 * pod, and survives it.
 */

const TARGET = 'sentiment-analysis';
const NAMESPACE = 'sla-forward-test';
const SECONDS = 20;
const LOST = 'the connection to Prometheus (kubectl port-forward) ended';

const SCRIPT = `
import http from 'k6/http';
export const options = {
  scenarios: { all: { executor: 'constant-arrival-rate', rate: 20, duration: '${SECONDS}s', preAllocatedVUs: 50 } },
};
export default () => void http.get(\`\${__ENV.SLA_TARGET}/products\`);
`;

let stage: ShopStage;
let runner: string;
let script: string;

/** The Service and Deployment that k8s/ uses for Prometheus, with a pod that only provides the network. */
const prometheusIn = (image: string, targetPort: number): readonly object[] => {
  const labels = { 'app.kubernetes.io/name': 'prometheus' };
  const metadata = { name: 'prometheus', namespace: TARGET, labels };
  const container = {
    name: 'prometheus',
    image,
    imagePullPolicy: 'IfNotPresent',
    command: ['sleep', '3600'],
  };
  return [
    {
      ...{ apiVersion: 'v1', kind: 'Service', metadata },
      spec: { selector: labels, ports: [{ port: 9090, targetPort }] },
    },
    {
      ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { hostNetwork: true, terminationGracePeriodSeconds: 1, containers: [container] },
        },
      },
    },
  ];
};

const scale = async (replicas: number) => {
  await kubectl(['scale', 'deployment/prometheus', '--namespace', TARGET, `--replicas=${replicas}`]);
  if (replicas > 0)
    await kubectl(['rollout', 'status', 'deployment/prometheus', '--namespace', TARGET, '--timeout=60s']);
};

beforeAll(async () => {
  stage = await openShopStage();
  const { path } = stage.folder;
  [runner, script] = [join(path, 'runner.yaml'), join(path, 'load.js')];
  const image = await loadK6Image();
  await writeFile(script, SCRIPT);
  await writeFile(runner, `image: ${image}\nimagePullPolicy: IfNotPresent\nhostNetwork: true\n`);
  for (const name of [TARGET, NAMESPACE]) await tryKubectl(['create', 'namespace', name]);
  const objects = prometheusIn(image, Number(new URL(stage.prometheusUrl).port));
  await kubectl(['apply', '-f', '-'], objects.map((one) => stringify(one)).join('---\n'));
  await scale(1);
}, 300_000);

afterAll(async () => {
  for (const name of [TARGET, NAMESPACE]) await tryKubectl(['delete', 'namespace', name, '--timeout=60s']);
  await stage?.[Symbol.asyncDispose]();
});

const start = (): RunningSla => {
  const { options } = stage;
  const withoutPrometheus = options.slice(0, options.indexOf('--prometheus'));
  return startSla([
    ...['gate', '--stack', 'kubernetes', '--namespace', NAMESPACE, '--runner', runner, '--generators', '2'],
    ...['--script', script, ...withoutPrometheus, '--out', stage.folder.path, '--json'],
  ]);
};

/** Resolves once k6 is running; most of the load is still to come. */
async function begun(): Promise<RunningSla> {
  const running = start();
  await running.seen('k6-1 and k6-2 started');
  return running;
}

/**
 * Ends the pod of Prometheus. On the network of the node, the connection would outlive the pod, so this
 * function also cuts it.
 */
async function disconnect(running: RunningSla): Promise<void> {
  await scale(0);
  await kubectl(['wait', '--for=delete', 'pod', '--namespace', TARGET, '--all', '--timeout=60s']);
  for (const pid of running.children('port-forward')) process.kill(pid, 'SIGKILL');
}

describe('the connection to Prometheus of a run in a cluster', { timeout: 240_000 }, () => {
  test('is opened and closed by the gate', async () => {
    const running = start();
    const done = await running.done;
    expectVerdict(done, ({ verdict }) => expect(verdict, done.stderr).toBe('pass'));
    expect(done.stderr).not.toContain(LOST);
  });

  test('is reopened if kubectl dies during the run', async () => {
    const running = await begun();
    const [kubectlPid] = running.children('port-forward');
    process.kill(kubectlPid!, 'SIGKILL');
    const done = await running.done;
    expect(done.stderr).toContain(`${LOST}: connecting again`);
    expectVerdict(done, ({ verdict }) => expect(verdict, done.stderr).toBe('pass'));
  });

  test('is reopened when the pod of Prometheus has been replaced', async () => {
    const running = await begun();
    await disconnect(running);
    await running.seen(`${LOST}: connecting again`);
    await scale(1);
    const done = await running.done;
    expectVerdict(done, ({ verdict }) => expect(verdict, done.stderr).toBe('pass'));
  });

  test('that cannot be restored makes the run inconclusive, and the message names it', async () => {
    const running = await begun();
    await disconnect(running);
    const done = await running.done;
    await scale(1);
    const verdict = expectVerdict(done);
    expect([done.code, verdict.verdict], done.stderr).toEqual([3, 'inconclusive']);
    expect(JSON.stringify(verdict.preconditions)).toContain(
      `${LOST}, and could not be opened again within 60 s`,
    );
  });
});
