import { describe, expect, test } from 'vitest';
import type { NetworkPolicy } from '../objects.ts';
import { found, ok } from '../testing/healthy-state.ts';

describe('network policies', () => {
  const policy = (name: string, spec: NetworkPolicy['spec']): NetworkPolicy => ({ metadata: { name }, spec });
  const denied = policy('deny', { podSelector: {}, policyTypes: ['Ingress'] });
  const named = (name: string) => ({ matchLabels: { 'app.kubernetes.io/name': name } });
  const allow = (ingress: NetworkPolicy['spec']['ingress']) => [
    denied,
    policy('allow', {
      podSelector: named('sentiment-api'),
      policyTypes: ['Ingress'],
      ingress: ingress ?? [],
    }),
  ];
  const isOpen = (policies: readonly NetworkPolicy[]) =>
    !found({ policies: ok(policies) }).includes('path-denied: prometheus to sentiment-api:8000');
  const fromPrometheus = [{ podSelector: named('prometheus') }];

  test.each<[string, NetworkPolicy['spec']['ingress'], boolean]>([
    ['any sender on any port', [{}], true],
    ['the sender by its labels, and the port', [{ from: fromPrometheus, ports: [{ port: 8000 }] }], true],
    ['a range of ports', [{ from: fromPrometheus, ports: [{ port: 7000, endPort: 9000 }] }], true],
    ['the name of the port', [{ from: fromPrometheus, ports: [{ port: 'http' }] }], true],
    ['another port', [{ from: fromPrometheus, ports: [{ port: 9000 }] }], false],
    ['the port of another protocol', [{ ports: [{ port: 8000, protocol: 'UDP' }] }], false],
    ['another sender', [{ from: [{ podSelector: named('grafana') }] }], false],
    ['the sender in another namespace', [{ from: [{ namespaceSelector: named('elsewhere') }] }], false],
    [
      'the namespace of both',
      [
        {
          from: [
            { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'sentiment-analysis' } } },
          ],
        },
      ],
      true,
    ],
    ['the addresses of the pods', [{ from: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }], true],
    ['other addresses', [{ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.0.0.0/24'] } }] }], false],
    [
      'senders by an expression',
      [
        {
          from: [
            {
              podSelector: {
                matchExpressions: [{ key: 'app.kubernetes.io/name', operator: 'In', values: ['prometheus'] }],
              },
            },
          ],
        },
      ],
      true,
    ],
  ])('an ingress rule for %s', (_, ingress, expected) => expect(isOpen(allow(ingress))).toBe(expected));

  test('an egress policy of the sender also blocks the path', () => {
    const egress = (to: NetworkPolicy['spec']['egress']) => [
      policy('out', { podSelector: named('prometheus'), policyTypes: ['Egress'], egress: to ?? [] }),
    ];
    expect(isOpen(egress([]))).toBe(false);
    expect(isOpen(egress([{ to: [{ podSelector: named('sentiment-api') }] }]))).toBe(true);
  });
});
