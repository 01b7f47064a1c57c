import { holds } from '../document/limits.ts';
import type {
  LookVerdict,
  ObjectiveVerdict,
  Outcome,
  Plan,
  PlannedObjective,
  Sequential,
  Verdict,
} from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';

/**
 * A run that lasts until it is decided. Each interim look judges the requests sent so far, with bounds at
 * the look's own confidence. If the load was stopped at a look, that look decides the verdict. Otherwise
 * the load is judged as a whole, with the remaining error probability.
 */

/** The functions that judge one look: the whole run at a given confidence, or its first seconds. */
export interface LookJudge {
  readonly part: (atSeconds: number, confidence: number) => Verdict;
  readonly whole: (confidence: number) => Verdict;
}

/** @param recordedSeconds how long the load ran */
export function judgeLooks(
  { looks, maxSeconds, atLeastSeconds, missLooks }: Sequential,
  stoppedAtSeconds: number | null,
  recordedSeconds: number,
  { part, whole }: LookJudge,
): Verdict {
  const last = looks.at(-1)!;
  const stopped = looks.slice(0, -1).findIndex(({ atSeconds }) => atSeconds === stoppedAtSeconds);
  const past =
    stopped === -1
      ? looks.slice(0, -1).filter(({ atSeconds }) => atSeconds <= recordedSeconds)
      : looks.slice(0, stopped + 1);
  const judged = past.map(({ atSeconds, confidence }) => ({
    atSeconds,
    confidence,
    verdict: part(atSeconds, confidence),
  }));
  const decisive = stopped === -1 ? undefined : judged.at(-1);
  const isMiss = ({ atSeconds }: Judged) => {
    if (missLooks === undefined) return true;
    const strict = missLooks.find((one) => one.atSeconds === atSeconds);
    return strict !== undefined && part(atSeconds, strict.confidence).verdict === 'fail';
  };
  const isDecisive =
    decisive !== undefined &&
    isDecided(decisive.verdict.verdict, decisive, atLeastSeconds) &&
    (decisive.verdict.verdict !== 'fail' || isMiss(decisive));
  // A load that was stopped without a decision is cut short, like any other.
  const verdict = isDecisive ? decisive.verdict : whole(last.confidence);
  const atEnd = { ...last, verdict };
  return {
    ...verdict,
    sequential: {
      maxSeconds,
      atLeastSeconds,
      decidedAtSeconds: isDecisive ? decisive.atSeconds : null,
      looks: (isDecisive ? judged : [...judged, atEnd]).map(lookOf),
    },
  };
}

/** One missed objective decides at once; a pass needs the shortest duration, because rare events need time to occur. */
const isDecided = (
  outcome: Outcome,
  { atSeconds }: { readonly atSeconds: number },
  atLeastSeconds: number,
): boolean => outcome === 'fail' || (outcome === 'pass' && atSeconds >= atLeastSeconds);

interface Judged {
  readonly atSeconds: number;
  readonly confidence: number;
  readonly verdict: Verdict;
}

const lookOf = ({ atSeconds, confidence, verdict }: Judged): LookVerdict => ({
  atSeconds,
  confidence,
  verdict: verdict.verdict,
  objectives: verdict.objectives.map(({ id, verdict: own, share, value, interval }) => ({
    id,
    verdict: own,
    share,
    value,
    interval,
  })),
});

/** The remaining duration of the planned load after a look, as a multiple of the time until the look. */
const restAfter = (atSeconds: number, { scheduledSeconds }: NonNullable<Plan['load']>) =>
  (scheduledSeconds - atSeconds) / atSeconds;

/** Uptime is a count of all scrapes: it is missed early only if later scrapes could not make up for it. */
export function mayRecover(
  verdict: ObjectiveVerdict,
  { measure, target }: PlannedObjective,
  atSeconds: number,
  load: NonNullable<Plan['load']>,
): ObjectiveVerdict {
  if (measure.kind !== 'uptime' || verdict.verdict !== 'missed' || verdict.share === null) return verdict;
  const rest = restAfter(atSeconds, load);
  if (!holds((verdict.share + rest) / (1 + rest), target)) return verdict;
  return undecided(verdict, reason('scrapes-to-come', {}));
}

/** Decides only if the outcome is the same in both cases: all requests in flight end fast, or all remain unanswered. */
export function bothWays(best: ObjectiveVerdict, worst: ObjectiveVerdict): ObjectiveVerdict {
  return best.verdict === worst.verdict ? best : undecided(best, reason('requests-may-be-open', {}));
}

/** What came after the look until it was judged decides nothing, unless the target is missed with it: a pass must not ignore that. */
export function stillMet(
  verdict: ObjectiveVerdict,
  { measure }: PlannedObjective,
  untilNow: ObjectiveVerdict,
): ObjectiveVerdict {
  // The rate of a load that is being stopped is lower.
  if (measure.kind === 'throughput' || verdict.verdict !== 'met' || untilNow.verdict !== 'missed')
    return verdict;
  return undecided(verdict, ...untilNow.reasons);
}

const undecided = (verdict: ObjectiveVerdict, ...because: readonly Reason[]): ObjectiveVerdict => ({
  ...verdict,
  verdict: 'undecided',
  severity: null,
  value: null,
  share: null,
  bucket: null,
  reasons: [reason('seen-so-far', { because, seen: verdict.reasons })],
});
