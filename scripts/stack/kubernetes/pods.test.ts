import { describe, expect, test } from 'vitest';
import { indexOf, type Pod, stateOf } from './pods.ts';

const pod = (status: Pod['status'], metadata: Partial<Pod['metadata']> = {}): Pod => ({
  metadata: { name: 'sla-1a2b3c4d-1-x7k2p', ...metadata },
  ...(status === undefined ? {} : { status }),
});
const running = (name: string) => ({ name, state: { running: {} } });
const ended = (name: string, exitCode: number, reason = 'Error') => ({
  name,
  state: { terminated: { exitCode, reason } },
});

describe('the state of a load generator', () => {
  test('is running once both k6 and the container that keeps its record run', () => {
    const both = [running('k6'), running('record')];
    expect(stateOf(pod({ phase: 'Running', containerStatuses: both }))).toEqual({ kind: 'running' });
    // The pods of k6-operator keep the record in a sidecar container.
    const sidecar = { containerStatuses: [running('k6')], initContainerStatuses: [running('record')] };
    expect(stateOf(pod({ phase: 'Running', ...sidecar }))).toEqual({ kind: 'running' });
    expect(stateOf(pod({ phase: 'Running', containerStatuses: [running('k6')] })).kind).toBe('waiting');
  });

  test('has ended with the exit code of k6, while its record can still be read', () => {
    const statuses = [ended('k6', 99), running('record')];
    expect(stateOf(pod({ phase: 'Running', containerStatuses: statuses }))).toEqual({
      kind: 'ended',
      exitCode: 99,
      reason: 'Error',
    });
  });

  test.each<[string, Pod['status'], Partial<Pod['metadata']>, string]>([
    [
      'an evicted pod',
      {
        phase: 'Failed',
        reason: 'Evicted',
        message: 'The node was low on resource: memory.',
        containerStatuses: [ended('k6', 137)],
      },
      {},
      'Evicted: The node was low on resource: memory.',
    ],
    ['a pod of a lost node', { phase: 'Running', reason: 'NodeLost' }, {}, 'NodeLost'],
    ['a pod that failed before its containers', { phase: 'Failed' }, {}, 'the pod ended as Failed'],
    [
      'a deleted pod',
      { phase: 'Pending' },
      { deletionTimestamp: '2026-11-30T06:00:00Z' },
      'the pod was deleted',
    ],
    [
      'a pod without its record',
      { phase: 'Running', containerStatuses: [running('k6'), ended('record', 137)] },
      {},
      'the container that keeps its record ended',
    ],
  ])('is lost with %s', (_, status, metadata, because) => {
    expect(stateOf(pod(status, metadata))).toEqual({ kind: 'lost', because });
  });

  test('while waiting, includes the reason and whether waiting can help', () => {
    const waiting = (reason: string, message: string) =>
      pod({ containerStatuses: [{ name: 'k6', state: { waiting: { reason, message } } }] });
    expect(stateOf(waiting('ImagePullBackOff', 'no such image'))).toMatchObject({
      because: 'ImagePullBackOff: no such image',
      isHopeless: false,
    });
    expect(stateOf(waiting('ErrImageNeverPull', 'not present'))).toMatchObject({ isHopeless: true });
    const conditions = [
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes are available' },
    ];
    expect(stateOf(pod({ phase: 'Pending', conditions }))).toMatchObject({
      because: 'Unschedulable: 0/3 nodes are available',
    });
    expect(stateOf(pod(undefined))).toEqual({ kind: 'waiting', because: null, isHopeless: false });
  });
});

test('the index of a load generator is the number of its segment', () => {
  const of = (labels: Record<string, string>, name = 'x') => indexOf(pod(undefined, { labels, name }));
  expect(of({ 'batch.kubernetes.io/job-completion-index': '0' })).toBe(0);
  expect(of({ 'batch.kubernetes.io/job-name': 'sla-1a2b3c4d-2' })).toBe(1);
  expect(of({ 'job-name': 'sla-1a2b3c4d-11' })).toBe(10);
  expect(of({}, 'somebody-elses')).toBeNull();
});
