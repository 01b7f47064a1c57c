import type { LibraryId } from '../recognise/libraries.ts';

/** The metrics that services with common libraries expose after a few requests, in the default form of each library. */

type Labels = Readonly<Record<string, string>>;

const inBraces = (labels: Labels) => {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
};

const counter = (name: string, rows: readonly (readonly [Labels, number])[]) => [
  `# HELP ${name} Requests`,
  `# TYPE ${name} counter`,
  ...rows.map(([labels, count]) => `${name}${inBraces(labels)} ${count}`),
];

/** All observations are within the second edge. */
const histogram = (
  name: string,
  edges: readonly number[],
  rows: readonly (readonly [Labels, number])[],
  unit?: string,
) => [
  `# HELP ${name} Time`,
  ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
  `# TYPE ${name} histogram`,
  ...rows.flatMap(([labels, count]) => [
    ...edges.map(
      (le, at) => `${name}_bucket${inBraces({ ...labels, le: String(le) })} ${at === 0 ? 0 : count}`,
    ),
    `${name}_bucket${inBraces({ ...labels, le: '+Inf' })} ${count}`,
    `${name}_sum${inBraces(labels)} ${count / 100}`,
    `${name}_count${inBraces(labels)} ${count}`,
  ]),
];

export const CLIENT_EDGES = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const OTEL_EDGES = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const PYTHON_EDGES = OTEL_EDGES;
const ENVOY_EDGES = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 600000, 1800000,
  3600000,
];
const HIGHR = [
  0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 7.5, 10, 30, 60,
];

const STARTED = ['# TYPE process_start_time_seconds gauge', 'process_start_time_seconds 1.79600649e+09'];
const GO = ['# TYPE go_goroutines gauge', 'go_goroutines 9', 'go_info{version="go1.26"} 1', ...STARTED];
const SCRAPES = counter('promhttp_metric_handler_requests_total', [[{ code: '200' }, 500]]);

