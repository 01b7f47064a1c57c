import { describe, expect, test } from 'vitest';
import type { CapacityRecord, StepRecord } from '../../slas/capacity/record.ts';
import { nextOf, type SearchSettings, type StepPlan } from '../../slas/capacity/search.ts';
import { changedReplicas, interruptedIn, withStep } from '../../slas/capacity/steps.ts';
import { stepOf } from './test-record.ts';

const settings: SearchSettings = {
  ...{ startPerSecond: 100, minPerSecond: 10, maxPerSecond: 5000, confidence: 0.95 },
  stepSeconds: { min: 20, climb: 20, max: 60, close: 120 },
  ...{ holdSeconds: 120, budgetSeconds: 3600, aroundSeconds: 8 },
};

const recordOf = (steps: readonly StepRecord[]) =>
  ({ settings, replicas: 1, steps }) as unknown as CapacityRecord;

/** Between 400/s and 416/s, a search holds. */
const beforeHold = recordOf([stepOf(100), stepOf(400), stepOf(416, 'missed')]);

function runAfter({ steps }: CapacityRecord): StepPlan {
  const next = nextOf(settings, steps);
  if (!('run' in next)) throw new Error('the search has ended');
  return next.run;
}

const interruptedAt = (record: CapacityRecord, tookSeconds: number | null) =>
  interruptedIn({ ...record, begun: runAfter(record) }, tookSeconds);

describe('an interrupted step', () => {
  test('is repeated at the same rate, but an interrupted hold has used its share of the error', () => {
    const first = runAfter(beforeHold);
    expect(first.kind).toBe('hold');
    const once = interruptedAt(beforeHold, 30);
    const second = runAfter(once);
    expect(second).toMatchObject({ kind: 'hold', ratePerSecond: first.ratePerSecond });
    expect(1 - second.confidence).toBeCloseTo((1 - first.confidence) / 2, 12);
    const third = runAfter(interruptedAt(once, 30));
    expect(third.ratePerSecond).toBe(first.ratePerSecond);
    expect(1 - third.confidence).toBeCloseTo((1 - first.confidence) / 4, 12);
  });

  test('uses up a share of the error of the upper end', () => {
    const first = runAfter(recordOf([]));
    const second = runAfter(interruptedAt(recordOf([]), 10));
    expect(second.ratePerSecond).toBe(first.ratePerSecond);
    expect(second.missConfidence).toBeGreaterThan(first.missConfidence);
  });

  test('uses up the time that it took, or all of its time if that is unknown', () => {
    expect(interruptedAt(beforeHold, 30).steps.at(-1)!.tookSeconds).toBe(30);
    const crashed = interruptedAt(beforeHold, null);
    expect(crashed.steps.at(-1)!.tookSeconds).toBe(runAfter(beforeHold).maxSeconds);
    expect(crashed.begun).toBeUndefined();
  });

  test('does not look like a load generator that was late twice', () => {
    const twice = interruptedAt(interruptedAt(recordOf([stepOf(100)]), 5), 5);
    expect(runAfter(twice)).toMatchObject({ kind: 'step', ratePerSecond: 200 });
  });
});

describe('the number of replicas', () => {
  const scraped = (step: StepRecord, replicas: number): StepRecord => ({ ...step, replicas });
  const holdWith4 = scraped(stepOf(400, 'met', true), 4);

  test('is that of the hold that proved the rate, not that of the last step', () => {
    const record = withStep(withStep(recordOf([]), holdWith4), scraped(stepOf(438, 'missed'), 2));
    expect(record.replicas).toBe(4);
    expect(withStep(record, scraped(stepOf(410, 'met', true), 3)).replicas).toBe(3);
  });

  test('is reported as changed if two judged steps had different numbers', () => {
    expect(changedReplicas([holdWith4, scraped(stepOf(438, 'missed'), 2)])).toEqual({ min: 2, max: 4 });
    expect(changedReplicas([holdWith4, scraped(stepOf(438, 'missed'), 4)])).toBeNull();
    // Nothing is known about a step that could not be judged, or that an earlier version stored.
    expect(changedReplicas([holdWith4, scraped(stepOf(438, 'invalid'), 2), stepOf(500)])).toBeNull();
  });
});
