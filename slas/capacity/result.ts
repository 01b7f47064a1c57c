import { type Growth, growthOf } from './growth.ts';
import { type Knee, kneeOf } from './knee.ts';
import { provingHold } from './known.ts';
import { type Earlier, earlierThan } from './ledger.ts';
import { checkLittle, type LittleViolation } from './little.ts';
import { type PodSizing, podSizeOf } from './pod-size.ts';
import type { CapacityRecord, StepRecord, StepResource } from './record.ts';
import { type ReplicaAnswer, replicasFor } from './replicas.ts';
import { type Bent, inOrderOfBending, type Resource } from './saturation.ts';
import { answerOf, type SearchAnswer } from './search.ts';
import { changedReplicas } from './steps.ts';
import { type TrafficAnswer, trafficAnswerOf } from './traffic/answer.ts';
import type { History } from './traffic/model.ts';
import { fitUsl, type LoadPoint, type Predicted, predict, type Usl } from './usl.ts';

/** Everything that is reported about a search, computed from its record. */
export interface CapacityResult {
  /** null if the search is not finished. */
  readonly answer: SearchAnswer | null;
  readonly usl: Usl;
  /** Sorted by load. */
  readonly points: readonly LoadPoint[];
  /** The fitted curve with its band, drawn slightly beyond the data. Empty if no curve was fitted. */
  readonly curve: readonly (Predicted & { readonly concurrency: number })[];
  readonly knee: Knee;
  readonly little: readonly { readonly ratePerSecond: number; readonly violation: LittleViolation }[];
  readonly bent: readonly Bent[];
  /** Resources that were not measured. */
  readonly unknown: readonly StepResource['name'][];
  /** null if no target was requested, or if no rate is proven. */
  readonly replicas: ReplicaAnswer | null;
  /** null if no weekly peak was given, or if no rate is proven. */
  readonly growth: Growth | null;
  /** null if no history was read, or if no rate is proven. */
  readonly traffic: TrafficAnswer | null;
  /** Earlier searches of the same load, newest first. */
  readonly earlier: readonly Earlier[];
  /** CPU seconds of a request near the proven rate; null: not measured. */
  readonly cpuSecondsPerRequest: number | null;
  /** The resources that a pod of `k8s/` needs. */
  readonly pod: PodSizing;
}

/** Facts from outside the search itself. */
export interface Known {
  readonly history: History | null;
  /** Other searches, in any order. */
  readonly others: readonly CapacityRecord[];
}

/** @param random uniform draws for the intervals of the fit */
export function resultOf(
  record: CapacityRecord,
  random: () => number,
  { history, others }: Known = { history: null, others: [] },
): CapacityResult {
  const { settings, steps } = record;
  const answer = answerOf(settings, steps);
  const measured = measuredIn(steps);
  const points = measured.flatMap(({ figures }): LoadPoint[] =>
    figures?.client == null
      ? []
      : [
          {
            concurrency: figures.client.concurrency,
            throughputPerSecond: figures.client.successesPerSecond,
          },
        ],
  );
  const resources = resourcesIn(record, measured);
  const known = resources.filter((one) => one.points.length > 0);
  const usl = fitUsl(points, { confidence: settings.confidence, random });
  const replicas = replicasOf(record, answer);
  const cpuSecondsPerRequest = cpuOf(measured, answer);
  return {
    answer,
    usl,
    curve: curveOf(usl, settings.confidence),
    points: points.toSorted((a, b) => a.concurrency - b.concurrency),
    knee: kneeOf(latencyPoints(measured), settings.confidence),
    little: measured.flatMap(violationsOf),
    bent: inOrderOfBending(known),
    unknown: resources
      .filter((one) => one.points.length === 0)
      .map(({ name }) => name as StepResource['name']),
    replicas,
    growth: growthIn(record, answer),
    traffic: trafficAnswerOf(record, answer, history, random),
    earlier: earlierThan(record, others),
    cpuSecondsPerRequest,
    pod: podSizeOf(record, { answer, replicas, cpuSecondsPerRequest }),
  };
}

/** The curve is drawn this far beyond the data. */
const DRAWN_BEYOND = 1.25;
const CURVE_POINTS = 60;

