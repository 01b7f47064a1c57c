import { stringify } from 'yaml';
import { alertmanagerConfig } from '../alertmanager.ts';
import { prometheusConfig } from '../prometheus-config.ts';

/** The parts of a stack in containers, as data: testcontainers starts them, and a test compares compose.yaml with them. */

export type PartName =
  | 'service'
  | 'prometheus'
  | 'alertmanager'
  | 'grafana'
  | 'jaeger'
  | 'loki'
  | 'promtail'
  | 'toxiproxy';

export interface Part {
  /** The part's host name on the network and the name of its log. */
  readonly name: PartName;
  /** The ports published on the loopback interface. The first one is used to reach the part. */
  readonly ports: readonly number[];
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Files in the container: absolute paths and their contents. */
  readonly files: Readonly<Record<string, string>>;
  /** Mounted folders: absolute paths in the container and folders of this project. */
  readonly folders: Readonly<Record<string, string>>;
  /** The path that responds with 2xx on the first port once the part is ready. */
  readonly readyPath: string;
}

const part = (name: PartName, ports: readonly number[], readyPath: string, more: Partial<Part>): Part => ({
  name,
  ports,
  readyPath,
  command: [],
  environment: {},
  files: {},
  folders: {},
  ...more,
});

export const SERVICE_PORT = 8000;
export const PROMETHEUS_PORT = 9090;
const ALERTMANAGER_PORT = 9093;
const GRAFANA_PORT = 3000;
const OTLP_PORT = 4318;
const LOKI_PORT = 3100;
/** The ports of toxiproxy: one for its API, and one that forwards to the service. */
export const TOXIPROXY_PORT = 8474;
export const PROXIED_PORT = 8666;

export interface Wanted {
  readonly selector: Readonly<Record<string, string>>;
  /** Alerting and recording rules, as YAML. */
  readonly rules: string;
  /** The address that receives alerts; null: there is none, and alerts can only be viewed. */
  readonly webhookUrl: string | null;
  /** Settings of the service. */
  readonly serviceEnvironment: Readonly<Record<string, string>>;
  readonly tracing: boolean;
  /** The folder with the logs for Loki; absent: Loki is not started. */
  readonly logs?: string;
  readonly toxiproxy: boolean;
  /** Whether Prometheus's administrative API is enabled. Only snapshots need it; it can also delete data. */
  readonly withSnapshots: boolean;
}

/** All parts of a stack. They can start in any order. */
export function partsOf(wanted: Wanted): readonly Part[] {
  return [
    service(wanted),
    prometheus(wanted),
    alertmanager(wanted),
    grafana(wanted),
    ...(wanted.tracing ? [part('jaeger', [16686], '/', {})] : []),
    ...(wanted.logs === undefined ? [] : logging(wanted.logs)),
    ...(wanted.toxiproxy
      ? [part('toxiproxy', [TOXIPROXY_PORT], '/version', { command: ['-host', '0.0.0.0'] })]
      : []),
  ];
}

const service = ({ serviceEnvironment, tracing }: Wanted) =>
  part('service', [SERVICE_PORT], '/health/ready', {
    environment: {
      HOST: '0.0.0.0',
      PORT: String(SERVICE_PORT),
      NODE_ENV: 'production',
      LOG_LEVEL: 'info',
      ...(tracing ? { OTEL_EXPORTER_OTLP_ENDPOINT: `http://jaeger:${OTLP_PORT}` } : {}),
      ...serviceEnvironment,
    },
  });

const prometheus = ({ selector, rules, withSnapshots }: Wanted) =>
  part('prometheus', [PROMETHEUS_PORT], '/-/ready', {
    command: [
      '--config.file=/etc/prometheus/prometheus.yml',
      '--storage.tsdb.path=/prometheus',
      // Without this setting, the first scrape happens 5 s after the start.
      '--scrape.discovery-reload-interval=100ms',
      // Exemplars link the latency histogram to traces.
      '--enable-feature=exemplar-storage',
      ...(withSnapshots ? ['--web.enable-admin-api'] : []),
    ],
    files: {
      '/etc/prometheus/prometheus.yml': prometheusConfig({
        selector,
        targets: [`service:${SERVICE_PORT}`],
        ruleFiles: ['rules.yaml'],
        alertmanager: `alertmanager:${ALERTMANAGER_PORT}`,
      }),
      '/etc/prometheus/rules.yaml': rules,
    },
  });

const WEBHOOK_FILE = '/etc/alertmanager/webhook-url';

const alertmanager = ({ webhookUrl }: Wanted) =>
  part('alertmanager', [ALERTMANAGER_PORT], '/-/ready', {
    command: [
      '--config.file=/etc/alertmanager/alertmanager.yml',
      '--storage.path=/alertmanager',
      '--cluster.listen-address=',
    ],
    files: {
      '/etc/alertmanager/alertmanager.yml': alertmanagerConfig(webhookUrl === null ? null : WEBHOOK_FILE),
      ...(webhookUrl === null ? {} : { [WEBHOOK_FILE]: webhookUrl }),
    },
  });

const PROVISIONING = '/etc/grafana/provisioning';

const grafana = ({ tracing, logs }: Wanted) =>
  part('grafana', [GRAFANA_PORT], '/api/health', {
    environment: {
      // Anonymous access is safe: Grafana listens only on the loopback interface and shows nothing that Prometheus does not
      // show.
      GF_AUTH_ANONYMOUS_ENABLED: 'true',
      GF_AUTH_ANONYMOUS_ORG_ROLE: 'Viewer',
      GF_ANALYTICS_REPORTING_ENABLED: 'false',
      GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
    },
    files: {
      [`${PROVISIONING}/datasources/sla.yaml`]: stringify({
        apiVersion: 1,
        datasources: [
          {
            ...dataSource('prometheus', PROMETHEUS_PORT),
            isDefault: true,
            ...(tracing
              ? { jsonData: { exemplarTraceIdDestinations: [{ name: 'trace_id', datasourceUid: 'jaeger' }] } }
              : {}),
          },
          ...(tracing ? [dataSource('jaeger', 16686)] : []),
          ...(logs === undefined ? [] : [dataSource('loki', LOKI_PORT)]),
        ],
      }),
      [`${PROVISIONING}/dashboards/sla.yaml`]: stringify({
        apiVersion: 1,
        providers: [{ name: 'sla', type: 'file', options: { path: '/var/lib/grafana/dashboards' } }],
      }),
    },
    folders: { '/var/lib/grafana/dashboards': 'dashboards/generated' },
  });

const dataSource = (name: PartName, port: number) => ({
  name,
  uid: name,
  type: name,
  access: 'proxy',
  url: `http://${name}:${port}`,
});

/** Loki, and the promtail that sends it the log files while they are written. */
const logging = (folder: string): readonly Part[] => [
  part('loki', [LOKI_PORT], '/ready', {}),
  part('promtail', [9080], '/ready', {
    command: ['-config.file=/etc/promtail/config.yml'],
    files: {
      '/etc/promtail/config.yml': stringify({
        server: { http_listen_port: 9080 },
        positions: { filename: '/tmp/positions.yaml' },
        clients: [{ url: `http://loki:${LOKI_PORT}/loki/api/v1/push` }],
        scrape_configs: [
          { job_name: 'sla', static_configs: [{ labels: { job: 'sla', __path__: '/logs/*.log' } }] },
        ],
      }),
    },
    folders: { '/logs': folder },
  }),
];
