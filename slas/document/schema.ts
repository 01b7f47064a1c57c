import Type, { type Static } from 'typebox';
import { LEAST_CONFIDENCE } from './limits.ts';

/** The SLA document as a person writes it. This one definition checks documents and is published for editors. */

const closed = { additionalProperties: false } as const;
const text = (description: string, example?: string) =>
  Type.String({ minLength: 1, description, ...(example === undefined ? {} : { examples: [example] }) });

const Where = Type.Record(
  Type.String(),
  Type.Union([
    Type.String(),
    Type.Number(),
    Type.Object(
      { matches: Type.String({ description: 'Regular expression (RE2) for the whole value' }) },
      closed,
    ),
  ]),
  { description: 'Labels that the series must have: exactly this value, or { matches: regular expression }' },
);

const Counter = Type.Object(
  {
    counter: text('Name of the counter', 'http_requests_total'),
    where: Type.Optional(Where),
    absent: Type.Optional(
      Type.Literal('zero', {
        description: 'A series that was never there counts as 0. Say so for errors only.',
      }),
    ),
  },
  closed,
);

const histogramFields = {
  histogram: text('Name of the histogram, without _bucket', 'http_request_duration_seconds'),
  where: Type.Optional(Where),
};

const timeUnit = Type.Union(
  [
    Type.Literal('seconds'),
    Type.Literal('milliseconds'),
    Type.Literal('microseconds'),
    Type.Literal('nanoseconds'),
  ],
  { description: 'What the bucket edges (le) are in, where the name of the histogram does not say it' },
);

const Latency = Type.Object(
  {
    ...histogramFields,
    unit: Type.Optional(timeUnit),
    percentile: Type.Number({
      exclusiveMinimum: 0,
      exclusiveMaximum: 100,
      description:
        'At least this percentage of the requests must be at or under the limit: 95, not 0.95. Under 50 only with unusual: true',
    }),
    client: Type.Optional(
      text(
        'The path whose requests are judged by the clock of the client as well; the worse decides',
        '/predict',
      ),
    ),
  },
  closed,
);

const Ratio = Type.Object(
  {
    bad: Counter,
    total: Counter,
    lost: Type.Optional(
      Type.Literal('bad', { description: 'Requests that were sent and never answered count as bad, too' }),
    ),
  },
  closed,
);

const Uptime = Type.Object(
  { gauge: text('A gauge that is 1 while the service can do its work'), where: Type.Optional(Where) },
  closed,
);

const unit = Type.Union(
  [
    Type.Literal('ratio'),
    Type.Literal('seconds'),
    Type.Literal('milliseconds'),
    Type.Literal('microseconds'),
    Type.Literal('nanoseconds'),
    Type.Literal('number'),
  ],
  {
    description:
      'What the values are: a ratio from 0 to 1 (limit 0.85 or 85%), times in this unit (limit 200ms), or any number. By default the time unit that the name says, else ratio',
  },
);

const Peak = Type.Object(
  {
    gauge: text('A gauge, whose highest value at any scrape is judged', 'queue_length'),
    where: Type.Optional(Where),
    unit: Type.Optional(unit),
  },
  closed,
);

const Mean = Type.Object(
  {
    ...histogramFields,
    unit: Type.Optional(unit),
    client: Type.Optional(
      text(
        'The path of which each good answer makes one observation: where the client saw more answers, a part is missing',
        '/predict',
      ),
    ),
  },
  closed,
);

const Recovery = Type.Object(
  {
    of: text(
      'Id of the latency objective whose target the client must see kept again; it needs a client path',
      'latency-p95',
    ),
  },
  { ...closed, description: 'How fast the latency is back within its target after the end of a phase' },
);

