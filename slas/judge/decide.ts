import { holds } from '../document/limits.ts';
import { endsOf, type Measured } from '../measures/measure.ts';
import type { Limit, PlannedObjective, Precondition } from '../model/model.ts';
import { reason } from '../model/reasons.ts';
import { compareShare } from '../statistics/statistics.ts';
import { type Count, decideShare, type Grounds, lostBeyondDoubt } from './decide-share.ts';
import {
  brokenBy,
  met,
  missed,
  ONLY_CUT_SHORT,
  tooFew,
  uncountedReasons,
  undecided,
  undecidedFor,
} from './decisions.ts';
import type { Decision } from './ruling.ts';

/** Compares what was observed of one objective with its limit: met, missed or undecided. */

/**
 * Preconditions without which counts mean nothing. A census of scrapes depends only on its edges, which it
 * checks itself.
 */
const COUNTS_REST_ON = [
  'targets-distinct',
  'clocks-agree',
  'service-not-restarted',
  'load-delivered',
  'generator-on-time',
  'answers-right',
  'client-and-server-agree',
  'nothing-died',
];
/** Preconditions without which client-side latency means nothing. None of them needs a scrape. */
const CLIENT_RESTS_ON = ['load-delivered', 'generator-on-time', 'answers-right', 'nothing-died'];

/** Decides by the service's own series. */
export function decide(objective: PlannedObjective, measured: Measured, grounds: Grounds): Decision {
  const broken = brokenAmong(COUNTS_REST_ON, grounds);
  switch (measured.kind) {
    case 'nothing':
      return lostBeyondDoubt(objective, grounds) ?? undecided(measured.reasons);
    case 'census':
      return decideCensus(objective, measured, brokenAmong(['targets-distinct'], grounds));
    case 'share':
      return decideShare(objective, measured, broken, grounds);
    case 'number':
      return decideNumber(objective, measured, restsOn(objective, broken));
    case 'moment':
      return decideMoment(objective, measured, broken);
    default:
      return measured satisfies never;
  }
}

/** A peak does not need distinct targets: the highest value stays the same if a process is scraped twice. */
const restsOn = ({ measure }: PlannedObjective, broken: readonly Precondition[]) =>
  measure.kind === 'peak' ? broken.filter(({ id }) => id !== 'targets-distinct') : broken;

const brokenAmong = (ids: readonly string[], { preconditions }: Grounds) =>
  preconditions.filter(({ id, ok }) => ok === false && ids.includes(id));

/** Decides by client-side data, which needs no scrape. */
export const decideAtClient = (objective: PlannedObjective, counted: Count, grounds: Grounds) =>
  decideShare(objective, counted, brokenAmong(CLIENT_RESTS_ON, grounds), grounds);

function decideNumber(
  { measure, target, alert, leastSamples, unit }: PlannedObjective,
  measured: Measured & { kind: 'number' },
  broken: readonly Precondition[],
): Decision {
  const { samples, value, uncounted, outside } = measured;
  const seen = [
    ...measured.reasons,
    ...uncountedReasons(uncounted?.atMost ?? 0, measured.uncountedWhy),
    ...(outside === undefined ? [] : [reason('some-outside-window', {})]),
  ];
  if (!Number.isFinite(value))
    return undecidedFor([reason('value-not-finite', { value: String(value) })], seen);
  if (broken.length > 0) return undecidedFor([brokenBy(broken[0]!)], seen);
  // Even if there are too few events to prove that a rate was reached, they can prove that it was not reached, or that it stayed below its
  // limit.
  const isRate = measure.kind === 'throughput';
  const isShort = isRate && !(target.comparison.startsWith('>') && holds(value, target));
  if (samples < leastSamples && !isShort)
    return undecidedFor([tooFew(isRate ? 'event' : 'observation', samples, leastSamples)], seen);
  // The requests that terminated replicas took after their last scrape may have had the worst values, or the best.
  const { low, high } = endsOf(measured);
  const ends = [low, high];
  if (ends.every((end) => holds(end, target))) return { ...met(seen), isWhole: true };
  if (ends.some((end) => holds(end, target)))
    return undecided([...seen, reason('value-between', { low, high, unit, target: target.text })]);
  return { ...missed(seen, alert !== null && ends.every((end) => holds(end, alert))), isWhole: true };
}

/** If the first good interval comes after the limit, the objective is missed. The rest of the load cannot change that. */
function decideMoment(
  { target, alert }: PlannedObjective,
  { seconds, isBack, reasons }: Measured & { kind: 'moment' },
  broken: readonly Precondition[],
): Decision {
  const seen = reasons;
  const isLate = !holds(seconds, target);
  const isCutShort = broken.length > 0 && broken.every(({ id }) => ONLY_CUT_SHORT.includes(id));
  if (isLate && (broken.length === 0 || isCutShort)) {
    const despite = isCutShort ? [reason('certain-despite', { because: [brokenBy(broken[0]!)] })] : [];
    const late = missed([...seen, ...despite], alert !== null && holds(seconds, alert));
    return isBack ? late : { ...late, bucket: [seconds, null] };
  }
  if (broken.length > 0) return undecidedFor([brokenBy(broken[0]!)], seen);
  return isBack ? met(seen) : undecided([...seen, reason('load-ended-before-recovery', {})]);
}

/** Unknown states are judged once as up and once as down. The objective is decided only if both give the same result. */
function decideCensus(
  { target, alert, leastSamples }: PlannedObjective,
  { samples, up, unknown, reasons: seen, outside }: Measured & { kind: 'census' },
  broken: readonly Precondition[],
): Decision {
  if (broken.length > 0) return undecidedFor([brokenBy(broken[0]!)], seen);
  if (samples < leastSamples) return undecidedFor([tooFew('scrape', samples, leastSamples)], seen);
  const keeps = (limit: Limit, upCount: number, all = samples) =>
    holds(compareShare(upCount, all, limit.value), { ...limit, value: 0 });
  const [worst, best] = [keeps(target, up), keeps(target, up + unknown)];
  if (worst !== best) return undecided(seen);
  if (outside !== undefined && keeps(target, up - outside.up, samples - outside.samples) !== worst)
    return undecided([...seen, reason('scrapes-outside-would-decide', { scrapes: outside.samples })]);
  if (worst) return met(seen);
  return missed(seen, alert !== null && keeps(alert, up + unknown));
}
