import { basicAuthorization } from '../../slas/prometheus/http.ts';
import { HarnessError } from '../cli/errors.ts';
import { forward } from '../stack/kubernetes/port-forward.ts';
import { rotateVictoriaMetrics } from './rotate-victoriametrics.ts';
import {
  change,
  eventually,
  isDeployed,
  podsOf,
  type RotationIo,
  restart,
  stored,
  touch,
} from './rotation-steps.ts';
import {
  hashed,
  hashesIn,
  type Login,
  newPassword,
  nextUsername,
  ownHashes,
  type SecretData,
  type SecretName,
  webConfig,
} from './secrets.ts';

/** The rotation that replaces each Secret. */
export const ROTATIONS = {
  'prometheus-login': 'prometheus',
  'grafana-admin': 'grafana',
  'sentiment-metrics-tokens': 'metrics-token',
  'victoriametrics-login': 'victoriametrics',
} as const satisfies Readonly<Record<SecretName, string>>;
export type Rotatable = (typeof ROTATIONS)[SecretName];
export const ROTATABLE: readonly Rotatable[] = Object.values(ROTATIONS);

/** Replaces a password or token without downtime. If a rotation is interrupted, a second one completes it. */
export function rotate(what: Rotatable, io: RotationIo): Promise<void> {
  switch (what) {
    case 'prometheus':
      return rotatePrometheus(io);
    case 'grafana':
      return rotateGrafana(io);
    case 'metrics-token':
      return rotateMetricsToken(io);
    case 'victoriametrics':
      return rotateVictoriaMetrics(io);
    default:
      return what satisfies never;
  }
}

/**
 * At every moment, each server accepts the password that each client sends. First, the servers accept both passwords. Then
 * Prometheus and Grafana send the new one. Finally, the servers refuse the old one.
 */
async function rotatePrometheus(io: RotationIo): Promise<void> {
  const { data } = await stored('prometheus-login', io);
  const old = data.username!;
  const oldHash = hashesIn(data['web-config.yml']!)[old];
  const login = { username: nextUsername(old), password: newPassword() };
  const hash = hashed(login.password);
  const both = { ...(oldHash === undefined ? {} : { [old]: oldHash }), [login.username]: hash };
  io.progress('Prometheus and Alertmanager accept the new password in addition to the old one');
  await change('prometheus-login', { 'web-config.yml': webConfig(both) }, io);
  await accepted(login, SERVERS, io);
  io.progress('Prometheus sends the new password to Alertmanager and to itself');
  await changeAndSee({ ...login, 'web-config.yml': webConfig(both) }, both, io);
  await restart('grafana', io);
  // The verifier reads the password when it starts.
  if (await isDeployed(VERIFIER, io)) await restart(VERIFIER, io);
  io.progress('Prometheus and Alertmanager refuse the old password');
  await change('prometheus-login', { 'web-config.yml': webConfig({ [login.username]: hash }) }, io);
  await touch(SERVERS, io);
}

/** The verifier of k8s/progressive-delivery. */
const VERIFIER = 'sla-verifier';

async function rotateGrafana(io: RotationIo): Promise<void> {
  await change('grafana-admin', { password: newPassword() }, io);
  // Grafana keeps no database, so the new pod uses the password from the Secret.
  await restart('grafana', io);
}

async function rotateMetricsToken(io: RotationIo): Promise<void> {
  const login = await stored('prometheus-login', io);
  const old = login.data['metrics-token']!;
  const token = newPassword();
  io.progress('the service accepts the new token in addition to the old one');
  await change('sentiment-metrics-tokens', { tokens: `${old}\n${token}\n` }, io);
  await restart('sentiment-api', io);
  io.progress('Prometheus sends the new token');
  const hashes = ownHashes(login.data);
  await changeAndSee({ 'metrics-token': token }, hashes, io);
  await change('prometheus-login', { 'web-config.yml': webConfig(hashes) }, io);
  io.progress('the service refuses the old token');
  await change('sentiment-metrics-tokens', { tokens: `${token}\n` }, io);
  await restart('sentiment-api', io);
}

/**
 * Changes the login that Prometheus sends, and waits until it is in use. The password that a client sends
 * cannot be observed. The files of a Secret are updated together, so the change also adds a temporary user.
 * Once that user can sign in, the other files have also arrived.
 */
async function changeAndSee(
  values: SecretData,
  hashes: Readonly<Record<string, string>>,
  io: RotationIo,
): Promise<void> {
  const witness = { username: 'sla-rotation', password: newPassword() };
  const config = webConfig({ ...hashes, [witness.username]: hashed(witness.password) });
  await change('prometheus-login', { ...values, 'web-config.yml': config }, io);
  await accepted(witness, ['prometheus'], io);
}

const SERVERS = ['prometheus', 'alertmanager'] as const;
type Server = (typeof SERVERS)[number];
const PORTS: Readonly<Record<Server, number>> = { prometheus: 9090, alertmanager: 9093 };

const REQUEST_LIMIT_MS = 5_000;

/** Waits until every pod of these servers accepts the login. */
async function accepted(login: Login, servers: readonly Server[], io: RotationIo): Promise<void> {
  await touch(servers, io);
  for (const server of servers)
    for (const pod of await podsOf(server, io)) await acceptedBy(pod, PORTS[server], login, io);
}

async function acceptedBy(pod: string, port: number, login: Login, io: RotationIo): Promise<void> {
  await using open = await forward(io.kubectl, { namespace: io.namespace, pod, port }, io.signal);
  const isAccepted = async () => {
    if (!open.isOpen()) throw notArrived(pod);
    return await accepts(`${open.url}/-/ready`, login);
  };
  if (!(await eventually(isAccepted, io))) throw notArrived(pod);
}

async function accepts(url: string, { username, password }: Login): Promise<boolean> {
  const authorization = basicAuthorization(username, password);
  try {
    const signal = AbortSignal.timeout(REQUEST_LIMIT_MS);
    const { ok } = await fetch(url, { headers: { authorization }, signal });
    return ok;
  } catch {
    return false;
  }
}

const notArrived = (pod: string) =>
  new HarnessError('not-rotated', `pod ${pod} does not accept the new password`, {
    nextStep: `the old one still works; see kubectl logs ${pod}, and run the rotation again`,
  });
