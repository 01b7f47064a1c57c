import { describe, expect, test } from 'vitest';
import type { ObjectiveVerdict, Verdict } from '../model/model.ts';
import { reason } from '../model/reasons.ts';
import { basisOf, decidedBy, type Exempt } from './basis.ts';
import type { SearchAnswer } from './search-model.ts';

/** Which objectives the answer of a search rests on. */

const judged = (id: string, exempt?: 'advisory' | 'waived') => {
  const params = { owner: 'team-checkout', why: 'the index is being rebuilt', until: '2026-12-31' };
  const reasons =
    exempt === undefined ? [] : [exempt === 'waived' ? reason('waived', params) : reason('advisory', {})];
  return {
    id,
    verdict: 'missed',
    reasons,
    ...(exempt === undefined ? {} : { exempt }),
  } as unknown as ObjectiveVerdict;
};
const verdictOf = (...objectives: ObjectiveVerdict[]) => ({ objectives }) as unknown as Verdict;

test('a step records the objectives that did not decide it, and why', () => {
  const verdict = verdictOf(judged('p95', 'waived'), judged('errors'), judged('p99', 'advisory'));
  const waiver = { owner: 'team-checkout', reason: 'the index is being rebuilt', until: '2026-12-31' };
  expect(decidedBy(verdict)).toEqual({
    decisive: 1,
    exempt: [
      { id: 'p95', exempt: 'waived', verdict: 'missed', waiver },
      { id: 'p99', exempt: 'advisory', verdict: 'missed' },
    ],
  });
  expect(decidedBy(verdictOf(judged('errors')))).toEqual({});
});

describe('the answer rests on the objectives that decided the hold', () => {
  const exempt: readonly Exempt[] = [{ id: 'p95', exempt: 'waived', verdict: 'missed' }];
  const answer: SearchAnswer = { ok: true, provenPerSecond: 40, refutedPerSecond: 50, openBecause: null };
  const step = (ratePerSecond: number, missed: readonly string[]) => ({
    ...{ kind: 'step' as const, ratePerSecond, missed },
    outcome: missed.length === 0 ? ('met' as const) : ('missed' as const),
  });
  const hold = { ...step(40, []), kind: 'hold' as const };

  test('and not on those that decided a short step at the same rate', () => {
    const steps = [{ ...step(40, []), decisive: 1, exempt }, hold, step(50, ['errors'])];
    expect(basisOf(steps, answer)).toBeNull();
  });

  test('an objective that is missed because its waiver expired after the hold is named', () => {
    const waived = { ...hold, decisive: 1, exempt };
    expect(basisOf([waived, step(50, ['p95'])], answer)).toEqual({ decisive: 1, exempt, expired: ['p95'] });
    const both = [waived, step(50, ['p95', 'errors'])];
    expect(basisOf(both, answer)).toEqual({ decisive: 1, exempt, expired: [] });
    // The service ended.
    const ended = { ...step(50, []), outcome: 'missed' as const };
    expect(basisOf([waived, ended], answer)).toEqual({ decisive: 1, exempt, expired: [] });
  });
});
