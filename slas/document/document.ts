import Schema from 'typebox/schema';
import { Settings } from 'typebox/system';
import {
  isMap,
  isNode,
  isSeq,
  LineCounter,
  parseDocument as parseYaml,
  type Document as YamlDocument,
} from 'yaml';
import type {
  LabelMatcher,
  Measure,
  Objective,
  Phase,
  Problem,
  Scenario,
  Selection,
  SlaDocument,
  TimeUnit,
  Unit,
} from '../model/model.ts';
import { fail, ok, type Result, unwrap } from '../model/result.ts';
import { buildAlerting } from './alerting.ts';
import { checkMeaning } from './checks.ts';
import { parseDuration, parseLimit, parseRate } from './limits.ts';
import { MEASURES, type MeasureName } from './measure-names.ts';
import {
  DocumentSchema,
  type RawCounter,
  type RawDocument,
  type RawObjective,
  type RawScenario,
  TARGET_PATTERN,
} from './schema.ts';
import { valuesOf } from './units-of.ts';

/** An SLA document, or all its problems in the order of the file. */
export type ParsedDocument = Result<SlaDocument, readonly Problem[]>;

const schema = Schema.Compile(DocumentSchema);

/** By default the library stops at 8 problems; we report all. */
Settings.Set({ maxErrors: 1_000 });

/** Parses and checks the YAML text of an SLA document. Pure: returns all problems at once, with their places. */
export function parseDocument(yamlText: string): ParsedDocument {
  const lines = new LineCounter();
  const yaml = parseYaml(yamlText, { lineCounter: lines, prettyErrors: false });
  if (yaml.errors.length > 0)
    return fail(
      yaml.errors.map(({ code, message, pos }) =>
        yamlProblem(code === 'MULTIPLE_DOCS' ? SEVERAL_DOCUMENTS : message, pos[0], lines),
      ),
    );
  const raw = contentOf(yaml);
  if (!raw.ok) return fail([yamlProblem(raw.error, 0, lines)]);
  const structural = structureProblems(raw.value);
  const problems = [...structural, ...meaningProblems(raw.value, structural)];
  if (problems.length > 0) return fail(inFileOrder(problems.map((p) => place(p, yaml, lines))));
  return ok(build(raw.value as RawDocument));
}

// ---------------------------------------------------------------------------------------------- problems

/** The content of the YAML text, or the parser's message why its aliases cannot be resolved: unknown aliases, or far too many. */
function contentOf(yaml: YamlDocument): Result<unknown, string> {
  try {
    const content = yaml.toJS();
    // An alias may contain itself; JSON.stringify detects that.
    JSON.stringify(content);
    return ok(content);
  } catch (error) {
    if (error instanceof ReferenceError) return fail(error.message);
    if (error instanceof TypeError) return fail('an alias refers to a node that contains it');
    throw error;
  }
}

const SEVERAL_DOCUMENTS =
  'the file holds multiple documents, separated by ---: put each SLA document in a file of its own';

const yamlProblem = (message: string, offset: number, lines: LineCounter): Problem => {
  const { line, col } = lines.linePos(offset);
  return { code: 'yaml', path: '', message: `not valid YAML: ${message}`, line, column: col };
};