const TEXTS: Readonly<Record<Exclude<LibraryId, 'unknown'>, readonly string[]>> = {
  'prom-client': [
    ...STARTED,
    'nodejs_version_info{version="v24.0.0"} 1',
    ...counter('http_requests_total', [
      [{ method: 'GET', route: '/orders/:id', status: '200' }, 40],
      [{ method: 'GET', route: '/health', status: '200' }, 900],
    ]),
    ...histogram('http_request_duration_seconds', CLIENT_EDGES, [
      [{ method: 'GET', route: '/orders/:id', status: '200' }, 40],
      [{ method: 'GET', route: '/health', status: '200' }, 900],
    ]),
  ],
  prometheus_client: [
    ...STARTED,
    'python_info{implementation="CPython"} 1',
    ...counter('http_requests_total', [[{ endpoint: '/orders', method: 'POST', code: '201' }, 12]]),
    'http_requests_created{endpoint="/orders",method="POST",code="201"} 1.79600649e+09',
    ...histogram('http_request_duration_seconds', PYTHON_EDGES, [
      [{ endpoint: '/orders', method: 'POST' }, 12],
    ]),
  ],
  client_golang: [
    ...GO,
    ...SCRAPES,
    ...counter('http_requests_total', [[{ code: '200', method: 'get' }, 7]]),
    ...histogram('http_request_duration_seconds', CLIENT_EDGES, [[{ method: 'get' }, 7]]),
    ...histogram('http_response_size_bytes', [100, 1000], [[{ method: 'get' }, 7]]),
  ],
  micrometer: [
    ...STARTED,
    '# TYPE http_server_requests_seconds summary',
    'http_server_requests_seconds_count{error="none",exception="none",method="GET",outcome="SUCCESS",status="200",uri="/orders/{id}"} 9',
    'http_server_requests_seconds_sum{error="none",exception="none",method="GET",outcome="SUCCESS",status="200",uri="/orders/{id}"} 0.5',
    '# TYPE http_server_requests_seconds_max gauge',
    'http_server_requests_seconds_max{error="none",exception="none",method="GET",outcome="SUCCESS",status="200",uri="/orders/{id}"} 0.1',
    'http_server_requests_active_seconds_count{method="GET",uri="UNKNOWN"} 1',
    'http_server_requests_active_seconds_sum{method="GET",uri="UNKNOWN"} 0.1',
  ],
  'express-prom-bundle': [
    '# TYPE up gauge',
    'up 1',
    ...histogram(
      'http_request_duration_seconds',
      [0.003, 0.03, 0.1, 0.3, 1.5, 10],
      [[{ status_code: '200' }, 5]],
    ),
  ],
  'fastapi-instrumentator': [
    ...STARTED,
    'python_info{implementation="CPython"} 1',
    ...counter('http_requests_total', [
      [{ handler: '/orders/{order_id}', method: 'GET', status: '2xx' }, 6],
      [{ handler: '/metrics', method: 'GET', status: '2xx' }, 80],
    ]),
    ...histogram('http_request_duration_highr_seconds', HIGHR, [[{}, 86]]),
    ...histogram(
      'http_request_duration_seconds',
      [0.1, 0.5, 1],
      [
        [{ handler: '/orders/{order_id}', method: 'GET' }, 6],
        [{ handler: '/metrics', method: 'GET' }, 80],
      ],
    ),
  ],
  opentelemetry: [
    'target_info{service_name="orders",telemetry_sdk_language="nodejs"} 1',
    ...histogram(
      'http_server_request_duration_seconds',
      OTEL_EDGES,
      [
        [
          {
            http_request_method: 'GET',
            http_response_status_code: '200',
            http_route: '/orders',
            url_scheme: 'http',
          },
          30,
        ],
      ],
      'seconds',
    ),
    ...histogram('http_client_request_duration_seconds', OTEL_EDGES, [
      [{ http_request_method: 'GET', server_address: 'db' }, 300],
    ]),
  ],
  istio: [
    ...counter('istio_requests_total', [
      [{ reporter: 'destination', response_code: '200', destination_service_name: 'orders' }, 20],
      [{ reporter: 'source', response_code: '200', destination_service_name: 'db' }, 60],
    ]),
    ...histogram('istio_request_duration_milliseconds', ENVOY_EDGES, [
      [{ reporter: 'destination', response_code: '200', destination_service_name: 'orders' }, 20],
      [{ reporter: 'source', response_code: '200', destination_service_name: 'db' }, 60],
    ]),
  ],
  envoy: [
    ...counter('envoy_cluster_upstream_rq_xx', [
      [{ envoy_response_code_class: '2', envoy_cluster_name: 'orders' }, 20],
    ]),
    ...counter('envoy_cluster_upstream_rq_retry', [[{ envoy_cluster_name: 'orders' }, 0]]),
    ...histogram('envoy_cluster_upstream_rq_time', ENVOY_EDGES, [[{ envoy_cluster_name: 'orders' }, 20]]),
  ],
  grpc: [
    ...GO,
    ...counter('grpc_server_handled_total', [
      [{ grpc_code: 'OK', grpc_method: 'Charge', grpc_service: 'pay.Pay', grpc_type: 'unary' }, 9],
    ]),
    ...counter('grpc_server_started_total', [
      [{ grpc_method: 'Charge', grpc_service: 'pay.Pay', grpc_type: 'unary' }, 9],
    ]),
    ...histogram('grpc_server_handling_seconds', CLIENT_EDGES, [
      [{ grpc_method: 'Charge', grpc_service: 'pay.Pay', grpc_type: 'unary' }, 9],
    ]),
  ],
  'nginx-ingress': [
    ...GO,
    ...counter('nginx_ingress_controller_requests', [
      [{ ingress: 'orders', method: 'GET', path: '/orders', status: '200' }, 30],
    ]),
    ...histogram('nginx_ingress_controller_request_duration_seconds', CLIENT_EDGES, [
      [{ ingress: 'orders', method: 'GET', path: '/orders', status: '200' }, 30],
    ]),
  ],
  traefik: [
    ...GO,
    ...counter('traefik_service_requests_total', [
      [{ code: '200', method: 'GET', protocol: 'http', service: 'orders@docker' }, 11],
    ]),
    ...histogram(
      'traefik_service_request_duration_seconds',
      [0.1, 0.3, 1.2, 5],
      [[{ code: '200', method: 'GET', protocol: 'http', service: 'orders@docker' }, 11]],
    ),
  ],
  caddy: [
    ...GO,
    ...counter('caddy_admin_http_requests_total', [
      [{ code: '200', handler: 'metrics', method: 'GET', path: '/metrics' }, 70],
    ]),
    ...histogram('caddy_http_request_duration_seconds', CLIENT_EDGES, [
      [{ code: '200', handler: 'subroute', method: 'GET', server: 'srv0' }, 14],
      [{ code: '200', handler: 'reverse_proxy', method: 'GET', server: 'srv0' }, 12],
    ]),
  ],
};

export const EXPOSED: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(TEXTS).map(([id, lines]) => [id, `${lines.join('\n')}\n`]),
);
