import type { LabelMatcher, Limit, Problem, TimeUnit, Unit } from '../model/model.ts';
import { ok } from '../model/result.ts';
import { checkAlerting } from './alerting.ts';
import { type AllowedTargetError, readAllowed } from './allowed-targets.ts';
import { type DeadStatus, deadStatusOf } from './dead-statuses.ts';
import { parseLimit } from './limits.ts';
import { checkBounds, checkDefaultScenario, checkPassedShare, checkScenario, checkWarmUp } from './loads.ts';
import { MEASURES, type MeasureName } from './measure-names.ts';
import { checkHistogram, checkIsCounter, checkIsScraped } from './metrics.ts';
import { checkDecimals, problem, repeated } from './problems.ts';
import type { RawCounter, RawDocument, RawObjective } from './schema.ts';
import { isStatusLabel } from './statuses.ts';
import { toSeconds } from './units.ts';
import { checkLag, checkUnit, valuesOf } from './units-of.ts';
import { checkUnusual } from './unusual.ts';

/** Checks beyond the schema: limits must be readable, lie on a bucket edge, and not contradict each other. */

const METRIC = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/**
 * The comparisons that an SLO target may use. Latency and ratios: lower is better. Uptime: higher is better.
 * Others: either.
 */
const DIRECTIONS: Record<MeasureName, readonly string[]> = {
  latency: ['<', '<='],
  ratio: ['<', '<='],
  uptime: ['>', '>='],
  peak: ['<', '<=', '>', '>='],
  throughput: ['<', '<=', '>', '>='],
  mean: ['<', '<=', '>', '>='],
  recovery: ['<', '<='],
};

/**
 * All semantic problems in the parts of a document that match the schema, as `isSound(path)` reports. A misspelt field must
 * not hide problems elsewhere.
 */
export function checkMeaning(raw: RawDocument, isSound: (path: string) => boolean): Problem[] {
  const serviceIsSound = isSound('service');
  const objectives = isSound('objectives') ? raw.objectives : [];
  const scenarios = isSound('scenarios') ? Object.entries(raw.scenarios ?? {}) : [];
  return [
    ...(serviceIsSound ? checkService(raw) : []),
    ...(isSound('checks') ? checkPassedShare(raw.checks, 'checks') : []),
    ...objectives.flatMap((objective, index) => {
      const path = `objectives[${index}]`;
      if (!isSound(path)) return [];
      if (serviceIsSound) return checkObjective(objective, path, raw);
      // Without a valid service the bucket edges are unknown; everything else can be checked.
      const elsewhere = checkObjective(objective, path, { ...raw, service: { selector: {} } });
      return elsewhere.filter(({ code }) => code !== 'no-buckets');
    }),
    ...repeated(objectives.map((objective) => objective?.id)).map(([id, index]) =>
      problem(
        'duplicate-id',
        `objectives[${index}].id`,
        `objective "${id}" is defined twice: ids must be unique`,
      ),
    ),
    ...scenarios.flatMap(([name, scenario]) =>
      isSound(`scenarios.${name}`)
        ? [
            ...checkScenario(name, scenario, objectives),
            ...(serviceIsSound && scenario.requests
              ? checkTotal(scenario.requests, `scenarios.${name}.requests`, raw)
              : []),
          ]
        : [],
    ),
    ...(raw.scenarios === undefined || isSound('scenarios') ? checkDefaultScenario(raw) : []),
    ...(isSound('alerting') ? checkAlerts(raw) : []),
  ];
}

function checkAlerts(raw: RawDocument): Problem[] {
  const { drift } = raw.alerting!;
  return [
    ...checkAlerting(raw.alerting!, raw.objectives),
    ...(drift === undefined || raw.service?.selector === undefined
      ? []
      : [
          ...checkTotal(drift.part, 'alerting.drift.part', raw),
          ...checkTotal(drift.total, 'alerting.drift.total', raw),
        ]),
  ];
}

