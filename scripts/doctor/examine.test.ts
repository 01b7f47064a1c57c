import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../testing/sla.ts';
import { examine } from './examine.ts';
import { runbookOf, SECTIONS } from './finding.ts';
import type { Autoscaler, NetworkPolicy, Pod } from './objects.ts';
import type { Target } from './prometheus.ts';
import { exitCodeOf, findingsOf } from './report.ts';
import { type State, throttlingIn } from './state.ts';
import {
  deployments,
  found,
  healthy,
  NOW_MS,
  ofKind,
  ok,
  pods,
  services,
  target,
} from './testing/healthy-state.ts';

/**
 * Examines the shipped manifests in the state of a healthy cluster, with one fault at a time. doctor.cluster.test.ts
 * verifies that a real API server reports this state.
 */

const JUST_NOW = '2026-11-30T11:55:00Z';

const changedPod = (change: (pod: Pod) => Partial<Pod>, name = 'sentiment-api-1'): Partial<State> => ({
  pods: ok(pods.map((pod) => (pod.metadata.name === name ? { ...pod, ...change(pod) } : pod))),
});

const notReady = { type: 'Ready', status: 'False' };

/** Puts the first container of a pod into this state. */
const container = (status: object) =>
  changedPod((pod) => ({
    status: {
      ...pod.status,
      conditions: [notReady],
      containerStatuses: [{ ...pod.status.containerStatuses![0]!, ready: false, ...status }],
    },
  }));

const annotated = (annotations: Record<string, string>) =>
  changedPod(({ metadata }) => ({ metadata: { ...metadata, annotations } }));

const scraped = (change: Partial<Target>): Partial<State> => ({
  prometheus: ok({ targets: [{ ...target, ...change }], alerts: [] }),
});

const autoscaler = (reason: string, type = 'ScalingLimited', status = 'True'): Partial<State> => ({
  autoscalers: ok<readonly Autoscaler[]>([
    {
      metadata: { name: 'sentiment-api' },
      spec: { maxReplicas: 5, scaleTargetRef: { name: 'sentiment-api' } },
      status: {
        currentReplicas: 5,
        desiredReplicas: 5,
        conditions: [{ type, status, reason, message: 'm' }],
      },
    },
  ]),
});

const policiesWithout = (...names: readonly string[]): Partial<State> => ({
  policies: ok(
    ofKind<NetworkPolicy>('NetworkPolicy').filter(({ metadata }) => !names.includes(metadata.name)),
  ),
});

test('the shipped manifests have no findings if all pods run', () => {
  const checks = examine(healthy, NOW_MS);
  expect(findingsOf(checks)).toEqual([]);
  expect(checks.filter(({ kind }) => kind === 'unchecked')).toEqual([]);
  expect(exitCodeOf(checks)).toBe(0);
  expect(pods.map(({ metadata }) => metadata.name).toSorted()).toEqual([
    'alertmanager-1',
    'grafana-1',
    'prometheus-1',
    'sentiment-api-1',
  ]);
});

const API_CONTAINER = `pod sentiment-api-1, container ${pods.find(({ metadata }) => metadata.name === 'sentiment-api-1')!.spec.containers[0]!.name}`;

