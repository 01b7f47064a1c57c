import Schema from 'typebox/schema';
import type { Plan } from '../../model/model.ts';
import { CapacitySchema } from './capacity.ts';
import { EvidenceSchema } from './evidence.ts';
import { MEASURES, PlanSchema } from './plan.ts';
import { RunSchema } from './run-record.ts';
import { TrafficSchema } from './traffic.ts';
import { VerdictSchema } from './verdict.ts';

/**
 * What a stored plan, run record, evidence, verdict or record of a search must match to be read again. The schemas allow unlisted
 * fields, because later versions add some; fields that earlier versions did not write are optional.
 */

const SCHEMAS = {
  plan: Schema.Compile(PlanSchema),
  run: Schema.Compile(RunSchema),
  evidence: Schema.Compile(EvidenceSchema),
  verdict: Schema.Compile(VerdictSchema),
  capacity: Schema.Compile(CapacitySchema),
  traffic: Schema.Compile(TrafficSchema),
};
const MEASURE_SCHEMAS = new Map(
  Object.entries(MEASURES).map(([kind, schema]) => [kind, Schema.Compile(schema)] as const),
);

/** Files of all versions so far. */
const VERSIONS = {
  plan: ['v1'],
  run: ['v1'],
  evidence: ['v1'],
  verdict: ['v1', 'v2'],
  capacity: ['v1'],
  traffic: ['v1'],
} as const;

export type StoredNoun = keyof typeof SCHEMAS;

/** The maximum number of problems that are reported for one file. Nobody reads a longer list. */
const MAX_SHOWN = 5;

/** Why the content does not match the schema, with positions; empty if it matches. */
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

/** If a union has nested problems, only these are shown. */
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
  const told = message === UNION ? 'is not an allowed value' : message;
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