function meaningProblems(raw: unknown, structural: readonly Problem[]): readonly Problem[] {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return [];
  const broken = (path: string) =>
    structural.some((found) => found.path === path || isInside(found.path, path));
  const isSound = (path: string) => {
    const [top] = path.split(/[.[]/);
    // One broken scenario does not affect the others.
    if (path === 'scenarios') return path in raw && !structural.some((found) => found.path === path);
    return top! in raw && !broken(path);
  };
  return checkMeaning(raw as RawDocument, isSound);
}

const isInside = (path: string, ancestor: string) => path.startsWith(`${ancestor}.`);

type SchemaError = {
  keyword: string;
  schemaPath: string;
  instancePath: string;
  message: string;
  params: object;
};

function structureProblems(raw: unknown): Problem[] {
  const [, errors] = schema.Errors(raw);
  return (errors as SchemaError[]).filter(isTelling).flatMap((error) => schemaProblem(error, raw));
}

/** A union reports every branch that did not match, and a closed object each extra field twice; one line each is enough. */
const isTelling = (error: SchemaError) =>
  error.keyword !== 'boolean' && !error.schemaPath.includes('/anyOf/');

/** Descriptions of the patterns in the schema. */
const PATTERNS: Readonly<Record<string, string>> = {
  '^[a-z0-9]+(-[a-z0-9]+)*$': 'be lower-case words joined by hyphens',
  '^/': 'begin with /',
  '^[A-Za-z_][A-Za-z0-9_]*$': 'consist of letters, digits and _, and not begin with a digit',
  [TARGET_PATTERN]:
    'be a host, or a host and its port, for example api.example.org or 10.0.0.7:8080, in lower case, without scheme, path or wildcard',
};

function schemaProblem(error: SchemaError, raw: unknown): Problem[] {
  const { path, value } = find(raw, error.instancePath);
  const params = error.params as {
    additionalProperties?: string[];
    requiredProperties?: string[];
    allowedValue?: unknown;
    pattern?: string;
  };
  const at = (code: string, message: string): Problem => ({ code, path, message });
  switch (error.keyword) {
    case 'additionalProperties':
      return (params.additionalProperties ?? []).map((name) => ({
        code: 'unknown-field',
        path: path === '' ? name : `${path}.${name}`,
        message: `unknown field "${name}"${path === '' ? '' : ` in ${path}`}`,
      }));
    case 'required':
      return [
        at(
          'missing-field',
          `${path || 'the document'} lacks ${(params.requiredProperties ?? []).join(', ')}`,
        ),
      ];
    case 'const':
      return [at('wrong-value', `${path} must be ${JSON.stringify(params.allowedValue)}, but is ${value}`)];
    case 'anyOf':
      return [at('wrong-value', `${path} is ${value}, which is not one of the allowed forms`)];
    case 'pattern':
      return [
        at(
          'wrong-value',
          `${path} is ${value}: it must ${PATTERNS[params.pattern ?? ''] ?? `match ${params.pattern}`}`,
        ),
      ];
    default:
      return [at('wrong-value', `${path || 'the document'} ${withArticle(error.message)}, but is ${value}`)];
  }
}

/** The schema library says `must be array`. */
const withArticle = (message: string) =>
  message
    .replace(/^must be (?=array$|object$|integer$)/, 'must be an ')
    .replace(/^must be (?=string$|number$|boolean$)/, 'must be a ');

const pointer = (instancePath: string) =>
  instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));

/** The path in the notation of messages (`objectives[0].id`), and the value there. Keys may consist of digits, too. */
function find(raw: unknown, instancePath: string): { path: string; value: string } {
  let [path, found] = ['', raw];
  for (const part of pointer(instancePath)) {
    path += Array.isArray(found) ? `[${part}]` : path === '' ? part : `.${part}`;
    found = (found as Record<string, unknown>)[part];
  }
  // JSON cannot represent .inf and .nan.
  return { path, value: typeof found === 'number' ? String(found) : JSON.stringify(found) };
}

/** Adds line and column of the path, or of its nearest ancestor in the file. */
function place(problem: Problem, yaml: YamlDocument, lines: LineCounter): Problem {
  let node: unknown = yaml.contents;
  for (const part of problem.path.match(/[^.[\]]+/g) ?? []) {
    const inside = isMap(node)
      ? node.items.find(({ key }) => String(key) === part)?.value
      : isSeq(node) && node.items[Number(part)];
    if (!isNode(inside)) break;
    node = inside;
  }
  const { line, col } = lines.linePos(isNode(node) ? node.range![0] : 0);
  return { ...problem, line, column: col };
}

const inFileOrder = (problems: Problem[]) =>
  problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));

// ---------------------------------------------------------------------------------------------- building

function build(raw: RawDocument): SlaDocument {
  const objectives = raw.objectives.map(buildObjective);
  const ids = objectives.filter(isGeneral).map(({ id }) => id);
  return {
    name: raw.name,
    description: raw.description ?? '',
    service: {
      selector: raw.service.selector,
      replicas: raw.service.replicas ?? 'stable',
      isolated: raw.service.isolated ?? true,
      ...buildBounds(raw.service),
      ...(raw.service.requests === undefined ? {} : { requests: buildCounter(raw.service.requests) }),
      ...(raw.service.lag === undefined
        ? {}
        : { lag: buildSelection(raw.service.lag.gauge, raw.service.lag.where) }),
      ...(raw.service.warmUp === undefined ? {} : { warmUp: raw.service.warmUp }),
      buckets: raw.service.buckets ?? {},
    },
    confidence: raw.confidence ?? null,
    ...buildChecks(raw),
    objectives,
    scenarios: Object.entries(raw.scenarios ?? {}).map(([name, scenario]) =>
      buildScenario(name, scenario, ids),
    ),
    defaultScenario: raw.defaultScenario ?? null,
    alerting: buildAlerting(raw.alerting ?? {}, buildCounter),
  };
}

const buildBounds = ({ allowedTargets, maxRate, maxDuration }: RawDocument['service']) => ({
  allowedTargets: allowedTargets ?? [],
  ...(maxRate === undefined ? {} : { maxRatePerSecond: parseRate(maxRate)! }),
  ...(maxDuration === undefined ? {} : { maxDurationSeconds: parseDuration(maxDuration)! }),
});

