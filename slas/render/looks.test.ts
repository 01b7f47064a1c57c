import { expect, test } from 'vitest';
import type { LookVerdict, Outcome, Plan } from '../model/model.ts';
import { lookInWords } from './looks.ts';

const look = (outcome: Outcome, verdict: 'met' | 'missed'): LookVerdict => ({
  atSeconds: 20,
  confidence: 0.98,
  verdict: outcome,
  objectives: [{ id: 'latency-p95', verdict, share: null, value: null, interval: null }],
});

const planOf = (missConfidence: number | null) =>
  ({
    objectives: [],
    sequential: {
      looks: [],
      ...(missConfidence === null ? {} : { missLooks: [{ atSeconds: 20, confidence: missConfidence }] }),
    },
  }) as unknown as Plan;

test('a miss that does not end a step of a capacity search is printed with the confidence that it needs', () => {
  const missed = look('fail', 'missed');
  const words = 'interim look after 20 s: latency-p95 missed';
  expect(lookInWords(missed, planOf(0.999), null)).toBe(
    `${words}; a miss ends this step only at 99.9% confidence`,
  );
  expect(lookInWords(missed, planOf(0.999), 20)).toBe(words);
  // A gate has no other confidence for a miss.
  expect(lookInWords(missed, planOf(null), null)).toBe(words);
  // An advisory or waived objective.
  expect(lookInWords(look('pass', 'missed'), planOf(0.999), null)).toBe(words);
  expect(lookInWords(look('pass', 'met'), planOf(0.999), null)).toBe(
    'interim look after 20 s: latency-p95 met',
  );
});
