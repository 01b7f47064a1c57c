import { isLost, startsWhere } from '../client/requests.ts';
import { keyOf } from '../model/labels.ts';
import type { PlannedMeasure, RunRecord } from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import { countBlocks } from '../window/blocks.ts';
import { type Increase, total } from '../window/increases.ts';
import { outsideOf } from '../window/outside.ts';
import { uncountedOf } from '../window/uncounted.ts';
import { countIncreases, type Frame } from '../window/window.ts';
import { absenceOf, lackingOf } from './absence.ts';
import { notACounter } from './counters.ts';
import { type Measured, nothing, orNone, orNowhere, partialEvent } from './measured.ts';
import { withoutNone } from './none-words.ts';
import { notPartOf } from './part-of.ts';
import { answersWith, errorsSeenBeyond, strangersIn } from './seen-errors.ts';
import { unclaimedBy } from './unclaimed.ts';

export { answersWith };

/** Measures errors over all events, including requests that only the client knows of. `run` may be a phase of the `whole` run. */

export function measureRatio(
  planned: PlannedMeasure & { kind: 'ratio' },
  run: RunRecord,
  frame: Frame,
  whole: RunRecord,
  {
    countsScrapes = false,
    confidence,
  }: { readonly countsScrapes?: boolean; readonly confidence: number | null },
): Measured {
  const gauge = notACounter(planned.bad, frame) ?? notACounter(planned.total, frame);
  if (gauge !== null) return nothing(gauge);
  const bad = countIncreases(planned.bad, frame, planned.badAbsent);
  if (!bad.ok) return nothing(bad.error);
  // The first error may create its series during the window. The total must also have counted that error.
  const badOnes = new Set(bad.value.map(({ labels }) => keyOf(labels)));
  const all = countIncreases(planned.total, frame, null, (labels) => badOnes.has(keyOf(labels)));
  if (!all.ok) return nothing(all.error);
  const part =
    partialEvent([...bad.value, ...all.value]) ??
    notPartOf(planned, bad.value, all.value, frame) ??
    lackingOf(planned, bad.value, all.value, frame);
  if (part !== null) return nothing(part);
  const { errors, reasons: noErrors } = withoutNone(planned, bad.value, frame);
  const missed = blindSpot(planned, errors, run);
  if (missed !== null) return nothing(missed);
  const lost = planned.lost === 'bad' ? (run.load?.lost ?? 0) : 0;
  const [counted, countedBad] = [total(all.value) - scrapesIn(planned.total, frame), total(errors)];
  const seen = frame.isIsolated
    ? withLost(planned, counted, countedBad, lost, run)
    : amongOthers(counted, countedBad, lost);
  const claims = unclaimedBy(planned, seen.badCount, all.value, frame, whole);
  if (!claims.ok) return nothing(claims.error);
  const unclaimed = claims.value;
  const absence = bad.value.length > 0 ? null : absenceOf(planned, frame, run);
  if (absence?.ok === false) return nothing(absence.error, ...unclaimed.reasons);
  const known = unclaimed.bad > 0 ? Math.min(unclaimed.outside, unclaimed.bad) : 0;
  const samples = seen.samples + known;
  const badCount = Math.min(samples, seen.badCount + unclaimed.bad);
  const uncounted = uncountedOf(all.value, frame);
  const beyond = errorsSeenBeyond(
    planned,
    { bad: countedBad + unclaimed.bad, samples, uncounted },
    run,
    run !== whole && confidence == null,
  );
  const mayBeBad = Math.max(unclaimed.mayBeBad, beyond.mayBe.mayBeBad);
  if (samples === 0 && mayBeBad === 0) return nothing(reason('no-request-counted', {}));
  const share = samples === 0 ? 0 : badCount / samples;
  return {
    kind: 'share',
    samples,
    ...orNone(uncounted, frame),
    ...orNowhere(
      { all: outsideOf(all.value, frame), bad: outsideOf(errors, frame, all.value) },
      strangersIn(counted, run, whole, frame, countsScrapes),
    ),
    bad: badCount,
    badBeyondAlert: badCount,
    value: share,
    share,
    bucket: null,
    reasons: [
      reason('requests-failed', { bad: badCount, samples, unanswered: lost }),
      ...(absence === null ? [] : [absence.value]),
      ...noErrors,
      ...unclaimed.reasons,
      ...beyond.reasons,
    ],
    ...(mayBeBad === 0
      ? {}
      : { unclaimed: { mayBeBad, outside: Math.max(unclaimed.outside, beyond.mayBe.outside) } }),
    blocks: countBlocks(errors, all.value, frame, {
      part: Math.max(0, badCount - total(errors)),
      total: Math.max(0, samples - total(all.value)),
      sentAtSeconds: lostAt(run),
    }),
    lower: [],
  };
}

/** Scrapes are not requests of users. If the total included them, the share of errors would be too low. */
export const scrapesIn = (total: string, { scrapes }: Frame) =>
  scrapes?.selector === total ? scrapes.requests : 0;

/** Errors that the client saw and the service did not count. */
function blindSpot(
  { badStatus }: PlannedMeasure & { kind: 'ratio' },
  bad: readonly Increase[],
  { load }: RunRecord,
): Reason | null {
  const client = load?.answered['5xx'] ?? 0;
  const counted = total(bad);
  // An error counter that is not selected by status may count only some of the errors. For a counter with a status, seen-errors.ts adds the
  // errors that it may have missed.
  if (counted > 0 && badStatus !== null) return null;
  return client > counted ? reason('client-saw-more-errors', { client, counted }) : null;
}

/** When the unanswered requests were sent, if the client recorded it. */
const lostAt = ({ load }: RunRecord): Float64Array => startsWhere(load?.client, isLost);

/** All requests that were counted or unanswered, and the failed ones among them. Each request counts once. */
function withLost(
  { totalStatus, badStatus }: PlannedMeasure & { kind: 'ratio' },
  counted: number,
  countedBad: number,
  lost: number,
  run: RunRecord,
) {
  const seen = answersWith(
    totalStatus,
    run,
    ({ answered }) => answered['1xx'] + answered['2xx'] + answered['3xx'] + answered['5xx'],
  );
  const seenBad = answersWith(badStatus, run, ({ answered }) => answered['5xx']);
  const samples = addLost(counted, lost, seen, run);
  return { samples, badCount: Math.min(samples, addLost(countedBad, lost, seenBad, run)) };
}

/**
 * The service's count, plus the unanswered requests that it lacks. Counts in excess of the responses that
 * the client received are unanswered requests: a request that the client gave up on may be counted as a
 * 200, as a 499, as a 5xx, or not at all. If the load was cut short, any further ones were in flight when
 * the harness stopped it, and are not errors.
 */
export function addLost(counted: number, lost: number, seenByClient: number, { load }: RunRecord): number {
  const beyond = Math.max(0, counted - seenByClient);
  return counted + lost - (load?.completed === false ? beyond : Math.min(lost, beyond));
}

/**
 * If other clients also send requests, the excess over the load generator's responses may come from them.
 * The worst case is assumed: no unanswered request was counted as an error, and all of them are in the
 * total already.
 */
const amongOthers = (counted: number, countedBad: number, lost: number) => {
  const samples = Math.max(counted, lost);
  return { samples, badCount: Math.min(samples, countedBad + lost) };
};
