import type { Limit, Problem, TimeUnit, Unit } from '../model/model.ts';
import { ok } from '../model/result.ts';
import { parseLimit } from './limits.ts';
import type { MeasureName } from './measure-names.ts';
import { checkDecimals, problem } from './problems.ts';
import type { RawDocument, RawObjective } from './schema.ts';
import { toSeconds } from './units.ts';
import { valuesOf } from './units-of.ts';
import { checkUnusual } from './unusual.ts';

/** Checks of the target and the alert threshold of an objective. */

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

export function checkLimits(
  raw: RawObjective,
  kind: MeasureName,
  path: string,
  document: RawDocument,
): Problem[] {
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
