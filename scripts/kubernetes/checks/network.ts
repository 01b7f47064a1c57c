import {
  type Manifest,
  matches,
  type NetworkPolicy,
  ofKind,
  type Peer,
  type PolicyPort,
  type Workload,
  workloadsOf,
} from '../manifest.ts';

/**
 * The connections that the NetworkPolicies allow. As in Kubernetes, both the sender's egress and the receiver's ingress must
 * allow a connection. Each one is written `sender → receiver:port`; `outside` is everything except the pods of these
 * manifests.
 */
export function allowedPaths(objects: readonly Manifest[]): readonly string[] {
  const policies = ofKind<NetworkPolicy>(objects, 'NetworkPolicy');
  const workloads = workloadsOf(objects);
  const between = workloads.flatMap((receiver) =>
    portsOf(receiver).flatMap((port) => [
      ...workloads
        .filter((sender) => sender !== receiver)
        .filter(
          (sender) =>
            allows(policies, 'Egress', sender, receiver, port) &&
            allows(policies, 'Ingress', receiver, sender, port),
        )
        .map((sender) => `${sender.metadata.name} → ${receiver.metadata.name}:${port}`),
      ...(allows(policies, 'Ingress', receiver, null, port)
        ? [`outside → ${receiver.metadata.name}:${port}`]
        : []),
    ]),
  );
  const outside = workloads.flatMap((sender) =>
    OUTSIDE_PORTS.filter((port) => allows(policies, 'Egress', sender, null, port)).map(
      (port) => `${sender.metadata.name} → outside:${port}`,
    ),
  );
  return [...between, ...outside].toSorted();
}

/**
 * The ports for DNS, HTTPS and the API server, and one that nothing needs. The latter appears only if all ports are allowed.
 */
const OUTSIDE_PORTS = [53, 443, 6443, 31337];

const portsOf = ({ spec }: Workload): readonly number[] =>
  spec.template.spec.containers.flatMap(({ ports = [] }) => ports.map(({ containerPort }) => containerPort));

/** Whether a pod may receive from, or send to, the peer; null: the peer is outside. */
function allows(
  policies: readonly NetworkPolicy[],
  direction: 'Ingress' | 'Egress',
  pod: Workload,
  other: Workload | null,
  port: number,
): boolean {
  const { labels } = pod.spec.template.metadata;
  const applying = policies.filter(
    ({ spec }) => matches(spec.podSelector, labels) && (spec.policyTypes ?? []).includes(direction),
  );
  if (applying.length === 0) return true;
  return applying.some(({ spec }) =>
    direction === 'Ingress'
      ? (spec.ingress ?? []).some(({ from, ports }) => fits(from, ports, other, port))
      : (spec.egress ?? []).some(({ to, ports }) => fits(to, ports, other, port)),
  );
}

const fits = (
  peers: readonly Peer[] | undefined,
  ports: readonly PolicyPort[] | undefined,
  other: Workload | null,
  port: number,
): boolean =>
  (ports === undefined || ports.some((one) => one.port === port)) &&
  (peers === undefined || peers.some((peer) => isPeer(peer, other)));

/** A peer in a named namespace counts as outside. A test compares the name of that namespace with the manifest. */
const isPeer = ({ podSelector, namespaceSelector, ipBlock }: Peer, other: Workload | null): boolean =>
  namespaceSelector !== undefined || ipBlock !== undefined
    ? other === null
    : other !== null &&
      podSelector !== undefined &&
      matches(podSelector, other.spec.template.metadata.labels);
