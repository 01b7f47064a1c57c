import Type, { type Static } from 'typebox';
import {
  Counter,
  closed,
  Latency,
  Mean,
  Peak,
  Ratio,
  Recovery,
  text,
  Uptime,
  Where,
} from './measure-schemas.ts';

/** The schema of an SLA document. It validates documents, and is published as JSON Schema for editors. */

const Objective = Type.Object(
  {
    id: Type.String({
      pattern: '^[a-z0-9]+(-[a-z0-9]+)*$',
      description: 'Lower-case words joined by hyphens',
    }),
    title: Type.Optional(text('Title in reports')),
    target: text('The limit that is promised', '< 200ms'),
    alert: Type.Optional(text('The limit beyond which an alert fires', '> 300ms')),
    onlyWhereNamed: Type.Optional(
      Type.Literal(true, {
        description:
          'Applies only to scenarios that list it; otherwise an objective also applies to scenarios that list none',
      }),
    ),
    unusual: Type.Optional(
      Type.Literal(true, {
        description:
          'Confirms a value that is usually a mistake: a percentile under 50, errors of 50% or more, uptime of 50% or less, a histogram whose name ends in _count, a throughput that must stay under its target, a counter whose name does not end in _total',
      }),
    ),
    advisory: Type.Optional(
      Type.Literal(true, {
        description: 'Judged and shown, but it does not decide the verdict',
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
      'One objective: a target and exactly one of latency, ratio, throughput, uptime, peak, mean, recovery',
  },
);

const Waiver = Type.Object(
  {
    objective: text('Id of the objective', 'latency-p99'),
    owner: text('Who made the decision, and is responsible for it', 'team-checkout'),
    reason: text('Why it is acceptable to ship', 'slow until the index is rebuilt, see CHK-812'),
    until: Type.String({
      pattern: '^\\d{4}-\\d{2}-\\d{2}$',
      description: 'The last day on which it is in force (UTC); the objective decides again afterwards',
      examples: ['2026-12-31'],
    }),
  },
  {
    ...closed,
    description:
      'A decision to ship although an objective is missed. It is printed with every verdict, and has no effect once it has expired',
  },
);

const InPhases = Type.Object(
  {
    id: text('Id of the objective', 'latency-p95'),
    phases: Type.Array(text('Name of a phase of this scenario'), {
      minItems: 1,
      description:
        'The objective is judged in each of these phases separately; a recovery from the end of each',
    }),
  },
  closed,
);

const phaseFields = {
  rate: text('Requests started per second, whether or not earlier ones got a response', '20/s'),
  duration: text('Duration', '60s'),
};

const checks = text(
  'Share of the checks in the load script (k6) that must pass. Without it any failed check prevents a pass, unless its request already counts as an error.',
  '> 99%',
);

const Scenario = Type.Object(
  {
    description: Type.Optional(text('One line for lists')),
    script: Type.Optional(text('The k6 script, relative to the project root. Default: loadtests/<name>.ts')),
    rate: Type.Optional(phaseFields.rate),
    duration: Type.Optional(phaseFields.duration),
    until: Type.Optional(
      Type.Literal('decided', {
        description:
          'The run is looked at while it lasts, and stopped once every objective is met or one is missed',
      }),
    ),
    atLeast: Type.Optional(
      text(
        'With until: no objective is met before this time. Default: a quarter of maxDuration (a third, up to 100s), at least 60s',
        '100s',
      ),
    ),
    maxDuration: Type.Optional(
      text('With until, instead of duration: how long to load if the run is not decided earlier', '10m'),
    ),
    phases: Type.Optional(
      Type.Array(Type.Object({ name: text('Name of the phase'), ...phaseFields }, closed), { minItems: 1 }),
    ),
    seed: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 4294967295, description: 'Same seed, same requests' }),
    ),
    arrivals: Type.Optional(
      Type.Union([Type.Literal('even'), Type.Literal('poisson')], {
        description: 'Evenly spaced (the default), or as a Poisson process, like independent clients',
      }),
    ),
    requestsPerArrival: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100,
        description: 'Requests per arrival; rates count all requests. Default: 1',
      }),
    ),
    requests: Type.Optional(Counter),
    requestTimeout: Type.Optional(
      text('A request without a response after this time counts as unanswered. Default: 10s', '10s'),
    ),
    objectives: Type.Optional(
      Type.Array(Type.Union([Type.String(), InPhases]), {
        description:
          'Objectives of this scenario: an id for the whole run, or { id, phases }. Default: all except recoveries',
      }),
    ),
    checks: Type.Optional(checks),
  },
  { ...closed, description: 'Load as data: either rate and duration, or phases' },
);

const severity = Type.Union([Type.Literal('critical'), Type.Literal('warning')], {
  description: 'critical pages the operator on call; warning can wait until the morning',
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
    expected: text('Expected share of part in total', '50%'),
    moved: text('Largest tolerated difference from the expected share, in either direction', '10%'),
  },
  { ...closed, description: 'Alerts when a share of events moves away from its expected value' },
);

