/** The Secrets that the manifests need, with their keys. This repository contains none of their values. */
export const SECRETS = {
  /**
   * The login for Prometheus and Alertmanager. Prometheus, Grafana and the verifier send it; `web-config.yml` makes the
   * servers accept it.
   */
  'prometheus-login': ['username', 'password', 'web-config.yml', 'metrics-token'],
  'grafana-admin': ['username', 'password'],
  /** The tokens that the service accepts at /metrics, one per line, for components/metrics-token. */
  'sentiment-metrics-tokens': ['tokens'],
  /** The login for components/victoriametrics. Prometheus writes with it; Grafana and the verifier read with it. */
  'victoriametrics-login': ['username', 'password'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Secrets that the operator or another program creates and replaces. */
export const GIVEN_SECRETS = {
  'alert-webhook': 'components/alert-webhook: the address that receives the alerts',
  'sentiment-tls': 'overlays/production: the certificate of the ingress, by hand or by cert-manager',
  'sla-verifier': 'progressive-delivery: the token of the verifier, which the rollout controller sends',
} as const satisfies Readonly<Record<string, string>>;
