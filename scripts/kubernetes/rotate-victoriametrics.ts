import { HarnessError } from '../cli/errors.ts';
import { execIn } from '../stack/kubernetes/in-pod.ts';
import { KubectlError } from '../stack/kubernetes/kubectl.ts';
import { rolledOut } from '../stack/kubernetes/rollout.ts';
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
import { hashed, newPassword, ownHashes, webConfig } from './secrets.ts';

const NAME = 'victoriametrics';
/**
 * The promtool configuration with the login that Prometheus writes with: a key of the ConfigMap prometheus-config in
 * components/victoriametrics.
 */
const CLIENT = 'victoriametrics-client.yml';

/**
 * VictoriaMetrics accepts only one password. Prometheus drops samples that are refused with 401, but keeps samples that it
 * cannot deliver. VictoriaMetrics is therefore stopped before the password changes, and starts again once every Prometheus
 * has the new password.
 */
export async function rotateVictoriaMetrics(io: RotationIo): Promise<void> {
  const password = newPassword();
  const { data } = await stored('victoriametrics-login', io);
  if (!(await isDeployed(NAME, io))) return await change('victoriametrics-login', { password }, io);
  await requireClient(io);
  await requireOtherUser(data.username!, io);
  io.progress('VictoriaMetrics stops; Prometheus keeps its samples, and sends them later');
  try {
    await scale(0, io);
    if (!(await eventually(async () => (await podsOf(NAME, io)).length === 0, io)))
      throw notRotated('VictoriaMetrics did not stop');
    await change('victoriametrics-login', { password }, io);
    io.progress('Prometheus receives the new password');
    await arrivedInPrometheus(io);
    io.progress('VictoriaMetrics starts with the new password');
    await scale(1, io);
    await rolledOut(NAME, io);
  } catch (error) {
    io.progress(STOPPED);
    throw error;
  }
  await restart('grafana', io);
}

const STOPPED =
  'the rotation is not complete, and VictoriaMetrics may be stopped: run it again within two hours, because Prometheus keeps unsent samples only that long';

const notRotated = (message: string) =>
  new HarnessError('not-rotated', message, { nextStep: 'see kubectl get pods, and run the rotation again' });

async function scale(replicas: number, { kubectl, namespace, signal }: RotationIo): Promise<void> {
  const args = ['scale', `deployment/${NAME}`, '--namespace', namespace, `--replicas=${replicas}`];
  await kubectl.run(args, { signal });
}

/** Without this key, it would be unknown when Prometheus has the new password, and VictoriaMetrics would stay stopped. */
async function requireClient({ kubectl, namespace, signal }: RotationIo): Promise<void> {
  const args = ['get', 'configmap', 'prometheus-config', '--namespace', namespace, '--output', 'json'];
  const { data } = JSON.parse(await kubectl.run(args, { signal })) as { data: Record<string, string> };
  if (data[CLIENT] !== undefined) return;
  throw new HarnessError('old-manifests', `the ConfigMap prometheus-config has no ${CLIENT}`, {
    nextStep:
      'apply your overlay with the current components/victoriametrics (kubectl apply -k), then rotate again',
  });
}

/** The two logins need different user names, because Prometheus stores one password for each user name. */
async function requireOtherUser(username: string, io: RotationIo): Promise<void> {
  const { data } = await stored('prometheus-login', io);
  if (data.username !== username) return;
  throw new HarnessError(
    'same-user',
    `the Secrets prometheus-login and victoriametrics-login have the same user name, ${username}`,
    { nextStep: 'change one: ./sla kubernetes rotate prometheus; then rotate again' },
  );
}

/**
 * The password that a client sends cannot be observed. Each Prometheus therefore temporarily accepts the login of
 * VictoriaMetrics. Then promtool in its pod signs in with the same login files that Prometheus reads.
 */
async function arrivedInPrometheus(io: RotationIo): Promise<void> {
  const { data: next } = await stored('victoriametrics-login', io);
  const { data } = await stored('prometheus-login', io);
  const hashes = ownHashes(data);
  const witness = { ...hashes, [next.username!]: hashed(next.password!) };
  await change('prometheus-login', { 'web-config.yml': webConfig(witness) }, io);
  await touch(['prometheus'], io);
  for (const pod of await podsOf('prometheus', io))
    if (!(await eventually(() => signsIn(pod, io), io)))
      throw notRotated(`pod ${pod} does not have the new password`);
  await change('prometheus-login', { 'web-config.yml': webConfig(hashes) }, io);
  await touch(['prometheus'], io);
}

async function signsIn(pod: string, { kubectl, namespace, signal }: RotationIo): Promise<boolean> {
  const client = `--http.config.file=/etc/prometheus/config/${CLIENT}`;
  const check = ['/bin/promtool', 'check', 'ready', '--url=http://localhost:9090', client];
  try {
    await kubectl.run([...execIn(namespace, pod, 'prometheus'), ...check], { signal });
    return true;
  } catch (error) {
    if (error instanceof KubectlError) return false;
    throw error;
  }
}
