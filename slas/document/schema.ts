import Type, { type Static } from 'typebox';
import { Alerting } from './alerting-schema.ts';
import { checks, Scenario } from './load-schemas.ts';
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
        description: 'Judged and shown, but does not affect the verdict',
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
      'A decision to ship although an objective is missed. Every verdict prints it. It no longer applies once it has expired',
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
              'stable (the default): a restarted replica makes its counts invalid, so the run is undecided. elastic: replicas may come and go; requests that a terminated replica may have served after its last scrape are bounded, and judged both as good and as bad.',
          }),
        ),
        isolated: Type.Optional(
          Type.Union([Type.Boolean(), Type.Literal('except-scrapes')], {
            description:
              'false: other clients also send requests; requests that the service counts beyond the load are reported and do not affect the verdict. except-scrapes: the only other requests are scrapes of its metrics. Default: true.',
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
                  description: 'JSON bodies, sent one after another; a GET has no body',
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
