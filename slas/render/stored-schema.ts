import Type, { type Static, type TSchema } from 'typebox';
import Schema from 'typebox/schema';
import type { StoredRunRecord } from '../client/stored.ts';
import type { Evidence, Plan, PlannedMeasure } from '../model/model.ts';
import type { VerdictDocument } from './json.ts';

/**
 * The schemas that a stored plan, run record, evidence and verdict must match to be read again. Unlisted
 * fields are allowed, because later versions add some; fields that earlier versions did not write are
 * optional.
 */

const text = Type.String();
const number = Type.Number();
const count = Type.Number({ minimum: 0 });
const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const optional = Type.Optional;
const list = Type.Array;
const labels = Type.Record(Type.String(), Type.String());
const window = Type.Object({ fromSeconds: number, toSeconds: number });

// ---------------------------------------------------------------------------------------------- plan

const Limit = Type.Object({
  text,
  comparison: Type.Union([Type.Literal('<'), Type.Literal('<='), Type.Literal('>'), Type.Literal('>=')]),
  value: number,
});

const MEASURES = {
  latency: Type.Object({ buckets: text, percentile: number, clientPath: nullable(text) }),
  ratio: Type.Object({ bad: text, total: text, badLabels: optional(list(text)) }),
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

/** Earlier versions stored budgets without a phase and without what k6 called them; no verdict reads these. */
const Budget = Type.Object({
  objective: text,
  metric: optional(text),
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

const PlanSchema = Type.Object({
  schema: Type.Literal('sla-harness/plan/v1'),
  sla: Type.Object({ name: text, scenario: nullable(text) }),
  confidence: optional(nullable(Type.Number({ minimum: 0.5, exclusiveMaximum: 1 }))),
  sequential: optional(
    Type.Object({
      maxSeconds: count,
      atLeastSeconds: count,
      looks: Type.Array(
        Type.Object({
          atSeconds: count,
          confidence: Type.Number({ minimum: 0.5, exclusiveMaximum: 1 }),
        }),
      ),
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

// ---------------------------------------------------------------------------------------------- run record

const ClientReference = Type.Object({ file: Type.Literal('client.bin'), requests: count });

/** Earlier versions wrote the requests themselves here. */
const ClientText = Type.Object({
  originSeconds: number,
  startMs: text,
  durationMs: text,
  blockedMs: text,
  status: text,
  path: text,
  paths: list(text),
});

const LoadRecord = Type.Object({
  generator: Type.Object({ name: text, version: text, instances: optional(count) }),
  plannedRequests: count,
  scheduledSeconds: count,
  sent: count,
  answered: Type.Object({ '1xx': count, '2xx': count, '3xx': count, '4xx': count, '5xx': count }),
  lost: count,
  startedLateP99Seconds: optional(number),
  client: optional(Type.Union([ClientReference, ClientText])),
  phases: optional(
    list(Type.Object({ name: text, fromSeconds: number, sent: count, startedLateP99Seconds: number })),
  ),
  scenarios: optional(
    list(
      Type.Object({
        name: text,
        iterations: count,
        droppedIterations: count,
        requests: count,
        startedLateP99Seconds: optional(number),
      }),
    ),
  ),
  elsewhere: optional(list(Type.Object({ host: text, requests: count }))),
  otherProtocols: optional(
    list(
      Type.Object({
        protocol: Type.Union([Type.Literal('grpc'), Type.Literal('websocket')]),
        samples: count,
      }),
    ),
  ),
  interruptedIterations: optional(count),
  droppedIterations: count,
  completed: Type.Boolean(),
  stoppedBecause: nullable(text),
  decidedAtSeconds: optional(count),
});

const RunSchema = Type.Object({
  schema: Type.Literal('sla-harness/run/v1'),
  id: text,
  window,
  load: nullable(LoadRecord),
  incidents: nullable(list(text)),
});

// ---------------------------------------------------------------------------------------------- evidence

const Reading = Type.Object({
  selector: text,
  query: text,
  atSeconds: number,
  rangeSeconds: optional(number),
  digest: optional(text),
  first: optional(Type.Object({ fromSeconds: number, stepSeconds: number })),
  series: list(Type.Object({ labels, samples: list(Type.Tuple([number, text])) })),
  warnings: list(text),
  error: nullable(text),
});

const EvidenceSchema = Type.Object({
  schema: Type.Literal('sla-harness/evidence/v1'),
  prometheus: Type.Object({ url: text }),
  clock: optional(Type.Object({ aheadSeconds: number, uncertaintySeconds: number })),
  readings: list(Reading),
  thinned: optional(
    Type.Object({
      fromSeconds: number,
      stepSeconds: number,
      blocks: count,
      intervalSeconds: number,
      cutsAtSeconds: list(number),
    }),
  ),
  alerts: optional(list(Reading)),
});

// ---------------------------------------------------------------------------------------------- verdict

const Reason = Type.Object({ code: text, params: Type.Object({}) });
/** The first version had words only. */
const reasons = optional(list(Reason));

const VerdictSchema = Type.Object({
  schema: Type.Union([Type.Literal('sla-harness/verdict/v1'), Type.Literal('sla-harness/verdict/v2')]),
  verdict: Type.Union([Type.Literal('pass'), Type.Literal('fail'), Type.Literal('inconclusive')]),
  exitCode: number,
  summary: text,
  summaryReason: optional(Reason),
  sla: text,
  scenario: nullable(text),
  window: Type.Object({ from: text, to: text }),
  objectives: list(
    Type.Object({
      id: text,
      title: text,
      verdict: Type.Union([Type.Literal('met'), Type.Literal('missed'), Type.Literal('undecided')]),
      value: nullable(number),
      unit: text,
      target: text,
      samples: number,
      reason: text,
      reasons,
    }),
  ),
  preconditions: list(Type.Object({ id: text, ok: nullable(Type.Boolean()), detail: text, reasons })),
});

// ---------------------------------------------------------------------------------------------- reading

/** The current types must match: the compiler reports where a field's type and its schema differ. */
type ReadonlyDeep<T> = T extends object ? { readonly [K in keyof T]: ReadonlyDeep<T[K]> } : T;
type Accepts<Written, S extends TSchema> = Written extends ReadonlyDeep<Static<S>> ? true : never;
type Measured<K extends PlannedMeasure['kind']> = Extract<PlannedMeasure, { kind: K }>;
true satisfies Accepts<Plan, typeof PlanSchema>;
true satisfies Accepts<StoredRunRecord, typeof RunSchema>;
true satisfies Accepts<Evidence, typeof EvidenceSchema>;
true satisfies Accepts<VerdictDocument, typeof VerdictSchema>;
true satisfies {
  [K in PlannedMeasure['kind']]: Accepts<Measured<K>, (typeof MEASURES)[K]>;
}[PlannedMeasure['kind']];

const SCHEMAS = {
  plan: Schema.Compile(PlanSchema),
  run: Schema.Compile(RunSchema),
  evidence: Schema.Compile(EvidenceSchema),
  verdict: Schema.Compile(VerdictSchema),
};
const MEASURE_SCHEMAS = new Map(
  Object.entries(MEASURES).map(([kind, schema]) => [kind, Schema.Compile(schema)] as const),
);

/** Files of all versions so far. */
const VERSIONS = { plan: ['v1'], run: ['v1'], evidence: ['v1'], verdict: ['v1', 'v2'] } as const;

export type StoredNoun = keyof typeof SCHEMAS;

/** Nobody reads more problems than this of one file. */
const MAX_SHOWN = 5;

/** Why this does not match the schema, with positions; empty if it matches. */
export function storedProblems(noun: StoredNoun, data: unknown): readonly string[] {
  const versions = VERSIONS[noun].map((version) => `sla-harness/${noun}/${version}`);
  const { schema: found } = (typeof data === 'object' && data !== null ? data : {}) as { schema?: unknown };
  if (!versions.some((version) => version === found)) return [schemaProblem(found, versions)];
  const [, errors] = SCHEMAS[noun].Errors(data);
  const problems = wordsOf(errors as SchemaError[], '');
  if (problems.length > 0) return shownOf(problems);
  return noun === 'plan' ? shownOf(measureProblems(data as Plan)) : [];
}

function schemaProblem(found: unknown, versions: readonly string[]): string {
  const expected = versions.map((version) => `"${version}"`).join(' or ');
  if (typeof found !== 'string') return `it has no schema, expected ${expected}`;
  return `its schema is ${JSON.stringify(found)}, and this version of the harness reads ${expected}: use the version that wrote it`;
}

function measureProblems({ objectives }: Plan): string[] {
  return objectives.flatMap(({ measure }, index) => {
    const place = `/objectives/${index}/measure`;
    const schema = MEASURE_SCHEMAS.get(measure.kind);
    if (schema === undefined)
      return [
        `${pathOf(place)}: ${JSON.stringify(measure.kind)} is not a measure that this version of the harness knows (${[...MEASURE_SCHEMAS.keys()].join(', ')})`,
      ];
    const [, errors] = schema.Errors(measure);
    return wordsOf(errors as SchemaError[], place);
  });
}

interface SchemaError {
  readonly instancePath: string;
  readonly message: string;
}

/** A union reports the problems of each branch for a value that matches none. */
const OF_BRANCHES = ['must be null', 'must be equal to constant'];
const UNION = 'must match a schema in anyOf';

/** A union is represented by the problems inside it, if there are any. */
function wordsOf(errors: readonly SchemaError[], within: string): string[] {
  const told = errors.filter(({ message }) => !OF_BRANCHES.includes(message));
  const isCovered = ({ instancePath, message }: SchemaError) =>
    message === UNION &&
    told.some((other) => other.message !== UNION && other.instancePath.startsWith(instancePath));
  const words = told.filter((error) => !isCovered(error)).map((error) => inWords(error, within));
  return [...new Set(words)];
}

function inWords({ instancePath, message }: SchemaError, within: string): string {
  const place = pathOf(within + instancePath);
  const told = message === UNION ? 'is not one of the values that are allowed there' : message;
  return place === '' ? told : `${place}: ${told}`;
}

/** `/objectives/2/target` as `objectives[2].target`. */
const pathOf = (pointer: string) =>
  pointer
    .replace(/\/(\d+)(?=\/|$)/g, '[$1]')
    .replaceAll('/', '.')
    .replace(/^\./, '');

const shownOf = (problems: readonly string[]): readonly string[] =>
  problems.length <= MAX_SHOWN
    ? problems
    : [...problems.slice(0, MAX_SHOWN), `and ${problems.length - MAX_SHOWN} more`];
