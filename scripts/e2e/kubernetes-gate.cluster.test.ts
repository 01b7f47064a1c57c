import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { LoadRecord, RunRecord } from '../../slas/model/model.ts';
import { kubectl, tryKubectl } from '../kubernetes/testing/on-cluster.ts';
import { loadK6Image } from '../testing/k6-image.ts';
import { openShopStage, type ShopStage } from '../testing/shop-stage.ts';
import { sla, startSla } from '../testing/sla.ts';
import { expectVerdict } from '../testing/verdict.ts';

/**
 * `./sla gate --stack kubernetes` on a real cluster: the k6 pods, their record, and what remains of them. The service is a
 * light one on this machine, which is also the cluster's node. kubernetes-service.cluster.test.ts has a service in the cluster.
 */

const NAMESPACE = 'sla-load-test';

let stage: ShopStage;
let runner: string;
let script: string;

const VOLUME = 'sla-load-scripts';

/** A volume in a folder of the node, and a claim for it. */
function volumeIn(path: string): string {
  const common = { storageClassName: '', accessModes: ['ReadWriteOnce'] };
  const objects = [
    {
      ...{ apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: VOLUME } },
      spec: { ...common, capacity: { storage: '1Mi' }, hostPath: { path } },
    },
    {
      ...{ apiVersion: 'v1', kind: 'PersistentVolumeClaim' },
      metadata: { name: 'load-scripts', namespace: NAMESPACE },
      spec: { ...common, volumeName: VOLUME, resources: { requests: { storage: '1Mi' } } },
    },
  ];
  return objects.map((one) => stringify(one)).join('---\n');
}

const SCRIPT = `
import http from 'k6/http';
import exec from 'k6/execution';
import { Trend } from 'k6/metrics';
const part = new Trend('part');
const eaten = [];
export const options = {
  scenarios: {
    all: { executor: 'constant-arrival-rate', rate: 20, duration: __ENV.SECONDS + 's', preAllocatedVUs: 50 },
  },
  // With two generators, one of them sends the odd iterations, and only it crosses this threshold.
  thresholds: __ENV.IS_CROSSED ? { part: ['max<1'] } : {},
};
export default () => {
  part.add(exec.scenario.iterationInTest % 2);
  if (__ENV.IS_HUNGRY && exec.scenario.iterationInTest % 2 === 1 && exec.scenario.iterationInTest > 60)
    eaten.push(new Array(2e6).fill(exec.scenario.iterationInTest));
  http.get(\`\${__ENV.SLA_TARGET}/products\`);
};
`;

beforeAll(async () => {
  stage = await openShopStage();
  const { path } = stage.folder;
  [runner, script] = [join(path, 'runner.yaml'), join(path, 'load.js')];
  const image = await loadK6Image();
  await writeFile(script, SCRIPT);
  await tryKubectl(['create', 'namespace', NAMESPACE]);
  await writeFile(
    runner,
    `image: ${image}\nimagePullPolicy: IfNotPresent\nhostNetwork: true\nenv: [{ name: SECONDS, value: "15" }]\n`,
  );
}, 300_000);

afterAll(async () => {
  await tryKubectl(['delete', 'namespace', NAMESPACE, '--wait=false']);
  await stage?.[Symbol.asyncDispose]();
});

const start = (env: Readonly<Record<string, string>> = {}, ...more: readonly string[]) =>
  startSla(
    [
      ...['gate', '--stack', 'kubernetes', '--namespace', NAMESPACE, '--runner', runner, '--generators', '2'],
      ...['--script', script, ...stage.options, '--out', stage.folder.path, '--json', ...more],
    ],
    { env: { SECONDS: '15', ...env } },
  );

const lastRun = async () =>
  JSON.parse(await readFile(join(stage.folder.path, 'latest', 'run.json'), 'utf8')) as RunRecord & {
    readonly load: LoadRecord;
  };

/** The objects that the gate creates have its label. */
const left = async () =>
  (
    await kubectl([
      ...['get', 'jobs,pods,configmaps,secrets', '--namespace', NAMESPACE, '-o', 'name'],
      ...['-l', 'app.kubernetes.io/managed-by=sla-harness'],
    ])
  ).trim();

/** Resolves to the names of both pods once k6 is running in them. */
const began = async (running: ReturnType<typeof startSla>) => {
  const [, first, second] = await running.seen(/k6-1 and k6-2 started in (\S+) and (\S+)/);
  return [first!, second!] as const;
};

