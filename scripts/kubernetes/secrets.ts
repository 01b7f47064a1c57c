import { randomBytes } from 'node:crypto';
import { hashSync } from 'bcryptjs';
import { parse, stringify } from 'yaml';
import { SECRETS } from './secret-names.ts';

export { SECRETS };

export type SecretName = keyof typeof SECRETS;
/** The values of a Secret, by key. */
export type SecretData = Readonly<Record<string, string>>;

export interface Login {
  readonly username: string;
  readonly password: string;
}

/** Returns 192 random bits, in characters that no shell and no configuration file treats specially. */
export const newPassword = () => randomBytes(24).toString('base64url');

/** Prometheus checks the hash at each request. With more rounds, that would take longer than the query. */
const BCRYPT_ROUNDS = 10;

export const hashed = (password: string) => hashSync(password, BCRYPT_ROUNDS);

/** User names are numbered (`sla-1`, `sla-2`, …), because the web configuration stores one password for each name. */
export function nextUsername(username: string | undefined): string {
  const number = /^sla-(\d+)$/.exec(username ?? '')?.[1];
  return `sla-${Number(number ?? 0) + 1}`;
}

/** The content of `--web.config.file` for Prometheus and Alertmanager: bcrypt hashes by user name. */
export const webConfig = (hashes: Readonly<Record<string, string>>): string =>
  stringify({ basic_auth_users: hashes });

export const hashesIn = (text: string): Readonly<Record<string, string>> =>
  (parse(text) as { readonly basic_auth_users: Readonly<Record<string, string>> }).basic_auth_users;

/** The hash of a login's own password, without those of other users that the server accepts for a while. */
export const ownHashes = ({ username, ...data }: SecretData): Readonly<Record<string, string>> => ({
  [username!]: hashesIn(data['web-config.yml']!)[username!]!,
});

/** New values for every Secret. */
export function newSecrets(): Readonly<Record<SecretName, SecretData>> {
  const username = nextUsername(undefined);
  const password = newPassword();
  const token = newPassword();
  return {
    'prometheus-login': {
      username,
      password,
      'web-config.yml': webConfig({ [username]: hashed(password) }),
      'metrics-token': token,
    },
    'grafana-admin': { username: 'admin', password: newPassword() },
    'sentiment-metrics-tokens': { tokens: `${token}\n` },
    'victoriametrics-login': { username: 'sla', password: newPassword() },
  };
}

/** The Kubernetes object that contains a Secret's values. */
export const secretObject = (name: string, namespace: string, data: SecretData) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  type: 'Opaque',
  metadata: { name, namespace, labels: { 'app.kubernetes.io/part-of': 'sentiment-analysis' } },
  data: Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  ),
});
