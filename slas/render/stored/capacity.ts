import Type, { type Static } from 'typebox';
import type { CapacityRecord, StepResource } from '../../capacity/record.ts';
import {
  type Accepts,
  count,
  list,
  nullable,
  number,
  optional,
  text,
  type Unlisted,
} from './schema-parts.ts';

/** A number that could make a search endless if it were 0. */
const positive = Type.Number({ exclusiveMinimum: 0 });
const whole = Type.Integer({ minimum: 1 });
const confidence = Type.Number({ minimum: 0.5, exclusiveMaximum: 1 });
const rate = Type.Number({ exclusiveMinimum: 0, maximum: 10_000 });
/** The name of a folder, and not a path to one. */
const folderName = Type.String({ pattern: '^[^./\\\\][^/\\\\]*$' });
const sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });
const Near = Type.Object({
  used: count,
  budget: count,
  independent: count,
  seconds: count,
  isPartial: optional(Type.Literal(true)),
  hardest: optional(Type.Object({ budget: count, independent: count })),
});

const RESOURCES = [
  'cpu',
  'memory',
  'event-loop',
  'queue',
  'in-progress',
  'unanswered',
  'generator',
  'throttling',
] as const satisfies readonly StepResource['name'][];

const Figures = Type.Object({
  client: nullable(
    Type.Object({
      successesPerSecond: count,
      begunPerSecond: count,
      meanSeconds: count,
      concurrency: count,
      p95Seconds: nullable(count),
    }),
  ),
  service: Type.Object({
    ratePerSecond: nullable(count),
    meanSeconds: nullable(count),
    concurrency: nullable(count),
  }),
  latencies: list(
    Type.Object({
      objective: text,
      percentile: count,
      limitSeconds: number,
      seconds: nullable(count),
      samples: optional(count),
      independent: optional(count),
    }),
  ),
  sent: count,
  unanswered: count,
  dropped: count,
  resources: list(Type.Object({ name: Type.Enum(RESOURCES), value: number, peak: optional(number) })),
  cpuLimitCores: optional(count),
});

const Exempt = Type.Object({
  id: text,
  exempt: Type.Enum(['advisory', 'waived']),
  verdict: Type.Enum(['met', 'missed', 'undecided']),
  waiver: optional(Type.Object({ owner: text, reason: text, until: text })),
});

const Step = Type.Object({
  kind: Type.Enum(['step', 'hold']),
  ratePerSecond: rate,
  outcome: Type.Enum(['met', 'missed', 'undecided', 'invalid']),
  because: optional(
    Type.Enum(['generator-late', 'service-ended', 'cut-short', 'other-check', 'interrupted']),
  ),
  near: optional(Near),
  maxSeconds: positive,
  tookSeconds: count,
  run: nullable(folderName),
  verdict: nullable(Type.Enum(['pass', 'fail', 'inconclusive'])),
  missed: list(text),
  broken: list(text),
  decisive: optional(count),
  exempt: optional(list(Exempt)),
  loadedSeconds: count,
  figures: nullable(Figures),
  replicas: optional(whole),
});

const Settings = Type.Object({
  startPerSecond: rate,
  minPerSecond: rate,
  maxPerSecond: rate,
  confidence,
  stepSeconds: Type.Object({ min: positive, climb: optional(positive), max: positive, close: positive }),
  holdSeconds: positive,
  budgetSeconds: positive,
  aroundSeconds: count,
});

const Asked = Type.Object({
  sla: optional(text),
  scenario: text,
  script: optional(Type.Object({ file: text, sha256 })),
  target: optional(text),
  prometheus: optional(text),
  generators: optional(text),
  maxRate: optional(text),
  faults: optional(text),
  variant: optional(Type.Object({ name: text, value: text })),
  workersEach: optional(text),
  deployment: optional(text),
  context: optional(text),
  targetPerSecond: optional(rate),
  weeklyPeakPerSecond: optional(rate),
  history: optional(Type.Object({ url: text, weeks: whole, exclude: optional(list(text)) })),
  headroom: Type.Number({ minimum: 0, maximum: 0.9 }),
});

export const CapacitySchema = Type.Object({
  schema: Type.Literal('sla-harness/capacity/v1'),
  id: folderName,
  sla: text,
  asked: Asked,
  documentSha256: sha256,
  commit: optional(text),
  settings: Settings,
  workload: optional(Type.Literal('sentiment-api')),
  replicas: whole,
  cores: nullable(whole),
  steps: list(Step),
  sources: optional(
    Type.Object({
      service: nullable(sha256),
      settings: Type.Record(text, text),
      script: sha256,
      variables: sha256,
    }),
  ),
  begun: optional(Type.Object({ kind: Step.properties.kind, ratePerSecond: rate, maxSeconds: positive })),
});

true satisfies Accepts<CapacityRecord, typeof CapacitySchema>;
({}) as {
  [Field in Unlisted<CapacityRecord, Static<typeof CapacitySchema>>]: 'add it to the schema above';
} satisfies Record<string, never>;
