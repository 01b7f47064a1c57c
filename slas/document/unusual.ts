import type { Limit, Problem, Unit } from '../model/model.ts';
import { formatValue } from '../render/numbers.ts';
import { readPercentile, UNIT_RANGES } from './limits.ts';
import type { MeasureName } from './measure-names.ts';
import { problem } from './problems.ts';
import type { RawObjective } from './schema.ts';

/** Limits that hardly any service misses: usually a fraction was written instead of a percentage, or vice versa. */

const HALF = 0.5;
/** Stands in for a percentile that cannot be parsed, which is reported elsewhere. */
const HIGH_ENOUGH = 50;
const CONFIRM = 'or confirm it with unusual: true';

export function checkUnusual(
  raw: RawObjective,
  kind: MeasureName,
  path: string,
  limits: { readonly target: Limit; readonly alert: Limit | null; readonly unit: Unit },
): Problem[] {
  if (raw.unusual === true) return [];
  // A peak below 100% is not trivial.
  if (kind === 'throughput' && limits.target.comparison.startsWith('<'))
    return [
      problem(
        'unusual',
        `${path}.target`,
        `"${limits.target.text}" is met by a service that receives no requests: a throughput needs a lower limit, write "> ${limits.target.text.replace(/^<=?\s*/, '')}", ${CONFIRM}`,
      ),
    ];
  if (kind === 'mean' || kind === 'throughput')
    return checkEdgeOfRange(limits.target, limits.unit, `${path}.target`);
  if (kind === 'latency')
    return checkPercentile(
      readPercentile(raw.latency!.percentile) ?? HIGH_ENOUGH,
      `${path}.latency.percentile`,
    );
  if (kind === 'ratio' && raw.ratio!.good !== undefined)
    return limits.target.value > HALF
      ? []
      : [
          problem(
            'unusual',
            `${path}.target`,
            `"${limits.target.text}" is met by a service that fails half of its requests: write it as "> 99%", ${CONFIRM}`,
          ),
        ];
  if (kind === 'ratio')
    return [
      ...checkShare(limits.target, `${path}.target`),
      ...(limits.alert === null ? [] : checkShare(limits.alert, `${path}.alert`)),
    ];
  if (kind === 'uptime' && limits.target.value <= HALF)
    return [
      problem(
        'unusual',
        `${path}.target`,
        `"${limits.target.text}" is met by a service that is down half of the time: write it as ">= 99.9%", ${CONFIRM}`,
      ),
    ];
  return [];
}

/** A rate of `> 0/s`, a mean of `< 100%`: a single event is enough to meet it. */
function checkEdgeOfRange({ text, comparison, value }: Limit, unit: Unit, path: string): Problem[] {
  const { low, high } = UNIT_RANGES[unit];
  const isAtEdge = comparison.startsWith('>') ? value <= low : value >= high;
  if (!isAtEdge) return [];
  const message = `"${text}" is met by any service that responds at all: write a limit that can be missed, ${CONFIRM}`;
  return [problem('unusual', path, message)];
}

function checkPercentile(percentile: number, path: string): Problem[] {
  if (percentile >= 50) return [];
  const slow = formatValue(1 - percentile / 100, 'ratio');
  const meant =
    percentile < 1
      ? `percentiles are percentages, write ${Number((percentile * 100).toFixed(6))}`
      : 'write 95 or 99';
  return [
    problem(
      'unusual',
      path,
      `percentile ${percentile} lets ${slow} of the requests be slower than the limit: ${meant}, ${CONFIRM}`,
    ),
  ];
}

function checkShare({ text, comparison, value }: Limit, path: string): Problem[] {
  if (value < HALF) return [];
  const bare = text.replace(/^[<>]=?\s*/, '');
  const meant = bare.endsWith('%') ? '"< 1%"' : `"${comparison} ${bare}%"`;
  return [
    problem(
      'unusual',
      path,
      `"${text}" is ${formatValue(value, 'ratio')}, half of all events or more: write a share such as ${meant}, ${CONFIRM}`,
    ),
  ];
}
