import { expect, test } from 'vitest';
import type { ObjectiveVerdict, Outcome, PlannedObjective, Verdict } from '../model/model.ts';
import { scheduleLooks } from '../statistics/sequential.ts';
import { judgeLooks, stillMet } from './looks.ts';

const schedule = scheduleLooks(600, 0.95);

/** Judges a run whose looks have the given outcomes, by time. The whole run is inconclusive. */
function judged(outcomes: Readonly<Record<number, Outcome>>, stoppedAt: number | null, seconds = 600) {
  const asked: (number | string)[] = [];
  const verdict = (outcome: Outcome) => ({ verdict: outcome, objectives: [] }) as unknown as Verdict;
  const found = judgeLooks(schedule, stoppedAt, seconds, {
    part: (atSeconds) => {
      asked.push(atSeconds);
      return verdict(outcomes[atSeconds] ?? 'inconclusive');
    },
    whole: (confidence) => {
      asked.push(`whole at ${confidence.toFixed(4)}`);
      return verdict('inconclusive');
    },
  });
  return { asked, verdict: found.verdict, decidedAt: found.sequential!.decidedAtSeconds };
}

test('the interim look that stopped the load decides the verdict', () => {
  const { verdict, decidedAt, asked } = judged({ 152: 'pass' }, 152, 156);
  expect({ verdict, decidedAt }).toEqual({ verdict: 'pass', decidedAt: 152 });
  expect(asked).toEqual([68, 101, 152]);
});

test('before the minimum duration, an interim look can decide a fail but not a pass', () => {
  expect(judged({ 68: 'pass' }, 68, 72)).toMatchObject({ verdict: 'inconclusive', decidedAt: null });
  expect(judged({ 68: 'fail' }, 68, 72)).toMatchObject({ verdict: 'fail', decidedAt: 68 });
});

test('a load that was not stopped is judged as a whole, with the remaining error probability', () => {
  const { asked, decidedAt } = judged({ 101: 'pass' }, null);
  expect(decidedAt).toBeNull();
  expect(asked.at(-1)).toBe(`whole at ${schedule.looks.at(-1)!.confidence.toFixed(4)}`);
});

test('interim looks planned after the end of a load that was cut short are not judged', () => {
  expect(judged({}, null, 120).asked.slice(0, -1)).toEqual([68, 101]);
});

test('a time that is not one of the planned looks decides nothing', () => {
  expect(judged({ 150: 'pass' }, 150, 160)).toMatchObject({ verdict: 'inconclusive', decidedAt: null });
});

test('a miss that a capacity search would not count does not end a step, but a pass does', () => {
  const step = { ...schedule, missLooks: scheduleLooks(600, 0.99).looks };
  const at = (outcomeAt: (confidence: number) => Outcome) =>
    judgeLooks(step, 152, 156, {
      part: (_, confidence) => ({ verdict: outcomeAt(confidence), objectives: [] }) as unknown as Verdict,
      whole: () => ({ verdict: 'inconclusive', objectives: [] }) as unknown as Verdict,
    });
  const lenient = schedule.looks.find(({ atSeconds }) => atSeconds === 152)!.confidence;
  const weak = at((confidence) => (confidence > lenient ? 'inconclusive' : 'fail'));
  expect(weak).toMatchObject({ verdict: 'inconclusive', sequential: { decidedAtSeconds: null } });
  expect(at(() => 'fail')).toMatchObject({ verdict: 'fail', sequential: { decidedAtSeconds: 152 } });
  expect(at(() => 'pass')).toMatchObject({ verdict: 'pass', sequential: { decidedAtSeconds: 152 } });
});

test('an objective that was met at a look is undecided if it is missed with what came after the look', () => {
  const row = (verdict: ObjectiveVerdict['verdict']) =>
    ({ verdict, reasons: [] }) as unknown as ObjectiveVerdict;
  const of = (kind: PlannedObjective['measure']['kind']) => ({ measure: { kind } }) as PlannedObjective;
  expect(stillMet(row('met'), of('ratio'), row('missed')).verdict).toBe('undecided');
  expect(stillMet(row('met'), of('ratio'), row('undecided')).verdict).toBe('met');
  expect(stillMet(row('missed'), of('ratio'), row('met')).verdict).toBe('missed');
  // The rate of a load that is being stopped is lower than planned.
  expect(stillMet(row('met'), of('throughput'), row('missed')).verdict).toBe('met');
});
