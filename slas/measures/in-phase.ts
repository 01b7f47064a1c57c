import { answeredWith, isLost, requestsOf } from '../client/requests.ts';
import { holds } from '../document/limits.ts';
import type { ClientRequests, Limit, PlannedMeasure, PlannedObjective, RunRecord } from '../model/model.ts';
import { countOf, formatCount, were } from '../render/numbers.ts';
import { compareShare } from '../statistics/statistics.ts';
import { type AcrossEdges, acrossEdges, type PhaseTimes } from '../window/phases.ts';
import type { Frame } from '../window/window.ts';
import { type Measured, nothing } from './measured.ts';

/**
 * What the service counted inside a phase is not quite what was sent in it: answers to earlier requests are among it, and
 * requests that were in flight at the last scrape are not. Both are known from the client's record of the whole run, and
 * neither may make a verdict: what they could change is undecided.
 */
export function allowForEdges(
  measured: Measured,
  { measure, target }: PlannedObjective,
  phase: PhaseTimes,
  run: RunRecord,
  inPhase: RunRecord,
  frame: Frame,
): Measured {
  // What a gauge said at the scrapes of a phase is nobody else's.
  if (measure.kind === 'peak') return measured;
  if (measured.kind !== 'share' && measured.kind !== 'number') return measured;
  const isByClient = measure.kind === 'latency' && measure.clientPath !== null;
  if (!frame.isIsolated && !isByClient)
    return nothing('others send requests, too: which were in flight at the edges of the phase is not known');
  const across = acrossEdges(phase, run, frame);
  if (across === null)
    return nothing(
      'the load generator left no record of its requests: which were in flight at the edges of the phase is not known',
    );
  if (measured.kind === 'number') return allowForFew(measured, across);
  const { carriedIn } = across;
  if (measure.kind === 'latency' && measure.clientPath !== null) {
    // The client's clock judges every request that was sent in the phase: what was in flight is not lost to it.
    const others = carriedIn.filter(({ path }) => path === measure.clientPath).length;
    return withDoubt(measured, others, others === 0 ? '' : carried(others));
  }
  if (measure.kind === 'ratio') {
    const hidden = badByClient(measured, measure, target, inPhase.load!.client);
    if (hidden !== null) return nothing(hidden);
  }
  const lostIsBad = measure.kind === 'ratio' && measure.lost === 'bad';
  const lost = lostIsBad ? inPhase.load!.lost : 0;
  const open = across.inFlight.filter((one) => !(lostIsBad && isLost(one))).length;
  const late = measure.kind === 'ratio' ? answeredLate(measured.bad - lost, measure, across, inPhase) : 0;
  const before = carriedIn.length + late;
  const words = [
    ...(open === 0
      ? []
      : [
          `${formatCount(open)} more ${were(open)} in flight at the last scrape of the phase, and may be bad`,
        ]),
    ...(before === 0 ? [] : [carried(before)]),
  ];
  // The service may have counted a lost request as bad, too.
  const twice = Math.min(lost, Math.max(0, measured.bad - lost));
  return {
    ...withDoubt(measured, before + twice, words.join('; ')),
    mayBeBad: (measured.mayBeBad ?? 0) + open,
  };
}

/** What the client gave up on before the phase may be among the bad ones: as many as it did not see itself in the phase. */
function answeredLate(
  countedBad: number,
  { badStatus }: Ratio,
  { givenUp }: AcrossEdges,
  { load }: RunRecord,
): number {
  const seenBad = badStatus === null ? 0 : answeredWith(requestsOf(load!.client), badStatus).length;
  return Math.min(givenUp.length, Math.max(0, countedBad - seenBad));
}

/**
 * Between a phase's first request and its first scrape the service's counts say nothing. Where the client's answers would
 * break the target, and what was counted does not, some were bad then.
 */
function badByClient(
  { bad, samples }: Share,
  { badStatus, totalStatus, lost }: Ratio,
  target: Limit,
  client: ClientRequests | undefined,
): string | null {
  if (client === undefined || badStatus === null) return null;
  const requests = requestsOf(client);
  const lostOnes = lost === 'bad' ? requests.filter(isLost).length : 0;
  const seenBad = lostOnes + answeredWith(requests, badStatus).length;
  const seen = lostOnes + answeredWith(requests, totalStatus).length;
  const isKept = (part: number, all: number) =>
    all > 0 && holds(compareShare(part, all, target.value), { ...target, value: 0 });
  if (!isKept(bad, samples) || isKept(seenBad, seen)) return null;
  return `of ${countOf(seen, 'request')} that ${were(seen)} sent in the phase the client saw ${formatCount(seenBad)} bad, and the service counted ${formatCount(bad)} of ${formatCount(samples)} between the scrapes in it`;
}

const carried = (count: number) => `up to ${formatCount(count)} of them were sent before the phase`;

type Share = Measured & { kind: 'share' };
type Ratio = PlannedMeasure & { kind: 'ratio' };

const withDoubt = (measured: Share, doubtful: number, words: string): Share => ({
  ...measured,
  doubtful: Math.min((measured.doubtful ?? 0) + doubtful, measured.samples),
  words: words === '' ? measured.words : `${measured.words}; ${words}`,
});

/** As many requests as a load may be off its plan. */
const FEW = 0.02;

/** A mean and a rate cannot tell whose they are: with more than a few across the edges they are not judged. */
function allowForFew(measured: Measured & { kind: 'number' }, across: AcrossEdges): Measured {
  const some = Math.max(across.carriedIn.length, across.inFlight.length);
  if (some <= FEW * measured.samples) return measured;
  return nothing(
    `${countOf(across.carriedIn.length, 'request')} came into the phase unanswered and ${formatCount(across.inFlight.length)} left it so: more than 2% of the ${formatCount(measured.samples)} that were counted (${measured.words})`,
  );
}
