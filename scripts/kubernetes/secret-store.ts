import { HarnessError } from '../cli/errors.ts';
import type { Kubectl } from '../stack/kubernetes/kubectl.ts';
import { newSecrets, SECRETS, type SecretData, type SecretName, secretObject } from './secrets.ts';

/** The cluster and the namespace of the Secrets. */
export interface SecretPlace {
  readonly kubectl: Kubectl;
  readonly namespace: string;
  readonly signal: AbortSignal;
}

/** A Secret as the cluster stores it. */
export interface StoredSecret {
  readonly data: SecretData;
  /** The version that was read. A replacement is refused if the Secret has changed since. */
  readonly version: string;
}

/** Resolves to null if the Secret does not exist. Throws HarnessError `incomplete-secret` if it lacks a key. */
export async function readSecret(name: SecretName, place: SecretPlace): Promise<StoredSecret | null> {
  const { kubectl, namespace, signal } = place;
  const args = ['get', 'secret', name, '--namespace', namespace, '--ignore-not-found', '--output', 'json'];
  const text = await kubectl.run(args, { signal });
  if (text.trim() === '') return null;
  const { data = {}, metadata } = JSON.parse(text) as {
    readonly data?: SecretData;
    readonly metadata: { readonly resourceVersion: string };
  };
  const missing = SECRETS[name].filter((key) => !data[key]);
  if (missing.length > 0)
    throw new HarnessError('incomplete-secret', `Secret ${name} has no ${missing.join(', no ')}`, {
      nextStep: `delete it (kubectl delete secret ${name} -n ${namespace}), then create it again: ./sla kubernetes secrets`,
    });
  return {
    data: Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
    ),
    version: metadata.resourceVersion,
  };
}

/** kubectl reads the values from a pipe, because other users of this machine could read its arguments. */
export async function replaceSecret(
  name: SecretName,
  data: SecretData,
  version: string,
  { kubectl, namespace, signal }: SecretPlace,
): Promise<string> {
  const object = secretObject(name, namespace, data);
  const input = JSON.stringify({ ...object, metadata: { ...object.metadata, resourceVersion: version } });
  const text = await kubectl.run(['replace', '--filename', '-', '--output', 'json'], { input, signal });
  return (JSON.parse(text) as { readonly metadata: { readonly resourceVersion: string } }).metadata
    .resourceVersion;
}

/**
 * Creates the Secrets that do not exist, and leaves existing ones unchanged. Resolves to the names of the created Secrets.
 */
export async function createSecrets(place: SecretPlace): Promise<ReadonlySet<SecretName>> {
  const names = Object.keys(SECRETS) as SecretName[];
  const found = new Map<SecretName, SecretData>();
  for (const name of names) {
    const stored = await readSecret(name, place);
    if (stored !== null) found.set(name, stored.data);
  }
  const values = consistent(newSecrets(), found);
  const missing = names.filter((name) => !found.has(name));
  for (const name of missing) {
    const input = JSON.stringify(secretObject(name, place.namespace, values[name]));
    // `kubectl apply` is not used, because it would store a copy of the values in an annotation.
    await place.kubectl.run(['create', '--filename', '-'], { input, signal: place.signal });
  }
  return new Set(missing);
}

/**
 * Prometheus must send the token that the service accepts. If one of the two Secrets already exists, the other one gets the
 * same token.
 */
function consistent(
  made: Readonly<Record<SecretName, SecretData>>,
  found: ReadonlyMap<SecretName, SecretData>,
): Readonly<Record<SecretName, SecretData>> {
  const sent = found.get('prometheus-login')?.['metrics-token'];
  const accepted = found.get('sentiment-metrics-tokens')?.tokens?.trim().split('\n')[0];
  const token = sent ?? accepted ?? made['prometheus-login']['metrics-token']!;
  return {
    ...made,
    'prometheus-login': { ...made['prometheus-login'], 'metrics-token': token },
    'sentiment-metrics-tokens': { tokens: `${token}\n` },
  };
}
