import { stringify } from 'yaml';
import type { LabelMatcher } from '../../../slas/model/model.ts';
import type { TimeMetric } from '../../../slas/recognise/inventory.ts';
import { outcomesOf } from '../../../slas/recognise/labels.ts';
import type { Metric, Recognised } from '../../../slas/recognise/recognise.ts';
import type { Choices, LatencyChoice } from './choices.ts';

/** Generates the SLA document for a service whose metrics were recognised. */

type Where = Readonly<Record<string, LabelMatcher>>;

/** Formats a value as YAML on a single line, with quotes where necessary. */
const flow = (value: unknown) =>
  stringify(value, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: true }).trim();

/** The labels that select the requests of the load in a metric. */
export function whereOf(
  metric: Metric<unknown>,
  { where }: Recognised,
  { route }: Choices,
  status: LabelMatcher | null = null,
): Where {
  return {
    ...where,
    ...(metric.routeLabel === null || route === null ? {} : { [metric.routeLabel]: route }),
    ...(metric.status === null || status === null ? {} : { [metric.status.label]: status }),
  };
}

const selection = (key: string, name: string, where: Where, more: Record<string, unknown> = {}) =>
  flow({ [key]: name, ...(Object.keys(where).length === 0 ? {} : { where }), ...more });

export function documentText(found: Recognised, choices: Choices): string {
  const { library, latency } = found;
  const errors = errorLines(found, choices);
  const latencies = choices.latencies.flatMap((one) => latencyLines(one, found, choices));
  return [
    `# Written by "init", which recognised ${library.title}. Check it after a change: ./sla check FILE`,
    'apiVersion: sla-harness/v1',
    'kind: SLA',
    `name: ${flow(choices.name)}`,
    '',
    'service:',
    '  # Labels that every series of the service has in Prometheus.',
    `  selector: ${flow(choices.selector)}`,
    ...requestLines(found, choices),
    ...trafficLines(choices),
    ...bucketLines(latency?.metric ?? null),
    '',
    'objectives:',
    ...latencies,
    ...errors,
    '',
  ].join('\n');
}

function requestLines(found: Recognised, choices: Choices): readonly string[] {
  const { requests } = found;
  if (requests === null) return [];
  return [
    '  # Counts every request of the load, whatever the response: compared with what k6 sent.',
    `  requests: ${selection('counter', requests.metric.name, whereOf(requests, found, choices))}`,
  ];
}

function trafficLines({ traffic }: Choices): readonly string[] {
  switch (traffic) {
    case 'none':
      return [];
    case 'scrapes':
      return [
        '  # The service counts scrapes of its metrics as requests. There are no other clients.',
        '  isolated: except-scrapes',
      ];
    case 'others':
      return [
        '  # Other clients sent requests while "init" read the metrics. Requests beyond the load are reported, and do not fail the run.',
        '  isolated: false',
      ];
    default:
      return traffic satisfies never;
  }
}

function bucketLines(latency: TimeMetric | null): readonly string[] {
  if (latency === null) return [];
  switch (latency.kind) {
    case 'classic':
      return [
        `  # The bucket edges of the service, in ${latency.unit}. Shares are exact only at these.`,
        '  buckets:',
        `    ${latency.name}: ${flow(latency.edges)}`,
      ];
    case 'native':
      return [
        '  # Prometheus stores these as native histograms, without bucket series. This needs scrape_native_histograms: true.',
        `  nativeHistograms: ${flow([latency.name])}`,
      ];
    case 'summary':
      return [];
    default:
      return latency.kind satisfies never;
  }
}

const WHAT = { 95: 'latency-p95', 99: 'latency-p99' } as const;

function latencyLines(choice: LatencyChoice, found: Recognised, choices: Choices): readonly string[] {
  const { latency } = found;
  if (latency === null || latency.metric.kind === 'summary') return clientLines(choice, choices);
  const { metric, status } = latency;
  const outcomes = status === null ? null : outcomesOf(status, metric.rows);
  const where = whereOf(latency, found, choices, outcomes?.good ?? null);
  const { percentile, limit } = choice;
  return [
    outcomes === null
      ? `  # ${metric.name} has no label for the status, so errors are among its latencies: they are bounded.`
      : '  # Latency of successful responses: a fast error must not improve it.',
    `  - id: ${WHAT[percentile as keyof typeof WHAT]}`,
    `    title: ${percentile}% of responses within`,
    '    latency:',
    `      histogram: ${metric.name}`,
    ...(Object.keys(where).length === 0 ? [] : [`      where: ${flow(where)}`]),
    ...(metric.isUnitUnnamed
      ? [`      unit: ${metric.unit}${metric.isUnitGuessed ? ' # CHANGE: assumed from the edges' : ''}`]
      : []),
    `      percentile: ${percentile}`,
    ...(choices.clientPath === null
      ? []
      : [
          `      client: ${flow(choices.clientPath)} # also judged client-side; the worse of the two decides`,
        ]),
    `    target: ${flow(`< ${limit}`)}`,
    '',
  ];
}

/** If the path is unknown, the script requests `/`. */
const clientLines = ({ percentile, limit }: LatencyChoice, { clientPath }: Choices): readonly string[] => [
  '  # The service has no latency histogram, so only client-side latency is judged.',
  `  - id: ${WHAT[percentile as keyof typeof WHAT]}`,
  `    title: ${percentile}% of responses within`,
  '    latency:',
  `      client: ${flow(clientPath ?? '/')}${clientPath === null ? " # CHANGE: the path, or k6's name, of your requests" : ''}`,
  `      percentile: ${percentile}`,
  `    target: ${flow(`< ${limit}`)}`,
  '',
];

function errorLines(found: Recognised, choices: Choices): readonly string[] {
  const { requests } = found;
  const outcomes =
    requests === null || requests.status === null ? null : outcomesOf(requests.status, requests.metric.rows);
  if (requests === null || outcomes === null) return [];
  const { name } = requests.metric;
  const bad = selection('counter', name, whereOf(requests, found, choices, outcomes.bad), { absent: 'zero' });
  return [
    '  - id: error-rate',
    '    title: Error rate',
    '    ratio:',
    '      # absent: zero: if no failure was ever counted, there were none. Undecided if nothing shows that one would be counted.',
    `      bad: ${bad}`,
    `      total: ${selection('counter', name, whereOf(requests, found, choices))}`,
    '      lost: bad # requests that received no response',
    `    target: ${flow(`< ${choices.errorLimit}`)}`,
  ];
}
