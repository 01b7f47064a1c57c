import type { Measured } from '../measures/measure.ts';
import type { ObjectiveOutcome, ObjectiveVerdict, PlannedObjective } from '../model/model.ts';
import { reason } from '../model/reasons.ts';
import { selectorsOf } from '../prometheus/promql.ts';
import { countedSpan } from '../window/outside.ts';
import type { Frame } from '../window/window.ts';
import type { Decided, Seen } from './sides.ts';

/** An objective's row of the verdict. */

export const rfc3339 = (seconds: number) => new Date(seconds * 1000).toISOString();

/** The row of the verdict: what was measured, and how it was decided. */
export function rowOf(one: Seen, decided: Decided, frame: Frame): ObjectiveVerdict {
  const { objective, measured, view } = one;
  const { decision, nearLimit } = decided;
  const covered = coveredBy(one) ?? spanOf(one);
  const { verdict, severity, reasons } = decision;
  const sure = decision.isWhole ? decided.certainty : null;
  const share = decision.byClient
    ? view!.measured.share
    : (decision.value ?? measuredShare(measured, verdict));
  return {
    id: objective.id,
    title: objective.title,
    phase: objective.phase ?? null,
    covered: covered === null || objective.phase === undefined ? null : covered.told,
    verdict,
    severity,
    ...(decision.mayBeAlert === undefined || severity === 'alert' ? {} : { mayBeAlert: true }),
    value: verdict === 'undecided' ? null : (decision.value ?? measuredValue(measured)),
    unit: objective.unit,
    share: verdict === 'undecided' ? null : share,
    bucket:
      decision.byClient || measured.kind === 'moment'
        ? (decision.bucket ?? null)
        : verdict !== 'undecided' && measured.kind === 'share'
          ? measured.bucket
          : null,
    target: objective.target.text,
    alert: objective.alert?.text ?? null,
    samples: decision.samples ?? (measured.kind === 'nothing' ? 0 : measured.samples),
    ...uncountedIn(measured),
    client: view?.measured ?? null,
    interval: sure?.interval ?? null,
    margin: tidy(sure?.margin ?? censusMargin(objective, measured, verdict)),
    nearLimit,
    steadiness: decided.steadiness,
    detectable: sure?.detectable ?? null,
    needed: sure?.needed ?? null,
    query: selectorsOf(objective.measure)
      .map((selector) => frame.readings.get(selector)?.query ?? selector)
      .join('\n'),
    reasons: covered === null ? reasons : [...reasons, covered.reason],
  };
}

/** The phase and the window of its counts; null where either is unknown. */
export function placeOf(scope: Seen['scope']) {
  if (!scope.ok || !scope.value.frame.ok) return null;
  const { phase, frame, plan } = scope.value;
  return { phase, frame: frame.value, isSequential: plan.sequential !== undefined };
}

/** In a phase, the service's counts cover the part between its first scrape and its last. */
function coveredBy({ measured, scope }: Seen) {
  const place = placeOf(scope);
  if (place === null || place.phase === null) return null;
  if (measured.kind === 'nothing' || measured.kind === 'moment') return null;
  const { fromSeconds, toSeconds } = place.frame;
  const seconds = Number((toSeconds - fromSeconds).toFixed(3));
  const whole = Number((place.phase.toSeconds - place.phase.fromSeconds).toFixed(3));
  // A run with looks has a single phase, and a look judges the beginning of that phase.
  const isLook = place.phase.isFirst && !place.phase.isLast && place.isSequential;
  return {
    told: { from: rfc3339(fromSeconds), to: rfc3339(toSeconds), seconds },
    reason: reason('phase-covered', {
      ...{ fromSeconds, toSeconds, seconds, phaseSeconds: whole },
      ...(isLook ? { isFirstPart: true } : {}),
    }),
  };
}

/**
 * If the harness sent no load, the counts cover more than the window: from the last scrape before it to the
 * first after it.
 */
function spanOf({ measured, scope }: Seen) {
  const place = placeOf(scope);
  if (place === null || place.phase !== null) return null;
  const span = measured.kind === 'nothing' || measured.kind === 'moment' ? null : countedSpan(place.frame);
  if (span === null) return null;
  const { fromSeconds, toSeconds } = span;
  const seconds = Number((toSeconds - fromSeconds).toFixed(3));
  const asked = Number((place.frame.toSeconds - place.frame.fromSeconds).toFixed(3));
  return {
    told: { from: rfc3339(fromSeconds), to: rfc3339(toSeconds), seconds },
    reason: reason('window-covered', { fromSeconds, toSeconds, seconds, askedSeconds: asked }),
  };
}

function uncountedIn(measured: Measured): Pick<ObjectiveVerdict, 'uncounted'> {
  if (measured.kind === 'share' && measured.uncounted !== undefined) return { uncounted: measured.uncounted };
  if (measured.kind === 'number' && measured.uncounted !== undefined)
    return { uncounted: measured.uncounted.atMost };
  return {};
}

function measuredValue(measured: Measured): number | null {
  if (measured.kind === 'nothing') return null;
  if (measured.kind === 'moment') return measured.seconds;
  return measured.kind === 'census' ? measured.up / measured.samples : measured.value;
}

/** Rounds away the floating-point error of a subtraction. */
const tidy = (value: number | null) => (value === null ? null : Number(value.toPrecision(12)));

const censusMargin = ({ target }: PlannedObjective, measured: Measured, verdict: ObjectiveOutcome) =>
  measured.kind === 'census' && verdict !== 'undecided'
    ? measured.up / measured.samples - target.value
    : null;

/** If the limit lies between two bucket edges, the lowest or highest possible share, whichever decided. */
function measuredShare(measured: Measured, verdict: ObjectiveOutcome): number | null {
  if (measured.kind === 'share' && measured.between !== undefined && verdict === 'missed')
    return measured.share + measured.between.bad / measured.samples;
  if (measured.kind === 'share') return measured.share;
  return measured.kind === 'census' ? measured.up / measured.samples : null;
}
