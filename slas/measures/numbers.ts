import { countBlocks, secondBlocks } from '../blocks.ts';
import type { PlannedMeasure, RunRecord } from '../model.ts';
import { formatCount } from '../numbers.ts';
import { countIncreases, type Frame, type Increase, total } from '../window.ts';
import { keyOf, type Measured, nothing } from './measured.ts';

/** Rates and means: compared as they are. */

export function measureThroughput(
  planned: PlannedMeasure & { kind: 'throughput' },
  run: RunRecord,
  frame: Frame,
  requests: string | null,
): Measured {
  const counted = countIncreases(planned.counter, frame);
  if (!counted.ok) return nothing(counted.reason);
  const samples = total(counted.increases);
  const blocks = secondBlocks(counted.increases, frame);
  if (run.load !== null) {
    const scheduled = run.load.scheduledSeconds;
    const words = `${formatCount(samples)} good answers in the ${Number(scheduled.toFixed(3))} s over which load was scheduled`;
    return { kind: 'number', samples, value: samples / scheduled, words, blocks };
  }
  const asked = requests === null ? counted : countIncreases(requests, frame, 'zero');
  if (!asked.ok) return nothing(asked.reason);
  if (total(asked.increases) === 0)
    return nothing('no request was made in the window: there was no load to carry');
  const value = counted.increases.reduce(
    (sum, { increase, target }) => sum + increase / (target.closeSeconds - target.openSeconds),
    0,
  );
  return {
    kind: 'number',
    samples,
    value,
    words: `${formatCount(samples)} good answers between the scrapes that were subtracted`,
    blocks,
  };
}

export function measureMean(planned: PlannedMeasure & { kind: 'mean' }, frame: Frame): Measured {
  const sums = countIncreases(planned.sum, frame);
  if (!sums.ok) return nothing(sums.reason);
  const counts = countIncreases(planned.count, frame);
  if (!counts.ok) return nothing(counts.reason);
  const single = unpaired(sums.increases, counts.increases) ?? unpaired(counts.increases, sums.increases);
  if (single !== null)
    return nothing(`${planned.sum} and ${planned.count} must pair, and ${single} stands alone`);
  const samples = total(counts.increases);
  if (samples === 0) return nothing('nothing was observed in the window');
  return {
    kind: 'number',
    samples,
    value: total(sums.increases) / samples,
    words: `the mean of ${formatCount(samples)} observations`,
    blocks: countBlocks(sums.increases, counts.increases, frame),
  };
}

/** A series of the one that the other has no partner for: the same labels but for the name. */
function unpaired(some: readonly Increase[], others: readonly Increase[]): string | null {
  const keys = new Set(others.map(({ labels }) => keyOf(labels, '__name__')));
  const single = some.find(({ labels }) => !keys.has(keyOf(labels, '__name__')));
  return single === undefined ? null : JSON.stringify(single.labels);
}
