import { HarnessError } from '../cli/errors.ts';
import type { PlacedProblem } from '../cli/inputs.ts';
import { badOption } from '../cli/inputs.ts';
import type { ExitCode, Io } from '../cli/io.ts';
import { accessOf, checkAccess } from '../run/prometheus-access.ts';
import { kubectlOf } from '../stack/kubernetes/kubectl.ts';
import { examine } from './examine.ts';
import { PROMETHEUS } from './labels.ts';
import { OPERATED_SERVICE, type Operated, readOperated } from './operator.ts';
import { type PrometheusState, readPrometheus } from './prometheus.ts';
import { type Read, type Reader, readerOf } from './reader.ts';
import { exitCodeOf, reportOf } from './report.ts';
import { missingSecretsOf, readObjects, readThrottling, type State } from './state.ts';

export interface KubernetesOptions {
  readonly context?: string;
  readonly namespace?: string;
}

export const DEFAULT_NAMESPACE = 'sentiment-analysis';

/** Examines the stack in a cluster, without changing anything. */
export async function examineCluster(
  { context, namespace = DEFAULT_NAMESPACE }: KubernetesOptions,
  io: Io,
): Promise<ExitCode | readonly PlacedProblem[]> {
  const problems = checkAccess(io.env, io.cwd);
  if (problems.length > 0) return problems;
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(namespace))
    return badOption('--namespace', `"${namespace}" is not a valid namespace name`).error;
  const kubectl = kubectlOf({ env: io.env, ...(context === undefined ? {} : { context }) });
  const readerIn = (name: string) => readerOf(kubectl, name, io.signal);
  const there = await readerIn(namespace).get(['namespace', namespace]);
  if (!there.ok && there.kind !== 'forbidden') return noNamespace(there, namespace);
  const state = await readState(readerIn, namespace, io);
  const checks = examine(state, Date.now());
  io.print(reportOf({ context, namespace }, checks));
  return exitCodeOf(checks);
}

function noNamespace(
  { kind, why }: Read<unknown> & { ok: false },
  namespace: string,
): readonly PlacedProblem[] {
  if (kind === 'absent')
    return badOption(
      '--namespace',
      `the cluster has no namespace "${namespace}": give the namespace of the stack`,
    ).error;
  throw new HarnessError('no-cluster', `the cluster does not respond: ${why}`, {
    nextStep:
      'check that `kubectl get pods` works, or name another context with --context (kubectl config get-contexts)',
  });
}

async function readState(readerIn: (namespace: string) => Reader, namespace: string, io: Io): Promise<State> {
  const reader = readerIn(namespace);
  const objects = await readObjects(reader, namespace);
  const operated = await readOperated({ ...objects, namespace }, readerIn);
  const prometheus = readPrometheusOf(operated, reader, readerIn, io);
  const { pods } = objects;
  const [missingSecrets, throttling] = pods.ok
    ? await Promise.all([missingSecretsOf(pods.value, reader), readThrottling(pods.value, namespace, reader)])
    : [pods, pods];
  return { namespace, ...objects, missingSecrets, throttling, operated, prometheus: await prometheus };
}

async function readPrometheusOf(
  operated: Read<Operated | null>,
  own: Reader,
  readerIn: (namespace: string) => Reader,
  io: Io,
): Promise<Read<PrometheusState>> {
  const access = accessOf(io.env, io.cwd);
  if (!operated.ok || operated.value === null)
    return await readPrometheus(own, PROMETHEUS, access, io.signal);
  const { scraper, servers } = operated.value;
  if (scraper !== null)
    return await readPrometheus(readerIn(scraper.namespace), OPERATED_SERVICE, access, io.signal);
  const why = servers.ok ? 'no Prometheus of the operator selects the service' : servers.why;
  return { ok: false, kind: 'unknown', why };
}
