/** Writes the SLA document of imported thresholds. */

/** A threshold that could not be translated. */
export interface Left {
  readonly threshold: string;
  readonly why: string;
}

export interface Objective {
  readonly kind: 'latency' | 'mean' | 'ratio' | 'throughput';
  readonly id: string;
  readonly target: string;
  readonly percentile: number;
  /** The labels that select the service's series. */
  readonly where: Readonly<Record<string, string | { readonly matches: string }>>;
  readonly client: string | null;
  readonly limitSeconds: number | null;
  readonly from: string;
}

interface Around {
  readonly name: string;
  readonly script: string;
  readonly checks: string | null;
  readonly left: readonly Left[];
  /** Whether latencies are judged client-side only. */
  readonly isWithoutHistogram: boolean;
}

const EDGES = [0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5, 5, 10];

/** Quoted text is always valid YAML. */
const quoted = (text: string) => JSON.stringify(text);

export function documentOf(
  objectives: readonly Objective[],
  { name, script, checks, left, isWithoutHistogram }: Around,
): string {
  const limits = objectives.flatMap(({ limitSeconds }) => limitSeconds ?? []);
  const edges = [...new Set([...EDGES, ...limits])].sort((a, b) => a - b);
  const hasLatency = !isWithoutHistogram && objectives.some(({ kind }) => kind === 'latency');
  return [
    `# Imported from the thresholds of ${oneLine(script)}. Lines with CHANGE use the names that most Prometheus client libraries use:`,
    '# correct them to those of your service.',
    'apiVersion: sla-harness/v1',
    'kind: SLA',
    `name: ${name}`,
    '',
    'service:',
    `  selector: { job: ${name} } # CHANGE: labels that every series of the service carries`,
    '  requests: { counter: http_requests_total } # CHANGE: counts every request, whatever the response',
    ...(hasLatency
      ? [
          '  buckets: # CHANGE: the bucket edges of the service; a limit that is one of them is judged exactly',
          `    http_request_duration_seconds: [${edges.join(', ')}]`,
        ]
      : []),
    '',
    ...(checks === null ? [] : [`checks: ${quoted(checks)}`, '']),
    'objectives:',
    ...objectives.flatMap((one) => linesOf(one, isWithoutHistogram)),
    ...(left.length === 0 ? [] : ['# Not imported:']),
    ...left.map(({ threshold, why }) => `# - ${oneLine(`${threshold}: ${why}`)}`),
    '',
  ].join('\n');
}

const oneLine = (text: string) => text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');

function linesOf(one: Objective, isWithoutHistogram: boolean): readonly string[] {
  const { where } = one;
  return [
    `  - id: ${one.id} # ${oneLine(one.from)}`,
    ...(isWithoutHistogram && one.kind === 'latency' ? clientOf(one) : measureOf(one, where)).map(
      (line) => `    ${line}`,
    ),
    `    target: ${quoted(one.target)}`,
    '',
  ];
}

function measureOf(one: Objective, where: Objective['where']): readonly string[] {
  const histogram = [
    '  histogram: http_request_duration_seconds # CHANGE',
    `  where: ${labels(where)} # CHANGE`,
  ];
  switch (one.kind) {
    case 'latency':
      return [
        'latency:',
        ...histogram,
        `  percentile: ${one.percentile}`,
        ...(one.client === null ? [] : [`  client: ${quoted(one.client)} # the path, or k6's name`]),
      ];
    case 'mean':
      return ['mean:', ...histogram, '  unit: seconds'];
    case 'ratio':
      return [
        'ratio:',
        `  bad: { counter: http_requests_total, where: ${labels({ ...where, status: { matches: '[45]..' } })}, absent: zero } # CHANGE`,
        `  total: { counter: http_requests_total, where: ${labels({ ...where, status: { matches: '[12345]..' } })} } # CHANGE`,
        '  lost: bad',
      ];
    case 'throughput':
      return [
        `throughput: { counter: http_requests_total${Object.keys(where).length === 0 ? '' : `, where: ${labels(where)}`} } # CHANGE`,
      ];
    default:
      return one.kind satisfies never;
  }
}

const clientOf = ({ client, percentile }: Objective): readonly string[] => [
  'latency:',
  client === null
    ? '  client: "/" # CHANGE: the path of the requests, or the name that the script gives them'
    : `  client: ${quoted(client)}`,
  `  percentile: ${percentile}`,
];

const labels = (where: Objective['where']) =>
  `{ ${Object.entries(where)
    .map(([label, value]) =>
      typeof value === 'string'
        ? `${label}: ${quoted(value)}`
        : `${label}: { matches: ${quoted(value.matches)} }`,
    )
    .join(', ')} }`;
