import type { Problem } from '../model/model.ts';
import { checkAlerting } from './alerting.ts';
import { type AllowedTargetError, readAllowed } from './allowed-targets.ts';
import {
  checkBuckets,
  checkClocks,
  checkMeanOfNative,
  checkNatives,
  checkPercentile,
} from './histogram-checks.ts';
import { checkLimits } from './limit-checks.ts';
import { CONFIDENCE_FORM, readConfidence } from './limits.ts';
import { checkBounds, checkDefaultScenario, checkPassedShare, checkScenario, checkWarmUp } from './loads.ts';
import { MEASURES, type MeasureName } from './measure-names.ts';
import { checkHistogram, checkIsScraped } from './metrics.ts';
import { problem, repeated } from './problems.ts';
import type { RawDocument, RawObjective } from './schema.ts';
import { checkCounter, checkSelection, checkTotal, LABEL } from './selection-checks.ts';
import { checkLag, checkUnit } from './units-of.ts';
import { checkWaivers } from './waivers.ts';

/** Checks beyond the schema: limits must be readable, and not contradict each other. */

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
    ...(isSound('confidence') && readConfidence(raw.confidence!) === null
      ? [problem('bad-confidence', 'confidence', `"${raw.confidence}" is not ${CONFIDENCE_FORM}`)]
      : []),
    ...objectives.flatMap((objective, index) => {
      const path = `objectives[${index}]`;
      if (!isSound(path)) return [];
      if (serviceIsSound) return checkObjective(objective, path, raw);
      // Without a valid service, everything else can be checked.
      return checkObjective(objective, path, { ...raw, service: { selector: {} } });
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
    ...(isSound('waivers') && isSound('objectives') ? checkWaivers(raw, isSound) : []),
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
    ...checkNatives(raw.service),
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
      return 'has a port that is not between 1 and 65535';
    case 'bad-host':
      return 'is not a valid host name';
    case 'another-spelling':
      return `is another spelling of ${error.of}: write ${error.of}`;
    default:
      return error satisfies never;
  }
}

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
    ...checkLimits(raw, kind, path),
  ];
}

function checkMeasure(raw: RawObjective, kind: MeasureName, path: string, document: RawDocument): Problem[] {
  switch (kind) {
    case 'latency':
      return [
        ...checkClocks(raw, `${path}.latency`, document),
        ...checkPercentile(raw.latency!.percentile, `${path}.latency.percentile`),
      ];
    case 'mean':
      return [
        ...checkSelection(raw.mean!.histogram, raw.mean!.where, `${path}.mean`, 'histogram', document),
        ...checkHistogram(raw.mean!.histogram, `${path}.mean`, raw.unusual === true),
        ...checkMeanOfNative(raw.mean!.histogram, `${path}.mean.histogram`, document),
      ];
    case 'ratio':
      return checkRatio(raw.ratio!, `${path}.ratio`, document);
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

function checkRatio(
  ratio: NonNullable<RawObjective['ratio']>,
  path: string,
  document: RawDocument,
): Problem[] {
  const { bad, good, total } = ratio;
  const ofTotal = checkTotal(total, `${path}.total`, document);
  if ((bad === undefined) === (good === undefined))
    return [problem('one-part', path, `${path} must have exactly one of bad and good`), ...ofTotal];
  if (bad !== undefined) return [...checkCounter(bad, `${path}.bad`, document), ...ofTotal];
  const isAll =
    JSON.stringify([good!.counter, good!.where ?? {}]) === JSON.stringify([total.counter, total.where ?? {}]);
  return [
    ...checkTotal(good!, `${path}.good`, document),
    ...(isAll
      ? [problem('all-good', `${path}.good`, 'good selects the same as total, so every event would be good')]
      : []),
    ...ofTotal,
  ];
}

/** Recovery is measured client-side, so the objective that it refers to must also be judged client-side. */
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
