import type { Problem, TimeUnit, Unit } from '../model/model.ts';
import type { MeasureName } from './measure-names.ts';
import { problem } from './problems.ts';
import type { RawDocument, RawObjective } from './schema.ts';
import { isPercentInName, TIME_UNITS, unitInName } from './units.ts';

/** The unit of an objective's values, and for times the unit in which the service exports them. */
export interface Values {
  readonly unit: Unit;
  /** null if the values are not times, or if the unit is unknown. */
  readonly valuesIn: TimeUnit | null;
}

const timeUnit = (said: string | undefined) => TIME_UNITS.find((unit) => unit === said) ?? null;

export function valuesOf(raw: RawObjective, kind: MeasureName): Values {
  switch (kind) {
    case 'latency':
      return {
        unit: 'seconds',
        valuesIn: raw.latency!.unit ?? unitInName(raw.latency!.histogram ?? ''),
      };
    case 'mean':
      return byUnit(raw.mean!.unit, raw.mean!.histogram);
    case 'peak':
      return byUnit(raw.peak!.unit, raw.peak!.gauge);
    case 'throughput':
      return { unit: 'per_second', valuesIn: null };
    case 'recovery':
      return { unit: 'seconds', valuesIn: null };
    case 'ratio':
    case 'uptime':
      return { unit: 'ratio', valuesIn: null };
    default:
      return kind satisfies never;
  }
}

function byUnit(said: string | undefined, metric: string): Values {
  const valuesIn = said === undefined ? unitInName(metric) : timeUnit(said);
  if (valuesIn !== null) return { unit: 'seconds', valuesIn };
  return { unit: said === 'number' ? 'number' : 'ratio', valuesIn: null };
}

/** Without this check, a limit of 500 ms could match the edge 0.5 of a histogram in milliseconds, which is half a millisecond. */
export function checkUnit(raw: RawObjective, kind: MeasureName, path: string): Problem[] {
  const { said, metric } = unitIn(raw, kind);
  if (metric === null) return [];
  const named = unitInName(metric);
  const at = `${path}.${kind}.unit`;
  const wanted = timeUnit(said);
  if (wanted !== null && named !== null && wanted !== named)
    return [
      problem(
        'bad-unit',
        at,
        `unit is ${wanted}, but the name "${metric}" says ${named}: write unit: ${named}, or leave unit out`,
      ),
    ];
  if (kind !== 'latency' && said !== 'number' && isPercentInName(metric) && raw.unusual !== true)
    return [
      problem(
        'bad-unit',
        at,
        `the name "${metric}" says percent, so 0.7 is 0.7% and not 70%: write unit: number and a limit without %, for example "< 90", or confirm that its values are from 0 to 1 with unusual: true`,
      ),
    ];
  if (kind !== 'latency' || said !== undefined || named !== null) return [];
  return [
    problem(
      'no-unit',
      `${path}.latency.histogram`,
      `the name "${metric}" does not say which unit its buckets are in: add unit: seconds or unit: milliseconds (${TIME_UNITS.join(', ')} are possible)`,
    ),
  ];
}

function unitIn(raw: RawObjective, kind: MeasureName): { said: string | undefined; metric: string | null } {
  if (kind === 'latency') return { said: raw.latency!.unit, metric: raw.latency!.histogram ?? null };
  if (kind === 'mean') return { said: raw.mean!.unit, metric: raw.mean!.histogram };
  if (kind === 'peak') return { said: raw.peak!.unit, metric: raw.peak!.gauge };
  return { said: undefined, metric: null };
}

/** The gauge of the event-loop lag is reported unconverted, so it must be in seconds. */
export function checkLag({ lag }: RawDocument['service']): Problem[] {
  const named = lag === undefined ? null : unitInName(lag.gauge);
  if (named === null || named === 'seconds') return [];
  return [
    problem('bad-unit', 'service.lag.gauge', `"${lag!.gauge}" is in ${named}: name a gauge in seconds`),
  ];
}
