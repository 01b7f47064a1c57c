/** The Secrets that the manifests need, by name, with their keys. No file in this repository contains them. */
export const SECRETS = {
  /**
   * For Prometheus and Alertmanager: what Prometheus itself, Grafana and the verifier sign in with, and what the servers
   * accept.
   */
  'prometheus-login': ['username', 'password', 'web-config.yml', 'metrics-token'],
  'grafana-admin': ['username', 'password'],
  /** The tokens that the service accepts at /metrics, one per line; used by components/metrics-token. */
  'sentiment-metrics-tokens': ['tokens'],
  /** For components/victoriametrics: Prometheus writes with it; Grafana and the verifier read with it. */
  'victoriametrics-login': ['username', 'password'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Secrets with values from elsewhere: the operator, or another program, creates and replaces them. */
export const GIVEN_SECRETS = {
  'alert-webhook': 'components/alert-webhook: the address that receives the alerts',
  'sentiment-tls': 'overlays/production: the certificate of the ingress, by hand or by cert-manager',
  'sla-verifier': 'progressive-delivery: the token of the verifier, which the rollout controller sends',
} as const satisfies Readonly<Record<string, string>>;
