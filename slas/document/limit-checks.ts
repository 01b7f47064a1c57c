import type { Limit, Problem, Unit } from '../model/model.ts';
import { ok } from '../model/result.ts';
import { parseLimit } from './limits.ts';
import type { MeasureName } from './measure-names.ts';
import { checkDecimals, problem } from './problems.ts';
import type { RawObjective } from './schema.ts';
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

export function checkLimits(raw: RawObjective, kind: MeasureName, path: string): Problem[] {
  const { unit } = valuesOf(raw, kind);
  const targetRead = parseLimit(raw.target, unit, `${path}.target`);
  const alertRead = raw.alert === undefined ? ok(null) : parseLimit(raw.alert, unit, `${path}.alert`);
  if (!targetRead.ok || !alertRead.ok)
    return [targetRead, alertRead].flatMap((read) => (read.ok ? [] : [read.error]));
  const [target, alert] = [targetRead.value, alertRead.value];
  const problems: Problem[] = [];
  const add = (field: string, message: string) =>
    problems.push(problem('bad-limit', `${path}.${field}`, message));
  const isOfGood = kind === 'ratio' && raw.ratio!.good !== undefined;
  const directions = isOfGood ? DIRECTIONS.uptime : DIRECTIONS[kind];
  if (!directions.includes(target.comparison))
    add(
      'target',
      `${kind === 'uptime' ? 'an' : 'a'} ${kind} ${isOfGood ? 'of good events must have a target that uses' : 'target must use'} ${directions.join(' or ')}, not "${target.text}"`,
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
    // Ratios are compared as integer fractions, rates and means as floating-point numbers.
    if (kind === 'ratio' || kind === 'uptime')
      problems.push(...checkDecimals(limit.value, `${path}.${field}`));
  }
  const isOdd = problems.some(({ code }) => code === 'bad-limit');
  return isOdd ? problems : [...problems, ...checkUnusual(raw, kind, path, { target, alert, unit })];
}

/** Whether no measurement can violate the limit, because rates are at least 0 and ratios at most 1. */
const isEmpty = ({ comparison, value }: Limit, unit: Unit) =>
  (comparison === '>=' && value === 0 && unit !== 'number') ||
  (unit === 'ratio' && comparison === '<=' && value === 1);

const isImpossible = ({ comparison, value }: Limit, unit: Unit) =>
  (comparison === '<' && value === 0) || (unit === 'ratio' && comparison === '>' && value === 1);

const isBeyond = (alert: Limit, target: Limit) =>
  target.comparison.startsWith('<')
    ? alert.comparison.startsWith('>') && alert.value >= target.value
    : alert.comparison.startsWith('<') && alert.value <= target.value;