const Objective = Type.Object(
  {
    id: Type.String({
      pattern: '^[a-z0-9]+(-[a-z0-9]+)*$',
      description: 'Lower-case words joined by hyphens',
    }),
    title: Type.Optional(text('What it is called in reports')),
    target: text('What is promised', '< 200ms'),
    alert: Type.Optional(text('From where on it is an emergency', '> 300ms')),
    onlyWhereNamed: Type.Optional(
      Type.Literal(true, {
        description: 'Holds only for scenarios that name it; without it also for those that name none',
      }),
    ),
    unusual: Type.Optional(
      Type.Literal(true, {
        description:
          'Confirms what is usually a mistake: a percentile under 50, errors of 50% or more, uptime of 50% or less, a histogram whose name ends in _count',
      }),
    ),
    latency: Type.Optional(Latency),
    ratio: Type.Optional(Ratio),
    throughput: Type.Optional(Counter),
    uptime: Type.Optional(Uptime),
    peak: Type.Optional(Peak),
    mean: Type.Optional(Mean),
    recovery: Type.Optional(Recovery),
  },
  {
    ...closed,
    description:
      'One promise: a target and exactly one of latency, ratio, throughput, uptime, peak, mean, recovery',
  },
);

const InPhases = Type.Object(
  {
    id: text('Id of the objective', 'latency-p95'),
    phases: Type.Array(text('Name of a phase of this scenario'), {
      minItems: 1,
      description: 'It is judged in each of these by itself; a recovery from the end of each',
    }),
  },
  closed,
);

const phaseFields = {
  rate: text('Requests started per second, whether earlier ones were answered or not', '20/s'),
  duration: text('How long', '60s'),
};

const checks = text(
  'The share of the checks of the load script (k6) that must pass. Without it a failed check forbids a pass, unless its request counts as an error already.',
  '> 99%',
);

const Scenario = Type.Object(
  {
    description: Type.Optional(text('One line for lists')),
    script: Type.Optional(text('The k6 script, from the project root; loadtests/<name>.ts by default')),
    rate: Type.Optional(phaseFields.rate),
    duration: Type.Optional(phaseFields.duration),
    phases: Type.Optional(
      Type.Array(Type.Object({ name: text('Name of the phase'), ...phaseFields }, closed), { minItems: 1 }),
    ),
    seed: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 4294967295, description: 'Same seed, same requests' }),
    ),
    arrivals: Type.Optional(
      Type.Union([Type.Literal('even'), Type.Literal('poisson')], {
        description: 'Evenly spaced (the default), or as of people who know nothing of each other',
      }),
    ),
    requestsPerArrival: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100,
        description: 'Requests of one visit; rates are of requests, all together. 1 by default',
      }),
    ),
    requests: Type.Optional(Counter),
    requestTimeout: Type.Optional(text('After this a request counts as lost; 10s by default', '10s')),
    objectives: Type.Optional(
      Type.Array(Type.Union([Type.String(), InPhases]), {
        description:
          'Objectives that hold here: an id for the whole run, or { id, phases }; all but recoveries by default',
      }),
    ),
    checks: Type.Optional(checks),
  },
  { ...closed, description: 'Load as data: either rate and duration, or phases' },
);

const severity = Type.Union([Type.Literal('critical'), Type.Literal('warning')], {
  description: 'critical wakes somebody up, warning waits for the morning',
});

const alertName = Type.String({
  pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
  description: 'Name of the alert',
  examples: ['HighErrorRate'],
});

const Drift = Type.Object(
  {
    name: alertName,
    severity,
    part: Counter,
    total: Counter,
    expected: text('The share of part in total that is expected', '50%'),
    moved: text('How many points away from it, either way, is too far', '10%'),
  },
  { ...closed, description: 'Alerts when a share of events moves away from what is expected' },
);

const Alerting = Type.Object(
  {
    runbooks: Type.Optional(
      text('Where the pages of the alerts are: # and the name in lower case is added', 'docs/runbooks.md'),
    ),
    names: Type.Optional(
      Type.Record(Type.String(), Type.Object({ name: alertName, severity }, closed), {
        description: 'By objective: how its alert is called, and how loud it is',
      }),
    ),
    drift: Type.Optional(Drift),
    raw: Type.Optional(
      Type.Array(
        Type.Object(
          { name: alertName, severity, expr: text('PromQL, as it is'), summary: text('In a line') },
          closed,
        ),
        { description: 'Rules as they are, in a group of their own that ./sla rules --raw writes' },
      ),
    ),
  },
  { ...closed, description: 'What ./sla rules writes beside the limits of the objectives' },
);

