import { BlockList, isIPv6 } from 'node:net';
import type { Finding } from '../finding.ts';
import { ALERTMANAGER, API, GRAFANA, matches, PROMETHEUS, podsBehind } from '../labels.ts';
import type { Labels, NetworkPolicy, Pod, PolicyPeer, PolicyPort } from '../objects.ts';
import type { State } from '../state.ts';

/** The paths between pods in the namespace that monitoring needs. */
const PATHS = [
  { from: PROMETHEUS, to: API, port: 8000, why: 'scrapes it' },
  { from: GRAFANA, to: PROMETHEUS, port: 9090, why: 'queries it' },
  { from: PROMETHEUS, to: ALERTMANAGER, port: 9093, why: 'sends alerts to it' },
] as const;

/**
 * The paths that network policies block. One pod represents each deployment, because all of its pods have the same labels.
 */
export function checkPolicies(
  policies: readonly NetworkPolicy[],
  state: Pick<State, 'services' | 'pods'>,
  namespaceLabels: Labels,
): readonly Finding[] {
  return PATHS.flatMap(({ from, to, port, why }): readonly Finding[] => {
    const [sender] = podsBehind(from, state);
    const [receiver] = podsBehind(to, state);
    if (sender === undefined || receiver === undefined) return [];
    const closed = closedBy(policies, { sender, receiver, port, namespaceLabels });
    if (closed === null) return [];
    return [
      {
        code: 'path-denied',
        object: `${from} to ${to}:${port}`,
        what: `${from} ${why}, but no rule allows that: ${closed.direction} is restricted by ${closed.names.join(', ')}`,
        nextStep: `allow ${closed.direction} on port ${port} in one of them`,
      },
    ];
  });
}

export interface Path {
  readonly sender: Pod;
  readonly receiver: Pod;
  /** The container port of the receiver. */
  readonly port: number;
  /** The labels of the namespace that contains both pods. */
  readonly namespaceLabels: Labels;
}

/** The direction in which the path is blocked, with the policies that select the pod; null if the path is open. */
export function closedBy(
  policies: readonly NetworkPolicy[],
  { sender, receiver, port, namespaceLabels }: Path,
): { readonly direction: 'ingress' | 'egress'; readonly names: readonly string[] } | null {
  const isPeer = (pod: Pod) => (peers: readonly PolicyPeer[] | undefined) =>
    peers === undefined ||
    peers.length === 0 ||
    peers.some((peer) => matchesPeer(peer, pod, namespaceLabels));
  const isPort = (ports: readonly PolicyPort[] | undefined) =>
    ports === undefined || ports.length === 0 || ports.some((one) => matchesPort(one, port, receiver));
  const ingress = selecting(policies, receiver, 'Ingress');
  const isReceived = ingress.some(({ spec }) =>
    (spec.ingress ?? []).some((rule) => isPeer(sender)(rule.from) && isPort(rule.ports)),
  );
  if (ingress.length > 0 && !isReceived) return { direction: 'ingress', names: namesOf(ingress) };
  const egress = selecting(policies, sender, 'Egress');
  const isSent = egress.some(({ spec }) =>
    (spec.egress ?? []).some((rule) => isPeer(receiver)(rule.to) && isPort(rule.ports)),
  );
  return egress.length > 0 && !isSent ? { direction: 'egress', names: namesOf(egress) } : null;
}

const namesOf = (policies: readonly NetworkPolicy[]) => policies.map(({ metadata }) => metadata.name);

/** A policy without policyTypes restricts ingress. If it has egress rules, it also restricts egress. */
const selecting = (policies: readonly NetworkPolicy[], { metadata }: Pod, type: 'Ingress' | 'Egress') =>
  policies.filter(({ spec }) => {
    const types = spec.policyTypes ?? ['Ingress', ...(spec.egress === undefined ? [] : ['Egress'])];
    return types.includes(type) && matches(spec.podSelector ?? {}, metadata.labels);
  });

function matchesPeer(
  { podSelector, namespaceSelector, ipBlock }: PolicyPeer,
  pod: Pod,
  namespace: Labels,
): boolean {
  if (ipBlock !== undefined) return isInBlock(pod.status.podIP, ipBlock.cidr, ipBlock.except);
  return (
    (namespaceSelector === undefined || matches(namespaceSelector, namespace)) &&
    (podSelector === undefined || matches(podSelector, pod.metadata.labels))
  );
}

function isInBlock(address: string | undefined, cidr: string, except: readonly string[] = []): boolean {
  if (address === undefined) return false;
  const includes = (range: string) => {
    const [network, prefix] = range.split('/') as [string, string];
    const list = new BlockList();
    list.addSubnet(network, Number(prefix), isIPv6(network) ? 'ipv6' : 'ipv4');
    return list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  };
  return includes(cidr) && !except.some(includes);
}

function matchesPort(
  { protocol = 'TCP', port: wanted, endPort }: PolicyPort,
  port: number,
  receiver: Pod,
): boolean {
  if (protocol !== 'TCP') return false;
  if (wanted === undefined) return true;
  if (typeof wanted === 'number') return port >= wanted && port <= (endPort ?? wanted);
  return receiver.spec.containers.some(({ ports = [] }) =>
    ports.some((one) => one.name === wanted && one.containerPort === port),
  );
}
