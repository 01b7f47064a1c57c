import { type Notation, outcomesOf } from '../../../slas/recognise/labels.ts';
import type { Recognised } from '../../../slas/recognise/recognise.ts';
import { countOf, formatValue } from '../../../slas/render/numbers.ts';
import type { Choices, LatencyChoice } from './choices.ts';
import type { Asked } from './sources.ts';

/** Reports what `init` chose and why, and what it could not find. */

const NOTATIONS: Readonly<Record<Notation, string>> = {
  codes: 'status codes',
  classes: 'classes such as 2xx',
  'class-digits': 'classes such as 2',
  grpc: "gRPC's codes as words",
  'grpc-numbers': "gRPC's codes as numbers",
  outcome: "Micrometer's outcomes",
  words: 'words',
};

export interface Explained {
  readonly chosen: readonly string[];
  readonly missing: readonly string[];
}

export function explain(found: Recognised, choices: Choices, asked: Asked): Explained {
  return {
    chosen: [
      `library: ${found.library.title}`,
      ...requestLine(found),
      ...latencyLine(found),
      ...routeLine(found, choices),
      ...choices.latencies.map((one) => limitLine(one, found)),
      ...(hasErrors(found)
        ? [`errors: under ${choices.errorLimit} of the requests; change it with --errors`]
        : []),
      ...trafficLine(choices),
      ...serverLine(asked),
    ],
    missing: missingLines(found, choices, asked),
  };
}

const hasErrors = ({ requests }: Recognised) =>
  requests !== null && requests.status !== null && outcomesOf(requests.status, requests.metric.rows) !== null;

function requestLine({ requests }: Recognised): readonly string[] {
  if (requests === null) return [];
  const { metric, status } = requests;
  const how = status === null ? '' : `; label ${status.label} has ${NOTATIONS[status.notation]}`;
  return [`requests: ${metric.name}, ${countOf(metric.rows.length, 'series', 'series')}${how}`];
}

const list = (names: readonly (number | string)[]) => names.join(', ');

function latencyLine({ latency }: Recognised): readonly string[] {
  if (latency === null) return [];
  const { name, kind, edges, unit } = latency.metric;
  const what = {
    classic: `a histogram with edges at ${list(edges)} ${unit}`,
    native: 'a native histogram',
    summary: 'a summary, without buckets',
  }[kind];
  return [`latency: ${name}, ${what}`];
}

function routeLine({ routes, requests }: Recognised, { route, clientPath }: Choices): readonly string[] {
  if (requests?.routeLabel == null)
    return clientPath === null
      ? []
      : [`route: ${clientPath}, for the load; no label names the route of a request`];
  const own = routes.filter((one) => one.route === route).reduce((sum, { count }) => sum + count, 0);
  const all = routes.reduce((sum, { count }) => sum + count, 0);
  if (route === null) return [];
  const others = [...new Set(routes.map((one) => one.route))].filter((one) => one !== route);
  const rest = others.length === 0 ? '' : ` (also: ${list(others.slice(0, 8))})`;
  return [`route: ${route}, with ${own} of ${countOf(all, 'request')}${rest}`];
}

function limitLine({ percentile, limit, proposed }: LatencyChoice, { latency }: Recognised): string {
  const kind = latency?.metric.kind ?? 'summary';
  const byWhom = kind === 'summary' ? ', client-side only' : '';
  const what = `p${percentile}: under ${limit}${byWhom}`;
  if (kind !== 'classic') return `${what}; change it with --p${percentile}`;
  if (proposed === null) return `${what}, as you asked`;
  const now =
    proposed.nowSeconds === null
      ? 'no successful response was measured yet'
      : `at most ${formatValue(proposed.nowSeconds, 'seconds')} in ${countOf(proposed.responses, 'response')}`;
  return `${what}, the lowest bucket edge that is at least 200 ms and at least twice the current value (${now}); change it with --p${percentile}`;
}

function trafficLine({ traffic }: Choices): readonly string[] {
  if (traffic === 'none') return [];
  return [
    traffic === 'scrapes'
      ? 'isolated: except-scrapes, because the service counts the scrapes of its metrics as requests'
      : 'isolated: false, because other clients sent requests at the same time; stop them for an exact count',
  ];
}

function serverLine({ scrapeSeconds, replicas }: Asked): readonly string[] {
  return [
    ...(scrapeSeconds === null ? [] : [`scrape interval: ${scrapeSeconds} s`]),
    ...(replicas === null ? [] : [`replicas: ${replicas}`]),
  ];
}

function missingLines(found: Recognised, choices: Choices, asked: Asked): readonly string[] {
  const { requests, latency, hasStartTime, others } = found;
  const { scrapeSeconds } = asked;
  return [
    ...(requests === null
      ? ['no counter of requests: the error rate cannot be judged']
      : requests.status === null
        ? [`no label of ${requests.metric.name} says how a request ended: the error rate cannot be judged`]
        : outcomesOf(requests.status, requests.metric.rows) === null
          ? [
              `the label ${requests.status.label} has no value for a failure yet, so errors cannot be selected: the error rate cannot be judged`,
            ]
          : []),
    ...(latency === null ? ['no metric says how long requests take'] : []),
    ...(latency?.metric.kind === 'summary'
      ? [
          `${latency.metric.name} has no buckets, so the service does not show how many requests were within a limit`,
        ]
      : []),
    ...(latency !== null && latency.status === null && latency.metric.kind !== 'summary'
      ? [`${latency.metric.name} has no status label: errors are among its latencies, and are bounded`]
      : []),
    ...(requests !== null && requests.routeLabel === null
      ? ['no label contains the route of a request: all requests of the service are judged together']
      : []),
    ...(latency?.metric.isUnitGuessed
      ? [
          `no name or label states the unit of ${latency.metric.name}: ${latency.metric.unit} is assumed from its edges`,
        ]
      : []),
    ...(asked.hasToken
      ? [
          "where Prometheus and the CI system get the service's token: fill in the lines with CHANGE, and set SLA_TARGET_TOKEN for the gate",
        ]
      : []),
    ...(asked.hasContentType
      ? []
      : ['the metrics have no Content-Type: Prometheus 3 refuses them without fallback_scrape_protocol']),
    ...(hasStartTime
      ? []
      : ['no process_start_time_seconds: a restart can be detected only by a counter that falls']),
    ...((scrapeSeconds ?? 0) > 15
      ? [`a scrape interval of ${scrapeSeconds} s is long: scrape the service more often for short runs`]
      : []),
    ...(others.length === 0 || choices.name === ''
      ? []
      : [`not used: ${list(others.slice(0, 8))}${others.length > 8 ? ', …' : ''}`]),
  ];
}