function curveOf(usl: Usl, confidence: number): CapacityResult['curve'] {
  if (!usl.ok) return [];
  const highest = DRAWN_BEYOND * usl.fit.maxConcurrency;
  return Array.from({ length: CURVE_POINTS }, (_, index) => ((index + 1) * highest) / CURVE_POINTS).flatMap(
    (concurrency) => {
      const predicted = predict(usl.fit, concurrency, confidence);
      return predicted === null ? [] : [{ ...predicted, concurrency }];
    },
  );
}

/** A step whose load was not delivered cannot be used. */
const measuredIn = (steps: readonly StepRecord[]) =>
  steps.filter(({ outcome, figures }) => outcome !== 'invalid' && figures !== null);

const latencyPoints = (steps: readonly StepRecord[]) =>
  steps.flatMap(({ ratePerSecond, figures }) => {
    const seconds = figures?.client?.p95Seconds ?? null;
    return seconds === null ? [] : [{ ratePerSecond, seconds }];
  });

/** Only steady steps are used. In a missed step requests pile up, so the law does not apply. */
const violationsOf = ({ ratePerSecond, outcome, figures }: StepRecord) => {
  if (outcome !== 'met' || figures?.client == null) return [];
  const { begunPerSecond, meanSeconds, concurrency } = figures.client;
  const client = { ratePerSecond: begunPerSecond, meanSeconds, concurrency };
  return checkLittle({ client, service: figures.service }).map((violation) => ({ ratePerSecond, violation }));
};

// ---------------------------------------------------------------------------------------------- resources

const ABOUT: Readonly<Record<StepResource['name'], Pick<Resource, 'unit' | 'noise'>>> = {
  cpu: { unit: 'cores', noise: 0.1 },
  memory: { unit: 'bytes', noise: 5e7 },
  'event-loop': { unit: 'seconds', noise: 0.02 },
  queue: { unit: 'count', noise: 5 },
  'in-progress': { unit: 'count', noise: 5 },
  unanswered: { unit: 'count', noise: 2 },
  generator: { unit: 'seconds', noise: 0.02 },
  throttling: { unit: 'ratio', noise: 0.05 },
};

function resourcesIn({ cores }: CapacityRecord, steps: readonly StepRecord[]): readonly Resource[] {
  const names = Object.keys(ABOUT) as StepResource['name'][];
  return names.map((name) => ({
    name,
    ...ABOUT[name],
    most:
      name === 'cpu' ? lowest([cores, ...steps.map(({ figures }) => figures!.cpuLimitCores ?? null)]) : null,
    points: steps.flatMap(({ ratePerSecond, figures }) => {
      const found = figures!.resources.find((one) => one.name === name);
      return found === undefined ? [] : [{ ratePerSecond, value: found.value }];
    }),
  }));
}

function lowest(values: readonly (number | null)[]): number | null {
  const known = values.filter((one) => one !== null);
  return known.length === 0 ? null : Math.min(...known);
}

// ---------------------------------------------------------------------------------------------- answers

function replicasOf(
  { asked, replicas, steps }: CapacityRecord,
  answer: SearchAnswer | null,
): ReplicaAnswer | null {
  if (asked.targetPerSecond === undefined || answer === null || !answer.ok) return null;
  if (changedReplicas(steps) !== null) return null;
  return replicasFor({
    targetPerSecond: asked.targetPerSecond,
    headroom: asked.headroom,
    measuredReplicas: replicas,
    provenPerSecond: answer.provenPerSecond,
    refutedPerSecond: answer.refutedPerSecond,
  });
}

function growthIn({ asked }: CapacityRecord, answer: SearchAnswer | null): Growth | null {
  if (asked.weeklyPeakPerSecond === undefined || answer === null || !answer.ok) return null;
  const { provenPerSecond, refutedPerSecond } = answer;
  const { weeklyPeakPerSecond: peakPerSecond, headroom } = asked;
  return growthOf({ peakPerSecond, headroom, provenPerSecond, refutedPerSecond });
}

function cpuOf(steps: readonly StepRecord[], answer: SearchAnswer | null): number | null {
  if (answer === null || !answer.ok) return null;
  const hold = provingHold(steps);
  const cpu = hold?.figures?.resources.find(({ name }) => name === 'cpu')?.value;
  const perSecond = hold?.figures?.client?.begunPerSecond;
  return cpu === undefined || perSecond === undefined ? null : cpu / perSecond;
}