const Alerting = Type.Object(
  {
    runbooks: Type.Optional(
      text(
        'Location of the runbooks: {alert} stands for the name of the alert. Without it, # and the name in lower case are appended',
        'docs/runbooks/{alert}.md',
      ),
    ),
    names: Type.Optional(
      Type.Record(Type.String(), Type.Object({ name: alertName, severity }, closed), {
        description: 'Name and severity of the alert of each objective',
      }),
    ),
    drift: Type.Optional(Drift),
    raw: Type.Optional(
      Type.Array(
        Type.Object(
          { name: alertName, severity, expr: text('PromQL expression'), summary: text('One-line summary') },
          closed,
        ),
        {
          description:
            'Alerting rules that are copied unchanged, in a separate group that ./sla rules --raw writes',
        },
      ),
    ),
  },
  {
    ...closed,
    description: 'Alerting rules that ./sla rules writes in addition to the limits of the objectives',
  },
);

/** A host, or a host and its port. There are no wildcards: each allowed target is listed explicitly. */
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
          examples: [{ job: 'checkout-api' }],
        }),
        replicas: Type.Optional(
          Type.Union([Type.Literal('stable'), Type.Literal('elastic')], {
            description:
              'stable (the default): a restarted replica makes its counts invalid, so the run is undecided. elastic: replicas may come and go; requests that an ended replica may have served unseen are bounded, and judged both as good and as bad.',
          }),
        ),
        isolated: Type.Optional(
          Type.Union([Type.Boolean(), Type.Literal('except-scrapes')], {
            description:
              'false: other clients send requests too; requests that the service counts beyond the load are reported and do not affect the verdict. except-scrapes: the only others are the scrapes of its metrics. Default: true.',
          }),
        ),
        allowedTargets: Type.Optional(
          Type.Array(Type.String({ pattern: TARGET_PATTERN, examples: ['staging.example.org:8080'] }), {
            description:
              'Load targets that --target may name in addition to this machine: a host (any port), or a host and its port',
          }),
        ),
        maxRate: Type.Optional(text('Maximum request rate for a service that is already running', '100/s')),
        maxDuration: Type.Optional(
          text('Maximum duration of a load on a service that is already running. Default: 1h', '10m'),
        ),
        requests: Type.Optional(Counter),
        lag: Type.Optional(
          Type.Object(
            {
              gauge: text('A gauge of the event-loop lag, in seconds'),
              where: Type.Optional(Where),
            },
            { ...closed, description: 'Helps to explain latency that the handler does not measure' },
          ),
        ),
        warmUp: Type.Optional(
          Type.Object(
            {
              path: Type.String({
                pattern: '^/',
                description: 'Path of the warm-up requests',
                examples: ['/predict'],
              }),
              method: Type.Optional(
                Type.Union([Type.Literal('GET'), Type.Literal('POST')], {
                  description: 'Default: POST with bodies, GET without',
                }),
              ),
              headers: Type.Optional(
                Type.Record(Type.String(), Type.String(), {
                  description: 'Headers of every warm-up request; put secrets in SLA_TARGET_TOKEN, not here',
                }),
              ),
              bodies: Type.Optional(
                Type.Array(Type.Unknown(), {
                  minItems: 1,
                  description: 'JSON bodies, sent in turn; a GET has no body',
                }),
              ),
            },
            {
              ...closed,
              description: 'Requests sent before the judged window, so that it contains no cold-start costs',
            },
          ),
        ),
        buckets: Type.Optional(
          Type.Record(Type.String(), Type.Array(Type.Number(), { minItems: 1 }), {
            description: 'Bucket edges (le) of each judged histogram, ascending, without +Inf',
          }),
        ),
        nativeHistograms: Type.Optional(
          Type.Array(text('Name of a histogram', 'http_request_duration_seconds'), {
            description:
              'Judged histograms that Prometheus stores as native histograms, or with custom buckets; they have no series for their buckets',
          }),
        ),
      },
      closed,
    ),
    confidence: Type.Optional(
      Type.Unsafe<number | string>({
        type: ['number', 'string'],
        examples: [0.95, '95%'],
        description:
          'Confidence of the verdict, for example 0.95 or 95%; at least 0.9. What a run cannot decide with this confidence is undecided. Without it the observed value decides.',
      }),
    ),
    checks: Type.Optional(checks),
    objectives: Type.Array(Objective),
    waivers: Type.Optional(Type.Array(Waiver)),
    scenarios: Type.Optional(Type.Record(Type.String(), Scenario)),
    defaultScenario: Type.Optional(Type.String()),
    alerting: Type.Optional(Alerting),
  },
  {
    ...closed,
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'SLA document of sla-harness',
    description:
      'The objectives of a service, how each is measured in Prometheus, and the load used to test it.',
  },
);

export type RawDocument = Static<typeof DocumentSchema>;

export type RawObjective = RawDocument['objectives'][number];

export type RawScenario = NonNullable<RawDocument['scenarios']>[string];

export type RawCounter = Static<typeof Counter>;

export type RawAlerting = NonNullable<RawDocument['alerting']>;
