import { judgedRequests } from '../client/client.ts';
import { slowerBySecond } from '../client/requests.ts';
import type { PlannedMeasure, PlannedObjective, RunRecord } from '../model/model.ts';
import { reason } from '../model/reasons.ts';
import { totalsOf } from '../statistics/design-effect.ts';
import { budgetOf, compareShare } from '../statistics/statistics.ts';
import { type Measured, nothing } from './measured.ts';

/**
 * How long after a phase client-side latency was back within the limit. Each second of the next phase
 * starts an interval with as many requests as the percentile needs, because a single second has too few.
 * The latency is back from the first second after which no interval exceeds the limit.
 */
export function measureRecovery(
  planned: PlannedMeasure & { kind: 'recovery' },
  { phase, leastSamples }: PlannedObjective,
  { load }: RunRecord,
): Measured {
  if (load?.client === undefined) return nothing(reason('no-request-record', { lacking: 'recovery' }));
  const { path, percentile, withinSeconds } = planned;
  const requests = judgedRequests(load.client, path);
  const slots = slowerBySecond(requests, [withinSeconds])[0]!;
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
  const samples = requests.ordered.length;
  if (stretches === 0)
    return nothing(reason('recovery-too-few', { samples, phase: phase!, needed: leastSamples }));
  const isBack = lastBeyond < stretches - 1;
  const seen = reason('recovery', {
    slow: totalsOf(slots).part,
    samples,
    phase: phase!,
    withinSeconds,
    percentile,
    fromSeconds: isBack ? lastBeyond + 1 : null,
  });
  return {
    kind: 'moment',
    samples,
    seconds: lastBeyond + 1,
    isBack,
    reasons: [seen],
  };
}