function checkService(raw: RawDocument): Problem[] {
  const labels = Object.keys(raw.service.selector).filter((label) => !LABEL.test(label));
  return [
    ...labels.map((label) =>
      problem('bad-label', `service.selector.${label}`, `"${label}" is not a valid label name`),
    ),
    ...(raw.service.requests ? checkTotal(raw.service.requests, 'service.requests', raw) : []),
    ...Object.entries(raw.service.buckets ?? {}).flatMap(([name, edges]) => checkBuckets(name, edges)),
    ...(raw.service.allowedTargets ?? []).flatMap(checkAllowed),
    ...checkBounds(raw.service),
    ...checkLag(raw.service),
    ...checkWarmUp(raw.service),
  ];
}

function checkAllowed(entry: string, index: number): Problem[] {
  const read = readAllowed(entry);
  if (read.ok) return [];
  return [problem('bad-target', `service.allowedTargets[${index}]`, `"${entry}" ${wrongTarget(read.error)}`)];
}

function wrongTarget(error: AllowedTargetError): string {
  switch (error.code) {
    case 'no-host-and-port':
      return 'is not a valid host or host:port';
    case 'bad-port':
      return 'has a port that is not from 1 to 65535';
    case 'bad-host':
      return 'is not a valid host name';
    case 'another-spelling':
      return `is another spelling of ${error.of}: write ${error.of}`;
    default:
      return error satisfies never;
  }
}

function checkBuckets(name: string, edges: readonly number[]): Problem[] {
  const at = edges.findIndex((edge, index) => edge <= edges[index - 1]!);
  if (at === -1) return [];
  return [
    problem(
      'bad-buckets',
      `service.buckets.${name}[${at}]`,
      `bucket edges must be in ascending order: ${edges[at]} comes after ${edges[at - 1]}`,
    ),
  ];
}

function checkSelection(
  metric: string,
  where: RawCounter['where'],
  path: string,
  key: string,
  raw: RawDocument,
): Problem[] {
  const problems = METRIC.test(metric)
    ? []
    : [problem('bad-metric', `${path}.${key}`, `"${metric}" is not a valid metric name`)];
  for (const [label, match] of Object.entries(where ?? {})) {
    const at = `${path}.where.${label}`;
    if (!LABEL.test(label) || label === '__name__')
      problems.push(problem('bad-label', at, `"${label}" is not a valid label name`));
    if (Object.hasOwn(raw.service.selector, label))
      problems.push(problem('bad-label', at, `"${label}" is already set by service.selector`));
    const unreadable = typeof match === 'object' ? checkRegex(match.matches, at) : [];
    problems.push(
      ...unreadable,
      ...(unreadable.length === 0
        ? checkStatus(label, typeof match === 'number' ? String(match) : match, at)
        : []),
    );
  }
  return problems;
}

/** Longer patterns do not fit into a query URL, and take long to check. */
const MAX_PATTERN_LENGTH = 4096;

