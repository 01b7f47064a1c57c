import { judgedRequests } from '../client/client.ts';
import { slotsOf } from '../client/slots.ts';
import type { PlannedMeasure, PlannedObjective, RunRecord } from '../model/model.ts';
import { are, countOf, formatCount, formatValue } from '../render/numbers.ts';
import { totalsOf } from '../statistics/design-effect.ts';
import { budgetOf, compareShare } from '../statistics/statistics.ts';
import { type Measured, nothing } from './measured.ts';

/**
 * How long after a phase the client's latencies were back. Judged are stretches of the next phase that begin at each of its
 * seconds and hold as many requests as the percentile needs: a second alone holds too few to tell. The latency is back from
 * the first second on after which no stretch is beyond the target.
 */
export function measureRecovery(
  planned: PlannedMeasure & { kind: 'recovery' },
  { phase, leastSamples }: PlannedObjective,
  { load }: RunRecord,
): Measured {
  if (load?.client === undefined)
    return nothing(
      'the load generator left no record of its requests: only the client sees when they are answered in time again',
    );
  const { path, percentile, withinSeconds } = planned;
  const requests = judgedRequests(load.client, path);
  const slots = slotsOf(requests, ({ seconds }) => seconds > withinSeconds);
  let [stretches, lastBeyond, end] = [0, -1, 0];
  let [part, total] = [0, 0];
  for (let begin = 0; begin < slots.length; begin++) {
    while (end < slots.length && total < leastSamples) {
      part += slots[end]!.part;
      total += slots[end++]!.total;
    }
    if (total < leastSamples) break;
    stretches++;
    if (compareShare(part, total, budgetOf(percentile)) > 0) lastBeyond = begin;
    part -= slots[begin]!.part;
    total -= slots[begin]!.total;
  }
  const samples = requests.length;
  if (stretches === 0)
    return nothing(
      `${countOf(samples, 'request')} after phase "${phase}" ${are(samples)} too few: ${formatCount(leastSamples)} could show that it is over`,
    );
  const bad = totalsOf(slots).part;
  const isBack = lastBeyond < stretches - 1;
  const told = `${formatCount(bad)} of the ${countOf(samples, 'request')} after phase "${phase}" took more than ${formatValue(withinSeconds, 'seconds')} at the client`;
  return {
    kind: 'moment',
    samples,
    seconds: lastBeyond + 1,
    isBack,
    words: isBack
      ? `${told}, and from ${lastBeyond + 1} s on the p${percentile} was within it`
      : `${told}, up to the end: the p${percentile} did not come back within it`,
  };
}
