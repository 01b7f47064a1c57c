import type { Inventory } from './inventory.ts';

/** Libraries and proxies whose metrics are known by name. */

export type LibraryId =
  | 'istio'
  | 'envoy'
  | 'grpc'
  | 'nginx-ingress'
  | 'traefik'
  | 'caddy'
  | 'micrometer'
  | 'opentelemetry'
  | 'fastapi-instrumentator'
  | 'express-prom-bundle'
  | 'prom-client'
  | 'prometheus_client'
  | 'client_golang'
  | 'unknown';

export interface Library {
  readonly id: LibraryId;
  readonly title: string;
  /** Counters of requests by preference; a histogram's `_count` may be one. */
  readonly counters: readonly string[];
  readonly times: readonly string[];
  /** Labels without which these metrics count a request more than once. */
  readonly where?: Readonly<Record<string, string>>;
  readonly isIn: (inventory: Inventory) => boolean;
}

const has =
  (...names: readonly string[]) =>
  (inventory: Inventory) =>
    names.some((name) => isIn(name, inventory));

const isIn = (name: string, { counters, times, names }: Inventory) =>
  names.has(name) ||
  counters.some((one) => one.name === name) ||
  times.some((one) => one.name === name || `${one.name}_count` === name);

const begins = (prefix: string) => (inventory: Inventory) =>
  [...inventory.names].some((name) => name.startsWith(prefix));

/** express-prom-bundle calls its status label `status_code`, and exposes its own gauge `up`. */
const isBundle = (inventory: Inventory) =>
  inventory.times.some(
    ({ name, rows }) =>
      name === 'http_request_duration_seconds' && rows.some(({ labels }) => labels.status_code !== undefined),
  ) && inventory.names.has('up');

const HTTP = {
  counters: ['http_requests_total', 'http_server_requests_total'],
  times: ['http_request_duration_seconds', 'http_server_request_duration_seconds'],
};

/** The first library that matches is used, so specific libraries come before general ones. */
export const LIBRARIES: readonly Library[] = [
  {
    id: 'istio',
    title: 'Istio',
    counters: ['istio_requests_total'],
    times: ['istio_request_duration_milliseconds'],
    where: { reporter: 'destination' },
    isIn: has('istio_requests_total', 'istio_request_duration_milliseconds'),
  },
  {
    id: 'envoy',
    title: 'Envoy',
    counters: ['envoy_cluster_upstream_rq_xx', 'envoy_http_downstream_rq_xx'],
    times: ['envoy_cluster_upstream_rq_time', 'envoy_http_downstream_rq_time'],
    isIn: has('envoy_cluster_upstream_rq_xx', 'envoy_http_downstream_rq_xx'),
  },
  {
    id: 'grpc',
    title: 'gRPC middleware (go-grpc-prometheus and its successors)',
    counters: ['grpc_server_handled_total'],
    times: ['grpc_server_handling_seconds'],
    isIn: has('grpc_server_handled_total'),
  },
  {
    id: 'nginx-ingress',
    title: 'Ingress NGINX',
    counters: [
      'nginx_ingress_controller_request_duration_seconds_count',
      'nginx_ingress_controller_requests',
    ],
    times: ['nginx_ingress_controller_request_duration_seconds'],
    isIn: begins('nginx_ingress_controller_'),
  },
  {
    id: 'traefik',
    title: 'Traefik',
    counters: ['traefik_service_requests_total', 'traefik_entrypoint_requests_total'],
    times: ['traefik_service_request_duration_seconds', 'traefik_entrypoint_request_duration_seconds'],
    isIn: begins('traefik_'),
  },
  {
    id: 'caddy',
    title: 'Caddy',
    counters: ['caddy_http_request_duration_seconds_count'],
    times: ['caddy_http_request_duration_seconds'],
    isIn: has('caddy_http_request_duration_seconds'),
  },
  {
    id: 'micrometer',
    title: 'Micrometer (Spring Boot)',
    counters: ['http_server_requests_seconds_count'],
    times: ['http_server_requests_seconds'],
    isIn: has('http_server_requests_seconds'),
  },
  {
    id: 'opentelemetry',
    title: 'OpenTelemetry',
    counters: [
      'http_server_request_duration_seconds_count',
      'http_server_request_duration_count',
      'http_server_duration_milliseconds_count',
      'http_server_duration_count',
    ],
    times: [
      'http_server_request_duration_seconds',
      'http_server_request_duration',
      'http_server_duration_milliseconds',
      'http_server_duration',
    ],
    isIn: (inventory) =>
      begins('target_info')(inventory) ||
      has(
        'http_server_request_duration_seconds',
        'http_server_request_duration',
        'http_server_duration',
      )(inventory),
  },
  {
    id: 'fastapi-instrumentator',
    title: 'prometheus-fastapi-instrumentator',
    ...HTTP,
    isIn: has('http_request_duration_highr_seconds'),
  },
  {
    id: 'express-prom-bundle',
    title: 'express-prom-bundle',
    counters: ['http_request_duration_seconds_count'],
    times: ['http_request_duration_seconds'],
    isIn: isBundle,
  },
  { id: 'prom-client', title: 'prom-client (Node.js)', ...HTTP, isIn: begins('nodejs_') },
  { id: 'prometheus_client', title: 'prometheus_client (Python)', ...HTTP, isIn: has('python_info') },
  { id: 'client_golang', title: 'client_golang (Go)', ...HTTP, isIn: has('go_info', 'go_goroutines') },
  { id: 'unknown', title: 'an unknown library', ...HTTP, isIn: () => true },
];

export const libraryOf = (inventory: Inventory): Library => LIBRARIES.find((one) => one.isIn(inventory))!;
