/** The Secrets that the manifests need, by name, with their keys. None is in a file of this repository. */
export const SECRETS = {
  /** Of Prometheus and Alertmanager: what Prometheus itself, Grafana and the verifier sign in with, and what accepts it. */
  'prometheus-login': ['username', 'password', 'web-config.yml', 'metrics-token'],
  'grafana-admin': ['username', 'password'],
  /** What the service accepts at /metrics, one per line; used by components/metrics-token. */
  'sentiment-metrics-tokens': ['tokens'],
  /** Of components/victoriametrics: Prometheus writes with it, Grafana and the verifier read. */
  'victoriametrics-login': ['username', 'password'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Secrets whose values are from elsewhere: the operator, or another program, creates and replaces them. */
export const GIVEN_SECRETS = {
  'alert-webhook': 'components/alert-webhook: the address that receives the alerts',
  'sentiment-tls': 'overlays/production: the certificate of the ingress, by hand or by cert-manager',
  'sla-verifier': 'progressive-delivery: the token of the verifier, which the rollout controller sends',
} as const satisfies Readonly<Record<string, string>>;
