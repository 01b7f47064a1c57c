import Type, { type Static } from 'typebox';
import Schema from 'typebox/schema';
import { parseAllDocuments } from 'yaml';
import { fail, ok, type Result } from '../../../slas/model/result.ts';

/** The objects of an OpenSLO v1 file that can become objectives. Unknown fields are allowed, because tools add their own. */

const text = Type.String({ minLength: 1 });
const optional = Type.Optional;

const Metric = Type.Object({
  metricSource: Type.Object({
    type: optional(Type.String()),
    spec: optional(Type.Object({ query: optional(text) })),
  }),
});

const Indicator = Type.Object({
  ratioMetric: optional(
    Type.Object({
      counter: optional(Type.Boolean()),
      good: optional(Metric),
      bad: optional(Metric),
      total: optional(Metric),
    }),
  ),
  thresholdMetric: optional(Metric),
});

const Slo = Type.Object({
  kind: Type.Literal('SLO'),
  metadata: Type.Object({ name: text, displayName: optional(Type.String()) }),
  spec: Type.Object({
    service: optional(text),
    description: optional(Type.String()),
    indicator: optional(Type.Object({ spec: Indicator })),
    indicatorRef: optional(text),
    budgetingMethod: optional(Type.String()),
    timeWindow: optional(Type.Array(Type.Object({ duration: optional(Type.String()) }))),
    objectives: Type.Array(
      Type.Object({
        displayName: optional(Type.String()),
        op: optional(Type.String()),
        value: optional(Type.Number()),
        target: optional(Type.Number({ minimum: 0, maximum: 1 })),
        targetPercent: optional(Type.Number({ minimum: 0, maximum: 100 })),
      }),
      { minItems: 1 },
    ),
  }),
});

const Sli = Type.Object({
  kind: Type.Literal('SLI'),
  metadata: Type.Object({ name: text }),
  spec: Indicator,
});

export type Slo = Static<typeof Slo>;
export type Indicator = Static<typeof Indicator>;
export type Metric = Static<typeof Metric>;

const sloSchema = Schema.Compile(Slo);
const sliSchema = Schema.Compile(Sli);

export interface OpenSloObjects {
  readonly slos: readonly Slo[];
  /** Indicators that SLOs refer to by name. */
  readonly indicators: ReadonlyMap<string, Indicator>;
  /** Messages about invalid objects and about objects of other kinds. */
  readonly left: readonly string[];
}

const VERSION = 'openslo/v1';

/** Parses an OpenSLO file. The error says why the text is not one. */
export function readObjects(yaml: string): Result<OpenSloObjects, string> {
  const documents = parseAllDocuments(yaml, { prettyErrors: false });
  const all: unknown[] = [];
  for (const one of Array.isArray(documents) ? documents : []) {
    const [error] = one.errors;
    if (error !== undefined) return fail(`not valid YAML: ${error.message}`);
    const value: unknown = one.toJS();
    if (value !== null) all.push(...(Array.isArray(value) ? value : [value]));
  }
  const objects = all.map((one) => (typeof one === 'object' && one !== null ? one : {})) as {
    readonly apiVersion?: unknown;
    readonly kind?: unknown;
    readonly metadata?: { readonly name?: unknown };
  }[];
  const other = objects.find(({ apiVersion }) => apiVersion !== VERSION);
  if (objects.length === 0) return fail('it has no objects');
  if (other !== undefined)
    return fail(
      `apiVersion is ${JSON.stringify(other.apiVersion ?? null)}, and only ${VERSION} can be imported`,
    );
  const slos = objects.filter((one): one is Slo => sloSchema.Check(one));
  const slis = objects.filter((one): one is Static<typeof Sli> => sliSchema.Check(one));
  const known = new Set<unknown>([...slos, ...slis]);
  const left = objects.filter(
    (one) => !known.has(one) && one.kind !== 'Service' && one.kind !== 'DataSource',
  );
  return ok({
    slos,
    indicators: new Map(slis.map(({ metadata, spec }) => [metadata.name, spec])),
    left: left.map(({ kind, metadata }) => {
      const why =
        kind === 'SLO' || kind === 'SLI'
          ? 'it lacks required fields of OpenSLO v1'
          : `a document has no ${kind}`;
      return `${kind} ${metadata?.name ?? 'without a name'}: ${why}`;
    }),
  });
}
