import { expect, test } from 'vitest';
import { type Random, seeded } from '../simulation/queues.ts';
import {
  answerOf,
  nextOf,
  type SearchSettings,
  type StepOutcome,
  type StepPlan,
  type StepSeen,
} from './search.ts';

/** Properties of every search, whatever its runs show. */

const pick = <T>(random: Random, values: readonly T[]): T => values[Math.floor(random() * values.length)]!;

function settingsFrom(random: Random): SearchSettings {
  const startPerSecond = 10 ** (4 * random() - 1.5);
  const holdSeconds = pick(random, [120, 300]);
  return {
    ...{ startPerSecond, minPerSecond: startPerSecond / 16, confidence: 0.95 },
    maxPerSecond: startPerSecond * (1 + 200 * random() ** 2),
    stepSeconds: { min: 20, ...(random() < 0.8 ? { climb: 20 } : {}), max: 60, close: 120 },
    ...{ holdSeconds, budgetSeconds: pick(random, [holdSeconds + 60, 900, 3600, 86_400]), aroundSeconds: 12 },
  };
}

/** A result that has nothing to do with the rate. Budgets of 0 and 1 are at the edge of what a document or a stored search may contain. */
function resultOf({ kind, ratePerSecond, maxSeconds }: StepPlan, random: Random): StepSeen {
  const outcome = pick<StepOutcome>(random, ['met', 'missed', 'undecided', 'invalid']);
  const independent = () => 10 ** (4 * random());
  const used = pick(random, [0, 0.1, 0.3, 1, 5, 40]) * random();
  const hardest = { budget: pick(random, [0, 0.001, 0.01, 1]), independent: independent() };
  const near = {
    used,
    budget: pick(random, [0, 0.01, 0.05, 1]),
    independent: independent(),
    seconds: maxSeconds,
  };
  return {
    ...{ kind, ratePerSecond, maxSeconds, outcome, tookSeconds: maxSeconds + 8 + 6 * random() },
    ...(outcome === 'invalid' ? { because: pick(random, ['generator-late', 'service-ended']) } : {}),
    ...(random() < 0.8 ? { near: { ...near, ...(random() < 0.8 ? { hardest } : {}) } } : {}),
  };
}

function searchFrom(seed: number) {
  const random = seeded(seed);
  const settings = settingsFrom(random);
  const log: StepSeen[] = [];
  for (;;) {
    const next = nextOf(settings, log);
    if ('answer' in next) return { settings, log, answer: answerOf(settings, log)! };
    // Six holds and 24 steps are the maximum.
    if (log.length > 30) throw new Error(`the search with seed ${seed} does not end`);
    log.push(resultOf(next.run, random));
  }
}

test('every search ends, sends only rates that are allowed, and reports only rates that a run decided', () => {
  for (let seed = 1; seed <= 150; seed++) {
    const { settings, log, answer } = searchFrom(seed);
    for (const { ratePerSecond } of log) {
      expect(ratePerSecond, `seed ${seed}`).toBeGreaterThanOrEqual(settings.minPerSecond);
      expect(ratePerSecond, `seed ${seed}`).toBeLessThanOrEqual(settings.maxPerSecond);
    }
    const { refutedPerSecond } = answer;
    if (refutedPerSecond !== null)
      expect(log).toContainEqual(
        expect.objectContaining({ outcome: 'missed', ratePerSecond: refutedPerSecond }),
      );
    if (!answer.ok) continue;
    const { provenPerSecond } = answer;
    expect(log).toContainEqual(
      expect.objectContaining({ kind: 'hold', outcome: 'met', ratePerSecond: provenPerSecond }),
    );
    expect(refutedPerSecond ?? Number.POSITIVE_INFINITY).toBeGreaterThan(provenPerSecond);
  }
});
