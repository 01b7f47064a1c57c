import { expect, test } from 'vitest';
import { judge } from '../judge/judge.ts';
import type { ObjectiveOutcome, Plan, Verdict } from '../model/model.ts';
import { healthy } from '../testing/cases.ts';
import { heldUpTo } from './held.ts';

const { plan, run, evidence } = healthy();
const [pattern] = judge(plan, run, evidence).objectives;

/** A load with these rates, and the outcome of its steps, each judged by two objectives. */
function given(rates: readonly number[], outcomes: readonly (readonly ObjectiveOutcome[])[]) {
  const phases = rates.map((ratePerSecond) => ({
    name: `at-${ratePerSecond}`,
    ratePerSecond,
    durationSeconds: 10,
  }));
  const objectives = outcomes.flatMap((all, step) =>
    all.map((verdict, index) => {
      const phase = phases[step]!.name;
      return { ...pattern!, id: `${['latency-p95', 'error-rate'][index]} · ${phase}`, phase, verdict };
    }),
  );
  const stepped: Plan = { ...plan, load: { ...plan.load!, phases } };
  return [stepped, { ...judge(plan, run, evidence), objectives } satisfies Verdict] as const;
}

test('the objectives are met up to the last step before the first miss, and later steps do not count', () => {
  const steps = given(
    [100, 200, 300, 400],
    [
      ['met', 'met'],
      ['met', 'met'],
      ['met', 'missed'],
      ['undecided', 'undecided'],
    ],
  );
  expect(heldUpTo(...steps)).toEqual({
    upTo: { phase: 'at-200', ratePerSecond: 200 },
    broke: { phase: 'at-300', ratePerSecond: 300, outcome: 'missed', objectives: ['error-rate'] },
  });
});

test('an undecided step is not met, and is reported as undecided', () => {
  expect(heldUpTo(...given([100, 200], [['met'], ['undecided']]))!.broke).toEqual({
    phase: 'at-200',
    ratePerSecond: 200,
    outcome: 'undecided',
    objectives: ['latency-p95'],
  });
});

test('no step is reported as met if the first step misses, and none as broken if all steps are met', () => {
  expect(heldUpTo(...given([100, 200], [['missed'], ['met']]))!.upTo).toBeNull();
  expect(heldUpTo(...given([100, 200], [['met'], ['met']]))).toEqual({
    upTo: { phase: 'at-200', ratePerSecond: 200 },
    broke: null,
  });
});

test('a step without a judged objective does not count', () => {
  expect(heldUpTo(...given([100, 200, 300], [['met'], [], ['met']]))!.upTo!.ratePerSecond).toBe(300);
});

test.each<[string, Parameters<typeof given>]>([
  [
    'a load that falls again',
    [
      [20, 200, 30],
      [['met'], ['met'], ['met']],
    ],
  ],
  [
    'a load that does not rise at one step',
    [
      [20, 30, 30],
      [['met'], ['met'], ['met']],
    ],
  ],
  ['a load of one step', [[20], [['met']]]],
  [
    'a load that is judged in one step only',
    [
      [20, 30],
      [['met'], []],
    ],
  ],
])('%s has no highest step', (_, steps) => {
  expect(heldUpTo(...given(...steps))).toBeNull();
});

test('a window without a load has no highest step', () => {
  expect(heldUpTo({ ...plan, load: null }, judge(plan, run, evidence))).toBeNull();
});
