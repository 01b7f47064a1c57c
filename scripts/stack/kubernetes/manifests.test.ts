import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../testing/sla.ts';
import { jobOf, type LoadSpec, mountedObjects, segmentsFor, testRunOf } from './manifests.ts';

const SPEC: LoadSpec = {
  name: 'sla-1a2b3c4d',
  namespace: 'sla-load',
  run: '2026-11-30T06-00-00Z-smoke-1a2b',
  count: 3,
  args: ['--no-color', '--out', 'csv=/record/samples.csv'],
  env: { SLA_TARGET: 'http://10.0.0.7:8000' },
  hasToken: true,
  image: 'grafana/k6:2.2.0',
  settings: {
    nodeSelector: { pool: 'load' },
    labels: { team: 'shop' },
    env: [{ name: 'USERS', value: '7' }],
  },
  deadlineSeconds: 960,
};

interface PodSpec {
  readonly containers: readonly {
    readonly name: string;
    readonly command: readonly string[];
    readonly env?: readonly { name: string; value?: string }[];
    readonly securityContext: object;
  }[];
  readonly [field: string]: unknown;
}
const job = jobOf(SPEC) as {
  spec: Record<string, unknown> & { template: { metadata: object; spec: PodSpec } };
};

describe('the Job', () => {
  test('starts one pod for each part of the load, and never replaces a failed pod', () => {
    expect(job.spec).toMatchObject({
      completionMode: 'Indexed',
      completions: 3,
      parallelism: 3,
      backoffLimit: 0,
      activeDeadlineSeconds: 960,
    });
    expect(job.spec.template.spec).toMatchObject({ restartPolicy: 'Never', nodeSelector: { pool: 'load' } });
  });

  test('meets the restricted Pod Security Standard, and has no access to the API server', () => {
    const { spec } = job.spec.template;
    expect(spec).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    });
    for (const { securityContext } of spec.containers)
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
  });

  test('starts k6 with the segment of the pod’s index, and reports the segment first', async () => {
    await using folder = await temporaryFolder();
    const [k6] = job.spec.template.spec.containers;
    const [, , script, ...rest] = k6!.command;
    const env = Object.fromEntries(k6!.env!.flatMap(({ name, value }) => (value ? [[name, value]] : [])));
    // Runs the real shell script with a program that prints its arguments in place of k6. The start time is in the past.
    const printing = script!
      .replace('exec k6', 'printf "%s\\n"')
      .replace(/ >\S+ 2>&1$/, '')
      .replaceAll('/record', folder.path);
    await writeFile(join(folder.path, 'start'), '1700000000\n');
    const args = (index: number) =>
      execFileSync('sh', ['-c', printing, ...rest], {
        encoding: 'utf8',
        env: { ...process.env, ...env, JOB_COMPLETION_INDEX: String(index) },
      })
        .trim()
        .split('\n')
        .map((arg) => arg.replace(folder.path, '/record'));
    const own = ['run', ...SPEC.args];
    const sequence = ['--execution-segment-sequence', '0,1/3,2/3,1', '/test/archive.tar'];
    expect(args(0)).toEqual([...own, '--execution-segment', '0:1/3', ...sequence]);
    expect(args(2)).toEqual([...own, '--execution-segment', '2/3:1', ...sequence]);
    expect(await readFile(join(folder.path, 'arguments'), 'utf8')).toContain('--execution-segment\n2/3:1\n');
  });

  test('reads the token of the load target from a Secret, and never contains its value', () => {
    expect(JSON.stringify(job)).toContain('"secretKeyRef":{"name":"sla-1a2b3c4d","key":"token"}');
  });
});

test('a single load generator runs the whole load', () => {
  const alone = jobOf({ ...SPEC, count: 1 }) as typeof job;
  expect(alone.spec.template.spec.containers[0]!.command[2]).not.toContain('--execution-segment');
  expect(segmentsFor(2)).toEqual({ each: ['0:1/2', '1/2:1'], sequence: '0,1/2,1' });
});

test('a TestRun of k6-operator has the same script, pod settings and arguments as the Job', () => {
  const { spec } = testRunOf(SPEC) as { spec: Record<string, unknown> };
  expect(spec).toMatchObject({
    parallelism: 3,
    script: { configMap: { name: 'sla-1a2b3c4d', file: 'archive.tar' } },
    arguments: '--no-color --out csv=/record/samples.csv --log-output file=/record/k6.log',
    runner: {
      image: 'grafana/k6:2.2.0',
      nodeSelector: { pool: 'load' },
      metadata: { labels: { team: 'shop', 'sla-harness/load': 'sla-1a2b3c4d' } },
      initContainers: [{ name: 'record', restartPolicy: 'Always' }],
    },
  });
});

test('the objects that the pods mount are removed with the Job', () => {
  const owner = { apiVersion: 'batch/v1', kind: 'Job', name: 'sla-1a2b3c4d', uid: 'u-1' };
  const objects = mountedObjects(SPEC, owner, Buffer.from('archive'), 'the-token') as {
    kind: string;
    metadata: { ownerReferences: object[] };
  }[];
  expect(objects.map(({ kind }) => kind)).toEqual(['ConfigMap', 'Secret']);
  for (const { metadata } of objects) expect(metadata.ownerReferences).toEqual([owner]);
  expect(mountedObjects(SPEC, owner, Buffer.from('archive'), null)).toHaveLength(1);
});