/** A host, or a host and its port. Nothing in it stands for several: what may be loaded is what somebody has written down. */
export const TARGET_PATTERN = '^(\\[[0-9a-f:.]+\\]|[a-z0-9._-]+)(:[0-9]{1,5})?$';

export const DocumentSchema = Type.Object(
  {
    apiVersion: Type.Literal('sla-harness/v1'),
    kind: Type.Literal('SLA'),
    name: text('Name of the service'),
    description: Type.Optional(Type.String()),
    service: Type.Object(
      {
        selector: Type.Record(Type.String(), Type.String(), {
          minProperties: 1,
          description: 'Labels that every series of the service carries',
          examples: [{ job: 'sentiment-api' }],
        }),
        replicas: Type.Optional(
          Type.Union([Type.Literal('stable'), Type.Literal('elastic')], {
            description:
              'stable (the default): a replica that restarts makes what was counted worthless. elastic: replicas come and go; what one that ended may have taken unseen is bounded, and judged as good and as bad.',
          }),
        ),
        isolated: Type.Optional(
          Type.Boolean({
            description:
              'false: others send requests too; what the service counts beyond the load is reported, not held against the run. true by default.',
          }),
        ),
        allowedTargets: Type.Optional(
          Type.Array(Type.String({ pattern: TARGET_PATTERN, examples: ['staging.example.org:8080'] }), {
            description:
              'Where load may go beside this machine, with --target: a host (any port of it), or a host and its port',
          }),
        ),
        maxRate: Type.Optional(
          text('The most requests a second that a service which is already there may be sent', '100/s'),
        ),
        maxDuration: Type.Optional(
          text('The longest that a service which is already there may be loaded; 1h by default', '10m'),
        ),
        requests: Type.Optional(Counter),
        lag: Type.Optional(
          Type.Object(
            {
              gauge: text('A gauge of how late the event loop runs, in seconds'),
              where: Type.Optional(Where),
            },
            { ...closed, description: 'Helps to tell where time goes that the handler does not see' },
          ),
        ),
        warmUp: Type.Optional(
          Type.Object(
            {
              path: Type.String({ pattern: '^/', description: 'Where to send them', examples: ['/predict'] }),
              method: Type.Optional(
                Type.Union([Type.Literal('GET'), Type.Literal('POST')], {
                  description: 'POST by default where there are bodies, GET where there are none',
                }),
              ),
              headers: Type.Optional(
                Type.Record(Type.String(), Type.String(), {
                  description: 'Sent with each of them; secrets belong into SLA_TARGET_TOKEN, not here',
                }),
              ),
              bodies: Type.Optional(
                Type.Array(Type.Unknown(), {
                  minItems: 1,
                  description: 'JSON bodies, sent in turn; a GET has none',
                }),
              ),
            },
            {
              ...closed,
              description: 'Requests sent before the judged window, so that it holds no first-time costs',
            },
          ),
        ),
        buckets: Type.Optional(
          Type.Record(Type.String(), Type.Array(Type.Number(), { minItems: 1 }), {
            description: 'Bucket edges (le) of each judged histogram, ascending, without +Inf',
          }),
        ),
      },
      closed,
    ),
    confidence: Type.Optional(
      Type.Number({
        minimum: LEAST_CONFIDENCE,
        exclusiveMaximum: 1,
        description:
          'As 0.95, 0.9 at least: what a run cannot tell with this confidence is undecided. Without it the observed value decides.',
      }),
    ),
    checks: Type.Optional(checks),
    objectives: Type.Array(Objective),
    scenarios: Type.Optional(Type.Record(Type.String(), Scenario)),
    defaultScenario: Type.Optional(Type.String()),
    alerting: Type.Optional(Alerting),
  },
  {
    ...closed,
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'SLA document of sla-harness',
    description:
      'What a service promises, how each promise is measured in Prometheus, and the load it is tested with.',
  },
);

export type RawDocument = Static<typeof DocumentSchema>;
export type RawObjective = RawDocument['objectives'][number];
export type RawScenario = NonNullable<RawDocument['scenarios']>[string];
export type RawCounter = Static<typeof Counter>;
export type RawAlerting = NonNullable<RawDocument['alerting']>;