describe('a single fault', () => {
  test.each<[string, Partial<State>, readonly string[]]>([
    [
      'an image that the node cannot get',
      container({ state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off' } } }),
      [`image-not-pulled: ${API_CONTAINER}`],
    ],
    [
      'a reference to an object that does not exist',
      container({
        state: { waiting: { reason: 'CreateContainerConfigError', message: 'configmap "x" not found' } },
      }),
      [`container-not-created: ${API_CONTAINER}`],
    ],
    [
      'too little memory',
      container({
        restartCount: 3,
        state: { waiting: { reason: 'CrashLoopBackOff' } },
        lastState: { terminated: { reason: 'OOMKilled', exitCode: 137, finishedAt: JUST_NOW } },
      }),
      [`out-of-memory: ${API_CONTAINER}`],
    ],
    [
      'a process that ends',
      container({
        restartCount: 1,
        state: { waiting: { reason: 'CrashLoopBackOff' } },
        lastState: { terminated: { reason: 'Error', exitCode: 2, finishedAt: JUST_NOW } },
      }),
      [`restarts: ${API_CONTAINER}`],
    ],
    [
      'a readiness probe that fails',
      changedPod((pod) => ({ status: { ...pod.status, conditions: [notReady] } })),
      ['pod-not-ready: pod sentiment-api-1'],
    ],
    [
      'a pod that no node has room for',
      changedPod(() => ({
        status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', message: 'cpu' }] },
      })),
      ['pod-unschedulable: pod sentiment-api-1'],
    ],
    [
      'a volume that does not exist',
      {
        ...changedPod(() => ({
          status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'True' }] },
        })),
        events: ok([{ involvedObject: { name: 'sentiment-api-1' }, reason: 'FailedMount', message: 'm' }]),
      },
      ['container-not-created: pod sentiment-api-1'],
    ],
    [
      "Grafana's secret is missing",
      { missingSecrets: ok(['grafana-admin']) },
      ['secret-missing: secret grafana-admin'],
    ],
    [
      'no service',
      { services: ok(services.filter(({ metadata }) => metadata.name !== 'grafana')) },
      ['service-missing: service grafana'],
    ],
    [
      'no endpoint',
      { slices: ok([]) },
      ['sentiment-api', 'prometheus', 'grafana'].map((name) => `service-without-endpoints: service ${name}`),
    ],
    [
      'no deployment',
      { deployments: ok(deployments.filter(({ metadata }) => metadata.name !== 'alertmanager')) },
      ['deployment-missing: deployment alertmanager'],
    ],
    [
      'pods that the API server refuses',
      {
        deployments: ok(
          deployments.map((one) =>
            one.metadata.name === 'grafana'
              ? {
                  ...one,
                  status: { conditions: [{ type: 'ReplicaFailure', status: 'True', message: 'quota' }] },
                }
              : one,
          ),
        ),
      },
      ['pods-refused: deployment grafana'],
    ],
    ['no annotations', annotated({}), ['annotation-missing: pod sentiment-api-1']],
    [
      'an annotation that is not "true"',
      annotated({ 'prometheus.io/scrape': 'yes' }),
      ['annotation-missing: pod sentiment-api-1'],
    ],
    [
      'the annotation of another port',
      annotated({ 'prometheus.io/scrape': 'true', 'prometheus.io/port': '30800' }),
      ['annotation-wrong-port: pod sentiment-api-1'],
    ],
    [
      'no target for the pod',
      { prometheus: ok({ targets: [], alerts: [] }) },
      ['target-absent: pod sentiment-api-1'],
    ],
    [
      'a target that is down',
      scraped({ health: 'down', lastError: 'context deadline exceeded' }),
      ['target-down: pod sentiment-api-1'],
    ],
    [
      'a scrape without the token',
      scraped({ health: 'down', lastError: 'server returned HTTP status 401 Unauthorized' }),
      ['scrape-unauthorized: pod sentiment-api-1'],
    ],
    [
      'a Prometheus that rejects the credentials',
      { prometheus: { ok: false, kind: 'rejected', why: 'Prometheus responds with status 401' } },
      ['prometheus-unauthorized: service prometheus'],
    ],
    [
      'a Prometheus that does not respond',
      { prometheus: { ok: false, kind: 'other', why: 'ECONNREFUSED' } },
      ['prometheus-unreachable: service prometheus'],
    ],
    [
      'a CPU limit that is too low',
      { throttling: ok([{ pod: 'sentiment-api-1', container: 'api', periods: 1000, throttled: 400 }]) },
      ['cpu-throttled: pod sentiment-api-1, container api'],
    ],
    [
      'an autoscaler at its maximum',
      autoscaler('TooManyReplicas'),
      ['autoscaler-at-maximum: autoscaler sentiment-api'],
    ],
    [
      'an autoscaler without metrics',
      autoscaler('FailedGetResourceMetric', 'ScalingActive', 'False'),
      ['autoscaler-without-metrics: autoscaler sentiment-api'],
    ],
    [
      'a missing policy of the service, while all other connections are denied',
      policiesWithout('sentiment-api'),
      ['path-denied: prometheus to sentiment-api:8000'],
    ],
    [
      'an alert',
      {
        prometheus: ok({
          targets: [target],
          alerts: [{ name: 'HighLatency', summary: 's', runbook: 'docs/runbooks/HighLatency.md' }],
        }),
      },
      ['alert-firing: alert HighLatency'],
    ],
  ])('%s', (_, change, expected) => expect(found(change)).toEqual(expected));
});

describe('no finding is reported for', () => {
  test('a restart on the previous day', () => {
    const lastState = { terminated: { reason: 'Error', exitCode: 1, finishedAt: '2026-11-29T12:00:00Z' } };
    expect(
      found(
        changedPod((pod) => ({
          status: {
            ...pod.status,
            containerStatuses: [{ ...pod.status.containerStatuses![0]!, restartCount: 1, lastState }],
          },
        })),
      ),
    ).toEqual([]);
  });

  test('a pod that is being deleted or has finished', () => {
    const deleted = changedPod(({ metadata, status }) => ({
      metadata: { ...metadata, deletionTimestamp: JUST_NOW },
      status: { ...status, conditions: [notReady] },
    }));
    expect(found(deleted)).toEqual([]);
    expect(found(changedPod(() => ({ status: { phase: 'Succeeded' } })))).toEqual([]);
  });

  test('an autoscaler at its maximum that needs no more replicas', () => {
    expect(found(autoscaler('DesiredWithinRange', 'ScalingLimited', 'False'))).toEqual([]);
  });

  test('a namespace without network policies', () => expect(found({ policies: ok([]) })).toEqual([]));
});

test('the runbooks have a section for every kind of finding', () => {
  const page = readFileSync(join(ROOT, 'docs/runbooks/Kubernetes.md'), 'utf8');
  const sections = [...page.matchAll(/^## (.+)$/gm)].map(([, title]) =>
    title!.toLowerCase().replaceAll(' ', '-'),
  );
  expect([...new Set(Object.values(SECTIONS))].filter((section) => !sections.includes(section))).toEqual([]);
  expect(sections.filter((section) => !Object.values<string>(SECTIONS).includes(section))).toEqual([]);
  expect(runbookOf({ code: 'restarts', object: '', what: '', nextStep: '' })).toBe(
    'docs/runbooks/Kubernetes.md#restarts',
  );
});

test('the kubelet’s counters are summed for each container in the namespace', () => {
  const line = (which: string, namespace: string, value: number) =>
    `container_cpu_cfs_${which}_total{container="api",id="/x",namespace="${namespace}",pod="p"} ${value} 1`;
  const text = [
    line('periods', 'a', 100),
    line('throttled_periods', 'a', 30),
    line('periods', 'b', 7),
    'container_cpu_cfs_periods_total{container="",namespace="a",pod="p"} 5 1',
  ].join('\n');
  expect(throttlingIn(text, 'a')).toEqual([{ pod: 'p', container: 'api', periods: 100, throttled: 30 }]);
});
