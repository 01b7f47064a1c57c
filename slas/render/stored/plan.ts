import Type, { type TSchema } from 'typebox';
import type { Plan, PlannedMeasure } from '../../model/model.ts';
import { type Accepts, count, list, nullable, number, optional, text } from './schema-parts.ts';

const Limit = Type.Object({
  text,
  comparison: Type.Union([Type.Literal('<'), Type.Literal('<='), Type.Literal('>'), Type.Literal('>=')]),
  value: number,
});

export const MEASURES = {
  latency: Type.Object({ buckets: nullable(text), percentile: number, clientPath: nullable(text) }),
  ratio: Type.Object({ bad: text, total: text, badLabels: optional(list(text)) }),
  success: Type.Object({ good: text, total: text }),
  throughput: Type.Object({ counter: text, status: optional(nullable(text)) }),
  uptime: Type.Object({ gauge: text }),
  peak: Type.Object({ gauge: text }),
  mean: Type.Object({ sum: text, count: text, clientPath: optional(text) }),
  recovery: Type.Object({ path: text, percentile: number, withinSeconds: number }),
} satisfies Record<PlannedMeasure['kind'], TSchema>;

const Objective = Type.Object({
  id: text,
  phase: optional(text),
  title: text,
  unit: text,
  measure: Type.Object({ kind: text }),
  target: Limit,
  alert: nullable(Limit),
  leastSamples: count,
});

/** Earlier versions stored budgets without a phase, or with the name of a counter of k6; no verdict reads these. */
const Budget = Type.Object({
  objective: text,
  phase: optional(nullable(text)),
  overSeconds: nullable(number),
  badStatus: nullable(text),
  path: nullable(text),
  atMost: number,
});

const PlannedK6Scenario = Type.Object({
  name: text,
  executor: text,
  startSeconds: count,
  maxDurationSeconds: count,
  stages: nullable(list(Type.Object({ seconds: count, fromPerSecond: count, toPerSecond: count }))),
  plannedIterations: nullable(count),
});

const Load = Type.Object({
  scenario: text,
  script: text,
  k6: optional(
    Type.Object({
      scenarios: list(PlannedK6Scenario),
      longestSeconds: count,
      maxRequestsPerSecond: optional(count),
    }),
  ),
  phases: list(Type.Object({ name: text, ratePerSecond: count, durationSeconds: count })),
  seed: number,
  requestTimeoutSeconds: count,
  plannedRequests: count,
  scheduledSeconds: count,
  budgets: list(Budget),
});

const LabelMatcher = Type.Union([text, Type.Object({ matches: text })]);

const Looks = Type.Array(
  Type.Object({
    atSeconds: count,
    confidence: Type.Number({ minimum: 0.5, exclusiveMaximum: 1 }),
  }),
);

export const PlanSchema = Type.Object({
  schema: Type.Literal('sla-harness/plan/v1'),
  sla: Type.Object({ name: text, scenario: nullable(text) }),
  confidence: optional(nullable(Type.Number({ minimum: 0.5, exclusiveMaximum: 1 }))),
  sequential: optional(
    Type.Object({
      maxSeconds: count,
      atLeastSeconds: count,
      looks: Looks,
      missLooks: optional(Looks),
    }),
  ),
  load: nullable(Load),
  up: text,
  processStart: text,
  requests: nullable(text),
  lag: nullable(text),
  selections: optional(
    Type.Record(text, Type.Object({ metric: text, where: Type.Record(text, LabelMatcher) })),
  ),
  objectives: list(Objective),
  alerts: optional(
    Type.Object({
      states: text,
      recorded: text,
      rules: list(Type.Object({ name: text, objective: text, forSeconds: count, judged: list(text) })),
    }),
  ),
});

type Measured<K extends PlannedMeasure['kind']> = Extract<PlannedMeasure, { kind: K }>;
true satisfies Accepts<Plan, typeof PlanSchema>;
({}) as { [K in PlannedMeasure['kind']]: Accepts<Measured<K>, (typeof MEASURES)[K]> } satisfies Record<
  PlannedMeasure['kind'],
  true
>;
