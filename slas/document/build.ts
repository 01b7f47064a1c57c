import type {
  LabelMatcher,
  Measure,
  Objective,
  Phase,
  Scenario,
  Selection,
  SlaDocument,
  TimeUnit,
} from '../model/model.ts';
import { unwrap } from '../model/result.ts';
import { buildAlerting } from './alerting.ts';
import { parseDuration, parseLimit, parseRate, readConfidence, readPercentile } from './limits.ts';
import { MEASURES, type MeasureName } from './measure-names.ts';
import { isGeneral, unitOf } from './objectives.ts';
import type { RawCounter, RawDocument, RawObjective, RawScenario } from './schema.ts';
import { valuesOf } from './units-of.ts';
import { waiverOf } from './waivers.ts';

/** A document from checked YAML content. */

export function build(raw: RawDocument): SlaDocument {
  const objectives = raw.objectives.map((one) => buildObjective(one, raw.waivers ?? []));
  const ids = objectives.filter(isGeneral).map(({ id }) => id);
  return {
    name: raw.name,
    description: raw.description ?? '',
    service: {
      selector: raw.service.selector,
      replicas: raw.service.replicas ?? 'stable',
      isolated: raw.service.isolated === undefined || raw.service.isolated === true,
      ...(raw.service.isolated === 'except-scrapes' ? { countsScrapes: true as const } : {}),
      ...buildBounds(raw.service),
      ...(raw.service.requests === undefined ? {} : { requests: buildCounter(raw.service.requests) }),
      ...(raw.service.lag === undefined
        ? {}
        : { lag: buildSelection(raw.service.lag.gauge, raw.service.lag.where) }),
      ...(raw.service.warmUp === undefined ? {} : { warmUp: raw.service.warmUp }),
      buckets: raw.service.buckets ?? {},
      ...(raw.service.nativeHistograms === undefined ? {} : { natives: raw.service.nativeHistograms }),
    },
    confidence: raw.confidence === undefined ? null : readConfidence(raw.confidence)!,
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
        histogram:
          raw.latency!.histogram === undefined
            ? null
            : buildSelection(raw.latency!.histogram, raw.latency!.where, undefined, valuesIn),
        percentile: readPercentile(raw.latency!.percentile)!,
        ...(raw.latency!.client === undefined ? {} : { client: raw.latency!.client }),
      };
    case 'ratio': {
      const { bad, good, total, lost } = raw.ratio!;
      const of = { total: buildCounter(total), ...(lost === undefined ? {} : { lost }) };
      return good === undefined
        ? { kind, bad: buildCounter(bad!), ...of }
        : { kind: 'success', good: buildCounter(good), ...of };
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

function buildObjective(raw: RawObjective, waivers: NonNullable<RawDocument['waivers']>): Objective {
  const measure = buildMeasure(raw, MEASURES.find((name) => raw[name] !== undefined)!);
  const limit = (text: string) => unwrap(parseLimit(text, unitOf(measure)));
  return {
    id: raw.id,
    title: raw.title ?? raw.id,
    measure,
    target: limit(raw.target),
    ...(raw.alert === undefined ? {} : { alert: limit(raw.alert) }),
    ...(raw.onlyWhereNamed === undefined ? {} : { onlyWhereNamed: raw.onlyWhereNamed }),
    ...(raw.unusual === undefined ? {} : { unusual: raw.unusual }),
    ...(raw.advisory === undefined ? {} : { advisory: raw.advisory }),
    ...waiverOf(raw.id, waivers),
  };
}

const buildUntil = ({ until, atLeast }: RawScenario): Pick<Scenario, 'untilDecided'> =>
  until === undefined
    ? {}
    : { untilDecided: atLeast === undefined ? {} : { atLeastSeconds: parseDuration(atLeast)! } };

function buildScenario(name: string, raw: RawScenario, allIds: readonly string[]): Scenario {
  const phases = raw.phases ?? [
    { name: 'hold', rate: raw.rate!, duration: (raw.duration ?? raw.maxDuration)! },
  ];
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
    ...buildUntil(raw),
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
