import { countWhere, isLost, startsWhere } from '../client/requests.ts';
import { claimsCode } from '../document/statuses.ts';
import { keyOf } from '../model/labels.ts';
import type { PlannedMeasure, RunRecord } from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import type { Block } from '../statistics/design-effect.ts';
import { countBlocks } from '../window/blocks.ts';
import { type Increase, total } from '../window/increases.ts';
import { outsideOf } from '../window/outside.ts';
import { uncountedOf } from '../window/uncounted.ts';
import { countIncreases, type Frame } from '../window/window.ts';
import { notACounter } from './counters.ts';
import { type Measured, nothing, orNone, orNowhere, partialEvent } from './measured.ts';
import { addLost, answersWith, scrapesIn } from './ratio.ts';
import { beyondCounted, strangersIn } from './seen-errors.ts';

/**
 * Measures good events over all events. Every event that the document does not select as good is bad, so no error can be missing from a
 * list. `run` may be a phase.
 */

type Success = PlannedMeasure & { kind: 'success' };

interface Around {
  /** The whole run; `run` may be one of its phases. */
  readonly whole: RunRecord;
  readonly isPhase: boolean;
  readonly countsScrapes?: boolean | undefined;
  readonly confidence: number | null;
}

export function measureSuccess(
  planned: Success,
  run: RunRecord,
  frame: Frame,
  { whole, isPhase, countsScrapes = false, confidence }: Around,
): Measured {
  const gauge = notACounter(planned.good, frame) ?? notACounter(planned.total, frame);
  if (gauge !== null) return nothing(gauge);
  const isOneMetric = frame.selectedBy(planned.good).metric === frame.selectedBy(planned.total).metric;
  // Good events without a series are unknown, because the selector may be misspelt, unless the client saw none either.
  const sawNone = isOneMetric && run.load !== null && run.load.answered['2xx'] === 0;
  const good = countIncreases(planned.good, frame, sawNone ? 'zero' : null);
  if (!good.ok) return nothing(good.error);
  const goodOnes = new Set(good.value.map(({ labels }) => keyOf(labels)));
  const all = countIncreases(planned.total, frame, null, (labels) => goodOnes.has(keyOf(labels)));
  if (!all.ok) return nothing(all.error);
  const wrong = partialEvent([...good.value, ...all.value]) ?? notAmong(good.value, all.value, isOneMetric);
  if (wrong !== null) return nothing(wrong);
  const lost = planned.lost === 'bad' ? (run.load?.lost ?? 0) : 0;
  // A scrape is not a request of a user. Its 200 counts as good, and must not make up for a failed request.
  const counted = total(all.value) - scrapesIn(planned.total, frame);
  const countedGood = Math.max(0, counted - (total(all.value) - total(good.value)));
  const { samples, goodCount } = frame.isIsolated
    ? withLost(planned, counted, countedGood, lost, run)
    : amongOthers(counted, countedGood, lost);
  if (samples === 0) return nothing(reason('no-request-counted', {}));
  const bad = samples - goodCount;
  const uncounted = uncountedOf(all.value, frame);
  // In a phase, responses at its edges may be counted in another one; in-phase.ts compares all of them.
  const client = isPhase ? (run.load?.answered['5xx'] ?? 0) : failedAtClient(planned, run);
  if (client > bad + uncounted) return nothing(reason('client-saw-more-errors', { client, counted: bad }));
  const outside = outsideOf(all.value, frame);
  // The observed value of a phase is compared in in-phase.ts.
  const seen = isPhase && confidence != null ? failedAtClient(planned, run) : 0;
  const beyond = beyondCounted(seen, { bad: bad - lost, samples, uncounted }, run);
  return {
    kind: 'share',
    samples,
    ...orNone(uncounted, frame),
    ...orNowhere(
      { all: outside, bad: Math.min(bad, outside) },
      strangersIn(counted, run, whole, frame, countsScrapes),
    ),
    bad,
    badBeyondAlert: bad,
    value: goodCount / samples,
    share: goodCount / samples,
    bucket: null,
    reasons: [
      reason('requests-succeeded', { good: goodCount, samples, unanswered: lost }),
      ...beyond.reasons,
    ],
    ...(beyond.mayBe.mayBeBad === 0 ? {} : { unclaimed: beyond.mayBe }),
    blocks: badBlocks(good.value, all.value, samples - total(all.value), frame, run),
    lower: [],
  };
}

