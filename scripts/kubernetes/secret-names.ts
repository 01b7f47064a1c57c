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