/** Prometheus uses RE2, which has no look-around and no back-references; JavaScript can parse the rest of its syntax. */
function checkRegex(pattern: string, path: string): Problem[] {
  if (pattern.length > MAX_PATTERN_LENGTH)
    return [
      problem(
        'bad-regex',
        path,
        `a regular expression of ${pattern.length.toLocaleString('en-US')} characters is too long: at most ${MAX_PATTERN_LENGTH.toLocaleString('en-US')} are allowed; write a shorter one, or select by another label`,
      ),
    ];
  const foreign = /\(\?[=!<]|\\[1-9]/.exec(pattern);
  if (foreign)
    return [
      problem(
        'bad-regex',
        path,
        `"${pattern}" uses ${foreign[0]}, which Prometheus's regular expressions (RE2) do not support: rewrite it without that`,
      ),
    ];
  try {
    // RE2 allows flags at the start of a pattern; JavaScript does not.
    new RegExp(pattern.replace(/^\(\?[imsU]+\)/, ''));
    return [];
  } catch (error) {
    return [
      problem(
        'bad-regex',
        path,
        `"${pattern}" is not a valid regular expression: ${(error as Error).message}`,
      ),
    ];
  }
}

/** A status that no response has selects nothing, and `absent: zero` would count that as 0 errors. */
function checkStatus(label: string, match: LabelMatcher, path: string): Problem[] {
  const dead = isStatusLabel(label) ? deadStatusOf(label, match) : null;
  if (dead === null) return [];
  const isPattern = typeof match === 'string' && deadStatusOf(label, { matches: match }) === null;
  const next = isPattern
    ? `for a regular expression write ${label}: { matches: "${match}" }`
    : NEXT[dead.why];
  return [problem('no-status', path, `"${dead.part}" ${WHY_DEAD[dead.why]}: ${next}`)];
}

const WHY_DEAD: Readonly<Record<DeadStatus['why'], string>> = {
  none: 'matches no status, so it never selects anything',
  unknown: 'matches only codes that are not registered statuses and that no common server or proxy sends',
  code: 'is a status code, but the label holds status classes',
};

const NEXT: Readonly<Record<DeadStatus['why'], string>> = {
  none: 'statuses have three digits, 100 to 599: "5.." matches all from 500 to 599',
  unknown: 'write the status that the service sends, or its whole class, for example "5.."',
  code: 'write the class, for example "5.."',
};

const checkCounter = (raw: RawCounter, path: string, document: RawDocument) => [
  ...checkSelection(raw.counter, raw.where, path, 'counter', document),
  ...checkIsCounter(raw, path),
];

/** Only the bad counter may be absent: a missing total or throughput is unknown, not 0. */
const checkTotal = (raw: RawCounter, path: string, document: RawDocument) => [
  ...checkCounter(raw, path, document),
  ...(raw.absent === undefined
    ? []
    : [
        problem(
          'bad-absent',
          `${path}.absent`,
          'absent: zero is allowed for ratio.bad only: without this counter nothing is known',
        ),
      ]),
];

function checkObjective(raw: RawObjective, path: string, document: RawDocument): Problem[] {
  const kinds = MEASURES.filter((name) => raw[name] !== undefined);
  const kind = kinds[0];
  if (kind === undefined || kinds.length > 1) {
    const found = kinds.length === 0 ? 'none' : kinds.join(' and ');
    return [
      problem(
        'one-measure',
        path,
        `objective "${raw.id}" must have exactly one of ${MEASURES.join(', ')}: it has ${found}`,
      ),
    ];
  }
  return [
    ...checkMeasure(raw, kind, path, document),
    ...checkUnit(raw, kind, path),
    ...checkLimits(raw, kind, path, document),
  ];
}

function checkMeasure(raw: RawObjective, kind: MeasureName, path: string, document: RawDocument): Problem[] {
  switch (kind) {
    case 'latency':
      return [
        ...checkSelection(
          raw.latency!.histogram,
          raw.latency!.where,
          `${path}.latency`,
          'histogram',
          document,
        ),
        ...checkHistogram(raw.latency!.histogram, `${path}.latency`, raw.unusual === true),
        ...checkDecimals(raw.latency!.percentile, `${path}.latency.percentile`),
      ];
    case 'mean':
      return [
        ...checkSelection(raw.mean!.histogram, raw.mean!.where, `${path}.mean`, 'histogram', document),
        ...checkHistogram(raw.mean!.histogram, `${path}.mean`, raw.unusual === true),
      ];
    case 'ratio':
      return [
        ...checkCounter(raw.ratio!.bad, `${path}.ratio.bad`, document),
        ...checkTotal(raw.ratio!.total, `${path}.ratio.total`, document),
      ];
    case 'throughput':
      return checkTotal(raw.throughput!, `${path}.throughput`, document);
    case 'recovery':
      return checkRecovered(raw.recovery!.of, `${path}.recovery.of`, document);
    case 'uptime':
      return [
        ...checkSelection(raw.uptime!.gauge, raw.uptime!.where, `${path}.uptime`, 'gauge', document),
        ...checkIsScraped(raw.uptime!.gauge, `${path}.uptime`),
      ];
    case 'peak':
      return checkSelection(raw.peak!.gauge, raw.peak!.where, `${path}.peak`, 'gauge', document);
    default:
      return kind satisfies never;
  }
}

/** Recovery is measured on the client, so the objective it refers to must be judged on the client as well. */
function checkRecovered(of: string, path: string, { objectives }: RawDocument): Problem[] {
  const named = objectives.find((objective) => objective?.id === of);
  if (named === undefined)
    return [problem('unknown-objective', path, `the document has no objective "${of}"`)];
  if (named.latency?.client !== undefined) return [];
  return [
    problem(
      'no-client',
      path,
      `objective "${of}" is not a latency objective with a client path, on which recovery is measured: add client to it, or name another`,
    ),
  ];
}

function checkLimits(raw: RawObjective, kind: MeasureName, path: string, document: RawDocument): Problem[] {
  const { unit, valuesIn } = valuesOf(raw, kind);
  const targetRead = parseLimit(raw.target, unit, `${path}.target`);
  const alertRead = raw.alert === undefined ? ok(null) : parseLimit(raw.alert, unit, `${path}.alert`);
  if (!targetRead.ok || !alertRead.ok)
    return [targetRead, alertRead].flatMap((read) => (read.ok ? [] : [read.error]));
  const [target, alert] = [targetRead.value, alertRead.value];
  const problems: Problem[] = [];
  const add = (field: string, message: string) =>
    problems.push(problem('bad-limit', `${path}.${field}`, message));
  if (!DIRECTIONS[kind].includes(target.comparison))
    add(
      'target',
      `${kind === 'uptime' ? 'an' : 'a'} ${kind} target must use ${DIRECTIONS[kind].join(' or ')}, not "${target.text}"`,
    );
  if (alert !== null && !isBeyond(alert, target))
    add('alert', `alert "${alert.text}" must be worse than target "${target.text}"`);
  for (const [field, limit] of [
    ['target', target],
    ['alert', alert],
  ] as const) {
    if (limit === null) continue;
    if (unit === 'ratio' && limit.value > 1) add(field, `"${limit.text}" is more than 100%`);
    if (field === 'target' && isImpossible(limit, unit)) add(field, `"${limit.text}" can never be met`);
    if (field === 'target' && isEmpty(limit, unit)) add(field, `"${limit.text}" can never be missed`);
    // Without a unit the limit cannot be compared with the edges; the missing unit has its own problem.
    if (kind === 'latency' && valuesIn !== null) {
      const histogram = { name: raw.latency!.histogram, valuesIn };
      problems.push(...checkEdge(limit, histogram, `${path}.${field}`, document));
    }
    // Ratios are compared as integer fractions, rates and means as floating-point numbers.
    if (kind === 'ratio' || kind === 'uptime')
      problems.push(...checkDecimals(limit.value, `${path}.${field}`));
  }
  const isOdd = problems.some(({ code }) => code === 'bad-limit');
  return isOdd ? problems : [...problems, ...checkUnusual(raw, kind, path, { target, alert, unit })];
}

/** No measurement can violate it: rates are at least 0, and ratios at most 1. */
const isEmpty = ({ comparison, value }: Limit, unit: Unit) =>
  (comparison === '>=' && value === 0 && unit !== 'number') ||
  (unit === 'ratio' && comparison === '<=' && value === 1);

const isImpossible = ({ comparison, value }: Limit, unit: Unit) =>
  (comparison === '<' && value === 0) || (unit === 'ratio' && comparison === '>' && value === 1);

const isBeyond = (alert: Limit, target: Limit) =>
  target.comparison.startsWith('<')
    ? alert.comparison.startsWith('>') && alert.value >= target.value
    : alert.comparison.startsWith('<') && alert.value <= target.value;

/** The share of requests under a limit is known exactly only at a bucket edge. */
function checkEdge(
  limit: Limit,
  { name: histogram, valuesIn }: { readonly name: string; readonly valuesIn: TimeUnit },
  path: string,
  document: RawDocument,
): Problem[] {
  const listed = document.service.buckets ?? {};
  const edges = Object.hasOwn(listed, histogram) ? listed[histogram] : undefined;
  if (edges === undefined)
    return [
      problem(
        'no-buckets',
        path,
        `service.buckets has no edges for ${histogram}: list the bucket edges of the service; "${limit.text}" must be one of them`,
      ),
    ];
  if (edges.some((edge) => toSeconds(edge, valuesIn) === limit.value)) return [];
  const inUnit = valuesIn === 'seconds' ? '' : ` (${valuesIn})`;
  return [
    problem(
      'not-an-edge',
      path,
      `"${limit.text}" (${limit.value} s) is not a bucket edge of ${histogram}: choose one of ${edges.join(', ')}${inUnit}, or add the bucket to the service`,
    ),
  ];
}