describe('./sla gate --stack kubernetes', { timeout: 240_000 }, () => {
  test('passes with two generators, whose records are complete and merged, and leaves nothing behind', async () => {
    const done = await start().done;
    expectVerdict(done, ({ verdict }) => expect(verdict, done.stdout + done.stderr).toBe('pass'));
    const { load } = await lastRun();
    expect(load).toMatchObject({ lost: 0, completed: true, failures: [], generator: { instances: 2 } });
    // k6 starts rate × duration iterations, or one more.
    expect([300, 301]).toContain(load.sent);
    expect(done.stderr).toContain(`an indexed Job in namespace ${NAMESPACE}`);
    expect(await left()).toBe('');
  });

  test('a threshold that one of two generators crossed prevents a pass', async () => {
    await writeFile(
      runner,
      (await readFile(runner, 'utf8')).replace('[{', '[{ name: IS_CROSSED, value: "1" }, {'),
    );
    const done = await start({ IS_CROSSED: '1' }).done;
    const verdict = expectVerdict(done);
    expect(verdict.verdict, done.stderr).toBe('fail');
    const { load } = await lastRun();
    expect(load.thresholds).toMatchObject([{ metric: 'part', threshold: 'max<1', isCrossed: true }]);
    await writeFile(
      runner,
      (await readFile(runner, 'utf8')).replace('{ name: IS_CROSSED, value: "1" }, ', ''),
    );
  });

  test('a generator whose pod is deleted makes the run inconclusive, and the message names it', async () => {
    const running = start();
    const [, pod] = await began(running);
    await kubectl([
      'delete',
      'pod',
      pod,
      '--namespace',
      NAMESPACE,
      '--grace-period=0',
      '--force',
      '--wait=false',
    ]);
    const done = await running.done;
    const verdict = expectVerdict(done);
    expect(verdict.verdict, done.stderr).toBe('inconclusive');
    expect(JSON.stringify(verdict.preconditions)).toContain(
      `load generator k6-2 (pod ${pod} on node kube-node) was lost`,
    );
    expect(await left()).toBe('');
  });

  test('a generator that exceeds its memory limit makes the run inconclusive, and the message names it', async () => {
    const hungry = join(stage.folder.path, 'hungry.yaml');
    const own = (await readFile(runner, 'utf8')).replace('[{', '[{ name: IS_HUNGRY, value: "1" }, {');
    await writeFile(hungry, `${own}resources: { limits: { memory: 150Mi } }\n`);
    const done = await start({}, '--runner', hungry).done;
    const verdict = expectVerdict(done);
    expect(verdict.verdict, done.stderr).toBe('inconclusive');
    expect(JSON.stringify(verdict.preconditions)).toMatch(
      /load generator k6-2 \(pod \S+ on node kube-node\) was killed: it exceeded its memory limit/,
    );
    expect(await left()).toBe('');
  });

  test('Ctrl-C during the load leaves nothing behind', async () => {
    const running = start();
    await began(running);
    running.child.kill('SIGINT');
    const done = await running.done;
    expect(done.code, done.stderr).toBe(130);
    expect(await left()).toBe('');
  });

  test('a script in a volume claim is packed in the cluster once: a later change of the volume changes nothing', async () => {
    const volume = join(stage.folder.path, 'volume');
    await mkdir(join(volume, 'shop'), { recursive: true });
    // The load generators run as another user.
    for (const folder of [stage.folder.path, volume, join(volume, 'shop')]) await chmod(folder, 0o755);
    await writeFile(join(volume, 'rate.js'), 'export const rate = 20;\n');
    await writeFile(
      join(volume, 'shop', 'test.js'),
      `import { rate } from '../rate.js';\n${SCRIPT.replace('rate: 20', 'rate')}`,
    );
    await kubectl(['apply', '-f', '-'], volumeIn(volume));
    const inClaim = (path: string) => start({}, '--script', `claim:load-scripts/${path}`);
    const running = inClaim('shop/test.js');
    await running.seen(
      /shop\/test.js of the volume load-scripts was packed in the cluster: sha256 [0-9a-f]{64}/,
    );
    await writeFile(join(volume, 'rate.js'), 'export const rate = 1;\n');
    const done = await running.done;
    expectVerdict(done, ({ verdict }) => expect(verdict, done.stdout + done.stderr).toBe('pass'));
    const { load } = await lastRun();
    expect([300, 301]).toContain(load.sent);
    expect(load.generator).toMatchObject({ instances: 2 });
    const missing = await inClaim('shop/none.js').done;
    expect(missing.code).toBe(4);
    expect(missing.stderr).toContain('shop/none.js of the volume claim load-scripts: k6 cannot pack it: ');
    expect(await left()).toBe('');
    await kubectl(['delete', 'pv', VOLUME, '--wait=false']);
  });

  test('pods that cannot start are removed, and the message quotes the reason that Kubernetes gives', async () => {
    const other = join(stage.folder.path, 'other.yaml');
    await writeFile(other, 'image: sla-harness/no-such-image:1\nimagePullPolicy: Never\n');
    const done = await start({}, '--runner', other).done;
    expect(done.code).toBe(4);
    expect(done.stderr).toContain('k6-1: ErrImageNeverPull');
    expect(await left()).toBe('');
  });

  test.each([
    [['--context', 'no-such-context'], 'context "no-such-context" does not exist'],
    [['--namespace', 'no-such-namespace'], 'namespaces "no-such-namespace" not found'],
  ])('%j is reported, and nothing is sent', async (more, message) => {
    const done = await start({}, ...more).done;
    expect(done.code).toBe(4);
    expect(done.stderr).toContain(message);
  });
});

test('a target that the document does not allow is refused before anything is created', async () => {
  const args = ['gate', '--stack', 'kubernetes', '--sla', stage.options[1]!, '--script', script];
  const done = await sla([...args, '--target', 'http://checkout.shop:8080'], { env: { SECONDS: '15' } });
  expect(done.code).toBe(2);
  expect(done.stderr).toContain('"http://checkout.shop:8080" is not allowed');
});
