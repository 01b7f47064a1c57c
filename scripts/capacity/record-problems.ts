import type { CapacityRecord, StepRecord } from '../../slas/capacity/record.ts';
import { formatValue } from '../../slas/render/numbers.ts';
import { isVariant } from './variants.ts';

/** Contradictions within the record of a search whose fields are all valid on their own. */
export function recordProblems(record: CapacityRecord): readonly string[] {
  return [
    ...(isVariant(record.asked) ? [] : ['asked: the variant of the search is not valid']),
    ...settingsProblems(record),
    ...record.steps.flatMap((step) => stepProblems(step).map((why) => `${nameOfStep(step, record)}: ${why}`)),
    ...repeatedRuns(record),
    ...orderProblems(record),
  ];
}

/** Such as `hold at 170/s (8 of 10)`. */
export const nameOfStep = (step: StepRecord, { steps }: CapacityRecord) =>
  `${step.kind} at ${formatValue(step.ratePerSecond, 'per_second')} (${steps.indexOf(step) + 1} of ${steps.length})`;

function settingsProblems({ settings }: CapacityRecord): readonly string[] {
  const { minPerSecond: min, startPerSecond: start, maxPerSecond: most, stepSeconds } = settings;
  const areOrdered = stepSeconds.min <= stepSeconds.max && stepSeconds.max <= stepSeconds.close;
  return [
    ...(min <= start && start <= most
      ? []
      : ['settings: startPerSecond is not between minPerSecond and maxPerSecond']),
    ...(areOrdered ? [] : ['settings.stepSeconds: they are not in ascending order']),
  ];
}

/** A step whose run could not begin, or was interrupted, has no results; every other step has all of them. */
function stepProblems({ run, verdict, figures, outcome, because }: StepRecord): readonly string[] {
  if (run !== null)
    return verdict === null || figures === null ? ['it has a run, but no verdict or no figures'] : [];
  const isNothing = verdict === null && figures === null;
  return isNothing && outcome === 'invalid' && (because === 'service-ended' || because === 'interrupted')
    ? []
    : ['it has results, but names no run'];
}

function repeatedRuns(record: CapacityRecord): readonly string[] {
  const { steps } = record;
  const again = steps.find(
    ({ run }, index) => run !== null && steps.findIndex((one) => one.run === run) < index,
  );
  return again === undefined ? [] : [`${nameOfStep(again, record)}: its run is also the run of another step`];
}

/** No run is sent above a missed rate or below a proven one, so these never contradict each other. */
function orderProblems(record: CapacityRecord): readonly string[] {
  const missed = record.steps
    .filter(({ outcome }) => outcome === 'missed')
    .toSorted((a, b) => a.ratePerSecond - b.ratePerSecond)[0];
  const proven = record.steps.find(
    ({ kind, outcome, ratePerSecond }) =>
      kind === 'hold' && outcome === 'met' && missed !== undefined && ratePerSecond >= missed.ratePerSecond,
  );
  return proven === undefined
    ? []
    : [`${nameOfStep(proven, record)}: it was met, although ${nameOfStep(missed!, record)} was missed`];
}