/** Responses that the client received and that are not good, including those of routes that the counters leave out. */
function failedAtClient({ goodStatus, totalStatus }: Success, { load }: RunRecord): number {
  if (load === null) return 0;
  const isGood = goodStatus === null ? (status: string) => !FAILED.test(status) : claimsCode(goodStatus);
  const isCounted = totalStatus === null ? () => true : claimsCode(totalStatus);
  const isFailed = (status: string) => isCounted(status) && !isGood(status);
  if (load.client !== undefined)
    return countWhere(load.client, (one) => !isLost(one) && isFailed(one.status));
  const { answered } = load;
  // Without a record of each response, a whole class counts as good if its most common status does.
  const classes = [
    ['302', answered['3xx']],
    ['404', answered['4xx']],
    ['500', answered['5xx']],
  ] as const;
  return classes.reduce((sum, [status, count]) => sum + (isFailed(status) ? count : 0), 0);
}

/** Neither successful nor a client error. */
const FAILED = /^(3..|429|5..)$/;

/** Good events must be a part of all events. If they cannot be, the two selectors contradict each other. */
function notAmong(good: readonly Increase[], all: readonly Increase[], isOneMetric: boolean): Reason | null {
  const contradiction = moreThanAll(good, all);
  if (contradiction !== null) return reason('more-good-than-total', contradiction);
  if (!isOneMetric) return null;
  const known = new Set(all.map(({ labels }) => keyOf(labels)));
  const outside = good.find(({ labels, increase }) => increase > 0 && !known.has(keyOf(labels)));
  return outside === undefined
    ? null
    : reason('good-outside-total', { count: outside.increase, labels: outside.labels });
}

/** Checked for each scrape target separately, because a sum over all targets could hide a target that counts its good events twice. */
function moreThanAll(good: readonly Increase[], all: readonly Increase[]) {
  const totals = Map.groupBy(all, ({ target }) => target);
  for (const [target, own] of Map.groupBy(good, (one) => one.target)) {
    const [goodCount, allCount] = [total(own), total(totals.get(target) ?? [])];
    if (goodCount > allCount) return { good: goodCount, total: allCount };
  }
  return null;
}

/** A request that the client gave up on is bad, although the service may have counted it as good. */
function withLost(planned: Success, counted: number, countedGood: number, lost: number, run: RunRecord) {
  const seen = answersWith(
    planned.totalStatus,
    run,
    ({ answered }) => answered['1xx'] + answered['2xx'] + answered['3xx'] + answered['4xx'] + answered['5xx'],
  );
  const seenGood = answersWith(planned.goodStatus, run, ({ answered }) => answered['2xx']);
  const samples = addLost(counted, lost, seen, run);
  const givenUp = run.load === null ? 0 : Math.min(lost, Math.max(0, countedGood - seenGood));
  return { samples, goodCount: Math.min(samples - Math.min(samples, lost), countedGood - givenUp) };
}

/**
 * With other clients, it is unknown which unanswered requests the service counted. All of them are assumed to be among those counted as
 * good, and are subtracted.
 */
function amongOthers(counted: number, countedGood: number, lost: number) {
  const samples = Math.max(counted, lost);
  return { samples, goodCount: Math.max(0, countedGood - lost) };
}

/** Bad events between scrapes: counted events that are not good, and requests that were never answered. */
function badBlocks(
  good: readonly Increase[],
  all: readonly Increase[],
  added: number,
  frame: Frame,
  { load }: RunRecord,
): readonly Block[] {
  const extra = { part: 0, total: Math.max(0, added), sentAtSeconds: startsWhere(load?.client, isLost) };
  return countBlocks(good, all, frame, extra).map(({ part, total: of }) => ({
    part: Math.max(0, of - part),
    total: of,
  }));
}