const buildChecks = ({ checks }: Pick<RawDocument, 'checks'>) =>
  checks === undefined ? {} : { checks: unwrap(parseLimit(checks, 'ratio')) };

type RawWhere = RawCounter['where'];

const buildSelection = (
  metric: string,
  where: RawWhere,
  absent?: 'zero',
  valuesIn: TimeUnit | null = null,
): Selection => ({
  metric,
  where: Object.fromEntries(
    Object.entries(where ?? {}).map(([label, match]): [string, LabelMatcher] => [
      label,
      typeof match === 'number' ? String(match) : match,
    ]),
  ),
  ...(absent === undefined ? {} : { absent }),
  ...(valuesIn === null || valuesIn === 'seconds' ? {} : { valuesIn }),
});

const buildCounter = (raw: RawCounter) => buildSelection(raw.counter, raw.where, raw.absent);

function buildMeasure(raw: RawObjective, kind: MeasureName): Measure {
  const { unit, valuesIn } = valuesOf(raw, kind);
  switch (kind) {
    case 'latency':
      return {
        kind,
        histogram: buildSelection(raw.latency!.histogram, raw.latency!.where, undefined, valuesIn),
        percentile: raw.latency!.percentile,
        ...(raw.latency!.client === undefined ? {} : { client: raw.latency!.client }),
      };
    case 'ratio': {
      const { bad, total, lost } = raw.ratio!;
      return {
        kind,
        bad: buildCounter(bad),
        total: buildCounter(total),
        ...(lost === undefined ? {} : { lost }),
      };
    }
    case 'throughput':
      return { kind, counter: buildCounter(raw.throughput!) };
    case 'uptime':
      return { kind, gauge: buildSelection(raw.uptime!.gauge, raw.uptime!.where) };
    case 'peak':
      return {
        kind,
        gauge: buildSelection(raw.peak!.gauge, raw.peak!.where, undefined, valuesIn),
        unit,
      };
    case 'mean':
      return {
        kind,
        histogram: buildSelection(raw.mean!.histogram, raw.mean!.where, undefined, valuesIn),
        unit,
        ...(raw.mean!.client === undefined ? {} : { client: raw.mean!.client }),
      };
    case 'recovery':
      return { kind, of: raw.recovery!.of };
    default:
      return kind satisfies never;
  }
}

function buildObjective(raw: RawObjective): Objective {
  const measure = buildMeasure(raw, MEASURES.find((name) => raw[name] !== undefined)!);
  const limit = (text: string) => unwrap(parseLimit(text, unitOf(measure)));
  return {
    id: raw.id,
    title: raw.title ?? raw.id,
    measure,
    target: limit(raw.target),
    ...(raw.alert === undefined ? {} : { alert: limit(raw.alert) }),
    ...(raw.onlyWhereNamed === undefined ? {} : { onlyWhereNamed: raw.onlyWhereNamed }),
  };
}

/** Whether an objective applies by default. A recovery does not, because it needs a phase to recover from. */
export const isGeneral = ({ measure, onlyWhereNamed }: Objective): boolean =>
  measure.kind !== 'recovery' && onlyWhereNamed !== true;

/** The unit of a measure's limits. */
export function unitOf(measure: Measure): Unit {
  switch (measure.kind) {
    case 'latency':
    case 'recovery':
      return 'seconds';
    case 'ratio':
    case 'uptime':
      return 'ratio';
    case 'throughput':
      return 'per_second';
    case 'mean':
    case 'peak':
      return measure.unit;
    default:
      return measure satisfies never;
  }
}

function buildScenario(name: string, raw: RawScenario, allIds: readonly string[]): Scenario {
  const phases = raw.phases ?? [{ name: 'hold', rate: raw.rate!, duration: raw.duration! }];
  return {
    name,
    description: raw.description ?? '',
    script: raw.script ?? `loadtests/${name}.ts`,
    phases: phases.map(
      (phase): Phase => ({
        name: phase.name,
        ratePerSecond: parseRate(phase.rate)!,
        durationSeconds: parseDuration(phase.duration)!,
      }),
    ),
    seed: raw.seed ?? 1,
    arrivals: raw.arrivals ?? 'even',
    requestsPerArrival: raw.requestsPerArrival ?? 1,
    ...(raw.requests === undefined ? {} : { requests: buildCounter(raw.requests) }),
    requestTimeoutSeconds: parseDuration(raw.requestTimeout ?? '10s')!,
    objectives: (raw.objectives ?? allIds).map((named) =>
      typeof named === 'string' ? { id: named, phases: null } : { id: named.id, phases: named.phases },
    ),
    ...buildChecks(raw),
  };
}
