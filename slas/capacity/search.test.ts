import { describe, expect, test } from 'vitest';
import { answerOf, nextOf, type SearchSettings, type StepOutcome, type StepSeen } from './search.ts';

/** The search step by step: which run comes next, and what the search finally answers. */

const SETTINGS: SearchSettings = {
  ...{ startPerSecond: 100, minPerSecond: 10, maxPerSecond: 5000, confidence: 0.95 },
  ...{
    stepSeconds: { min: 20, climb: 20, max: 60, close: 120 },
    holdSeconds: 120,
    budgetSeconds: 3600,
    aroundSeconds: 8,
  },
};

const seen = (ratePerSecond: number, outcome: StepOutcome, rest: Partial<StepSeen> = {}): StepSeen => ({
  kind: 'step',
  ratePerSecond,
  outcome,
  tookSeconds: 30,
  maxSeconds: 60,
  ...rest,
});
const hold = (ratePerSecond: number, outcome: StepOutcome): StepSeen =>
  seen(ratePerSecond, outcome, { kind: 'hold', tookSeconds: 130, maxSeconds: 120 });

const next = (log: readonly StepSeen[], settings: Partial<SearchSettings> = {}) =>
  nextOf({ ...SETTINGS, ...settings }, log);
function runIn(log: readonly StepSeen[], budgetSeconds = 900) {
  const found = next(log, { budgetSeconds });
  if (!('run' in found)) throw new Error(JSON.stringify(found.answer));
  return found.run;
}
function rateOf(log: readonly StepSeen[], settings: Partial<SearchSettings> = {}) {
  const found = next(log, settings);
  return 'run' in found ? `${found.run.kind} ${found.run.ratePerSecond}` : found.answer;
}

describe('the next rate', () => {
  test('doubles while it is met, then halves the interval', () => {
    expect(rateOf([])).toBe('step 100');
    expect(rateOf([seen(100, 'met')])).toBe('step 200');
    const missed = [seen(100, 'met'), seen(200, 'met'), seen(400, 'missed')];
    expect(rateOf(missed)).toBe('step 300');
    expect(rateOf([...missed, seen(300, 'met')])).toBe('step 350');
    expect(rateOf([...missed, seen(300, 'missed')])).toBe('step 250');
  });

  test('halves while nothing is met, down to the lowest rate', () => {
    expect(rateOf([seen(100, 'missed')])).toBe('step 50');
    expect(rateOf([seen(100, 'missed'), seen(15, 'missed')])).toBe('step 10');
    expect(rateOf([seen(100, 'missed'), seen(10, 'missed')])).toEqual({
      ...{ ok: false, code: 'nothing-met', refutedPerSecond: 10 },
    });
  });

  test('is never above the highest rate that is allowed', () => {
    expect(rateOf([seen(100, 'met')], { maxPerSecond: 150 })).toBe('step 150');
    expect(rateOf([seen(100, 'met'), seen(150, 'met')], { maxPerSecond: 150 })).toBe('hold 150');
    const log = [seen(150, 'met'), hold(150, 'met')];
    expect(rateOf(log, { maxPerSecond: 150 })).toMatchObject({ ok: true, openBecause: 'max-rate' });
    expect(rateOf([], { maxPerSecond: 50 })).toBe('step 50');
    const exact = [seen(100, 'met'), seen(147.87, 'met')];
    expect(rateOf(exact, { maxPerSecond: 147.87 })).toBe('hold 147.87');
  });

  test('lasts longer around an undecided rate, which is too close to the limit', () => {
    const log = [seen(100, 'met'), seen(200, 'missed'), seen(150, 'undecided')];
    expect(next(log)).toMatchObject({ run: { ratePerSecond: 125, maxSeconds: 120 } });
    expect(rateOf([...log, seen(125, 'met')])).toBe('step 175');
  });

  test('is short on the way up, and doubles after an undecided step that was clearly below the limit', () => {
    expect(next([])).toMatchObject({ run: { ratePerSecond: 100, maxSeconds: 20 } });
    const few = { maxSeconds: 20, near: { used: 0.1, budget: 0.05, independent: 50, seconds: 20 } };
    expect(next([seen(100, 'undecided', few)])).toMatchObject({
      run: { ratePerSecond: 200, maxSeconds: 20 },
    });
    const log = [seen(100, 'undecided', few), seen(200, 'undecided', few), seen(400, 'missed')];
    expect(next(log)).toMatchObject({ run: { ratePerSecond: 300, maxSeconds: 60 } });
    // Another objective may have used more.
    const partial = { near: { ...few.near, isPartial: true } } as const;
    expect(next([seen(100, 'undecided', partial)])).toMatchObject({
      run: { ratePerSecond: 100, maxSeconds: 120 },
    });
    // Something else was wrong with this step, so its responses show nothing.
    const broken = seen(100, 'undecided', { ...few, because: 'other-check' });
    expect(next([broken])).toMatchObject({ run: { ratePerSecond: 100, maxSeconds: 120 } });
  });

  test('is higher after an undecided step, until one is missed', () => {
    const log = [seen(100, 'met'), seen(200, 'undecided')];
    expect(next(log)).toMatchObject({ run: { ratePerSecond: 300, maxSeconds: 20 } });
    expect(next(log, { maxPerSecond: 250 })).toMatchObject({ run: { ratePerSecond: 250, maxSeconds: 20 } });
  });

  test('is lower after a step that was undecided, but clearly beyond the limit', () => {
    const stopped = (rate: number) => seen(rate, 'undecided', { because: 'cut-short' });
    expect(rateOf([seen(48.8, 'met'), stopped(97.6)])).toBe('step 73.2');
    expect(rateOf([seen(48.8, 'met'), stopped(97.6), stopped(73.2)])).toBe('step 61');
    // A miss at a higher rate is found sooner.
    const burst = { near: { used: 20, budget: 0.01, independent: 4, seconds: 20 } };
    expect(rateOf([seen(48.8, 'met'), seen(97.6, 'undecided', burst)])).toBe('step 146');
  });

  test('is an undecided rate again, for longer, if no rate was met, or if no higher rate may be sent', () => {
    expect(next([seen(100, 'undecided')])).toMatchObject({ run: { ratePerSecond: 100, maxSeconds: 120 } });
    const log = [seen(100, 'met'), seen(200, 'undecided')];
    expect(next(log, { maxPerSecond: 200 })).toMatchObject({ run: { ratePerSecond: 200, maxSeconds: 120 } });
  });

  test('is a rate at which the load generator was late once more; that rate is then a ceiling', () => {
    const late = seen(200, 'invalid', { because: 'generator-late' });
    expect(rateOf([seen(100, 'met'), late])).toBe('step 200');
    expect(rateOf([seen(100, 'met'), late, late])).toBe('step 150');
    const log = [seen(195, 'met'), late, late, hold(195, 'met')];
    expect(rateOf(log)).toEqual({
      ...{ ok: true, provenPerSecond: 195, refutedPerSecond: null, openBecause: 'generator' },
    });
  });
});

describe('the hold', () => {
  const narrow = [seen(196, 'met'), seen(200, 'missed')];

  test('is a fresh run at the highest rate that was met, and lasts at least its minimum', () => {
    const found = next(narrow);
    if (!('run' in found)) throw new Error('no hold');
    expect(found.run).toMatchObject({ kind: 'hold', ratePerSecond: 196 });
    expect(found.run.atLeastSeconds).toBeGreaterThanOrEqual(SETTINGS.holdSeconds);
    expect(found.run.confidence).toBeCloseTo(1 - 0.5 * 0.05, 9);
    expect(rateOf([...narrow, hold(196, 'met')])).toEqual({
      ...{ ok: true, provenPerSecond: 196, refutedPerSecond: 200, openBecause: null },
    });
  });

  test('that does not pass is repeated at a lower rate', () => {
    expect(rateOf([...narrow, hold(196, 'missed')])).toBe('hold 188');
    const lower = [...narrow, hold(196, 'missed'), hold(188, 'met')];
    expect(rateOf(lower)).toMatchObject({ provenPerSecond: 188, refutedPerSecond: 196 });
    const undecided = [...narrow, hold(196, 'undecided'), hold(188, 'met')];
    expect(answerOf(SETTINGS, undecided)).toMatchObject({ provenPerSecond: 188, refutedPerSecond: 200 });
    expect(rateOf(undecided)).toBe('hold 192');
    const higher = [...undecided, hold(192, 'met')];
    expect(rateOf(higher)).toMatchObject({ provenPerSecond: 192, refutedPerSecond: 200 });
    // A hold at a higher rate that does not pass leaves the confirmed rate unchanged.
    expect(answerOf(SETTINGS, [...undecided, hold(192, 'missed')])).toMatchObject({
      ...{ provenPerSecond: 188, refutedPerSecond: 192 },
    });
  });

  test('is slightly below an undecided rate, and much lower after a hold that did not pass', () => {
    const near = [seen(160, 'met'), seen(184, 'missed'), seen(180, 'undecided')];
    expect(rateOf(near)).toBe('hold 167');
    expect(rateOf([...near, hold(167, 'undecided')])).toBe('hold 154');
    const isLast = { budgetSeconds: 3 * 30 + 130 + 200 };
    expect(rateOf([...near, hold(167, 'undecided')], isLast)).toBe('hold 147');
    expect(rateOf([seen(130, 'met'), ...near.slice(1), hold(167, 'undecided')], isLast)).toBe('hold 130');
  });

  test('is followed by runs in the wider part of the interval: steps below the missed rate, or a hold at a higher rate', () => {
    const wide = [seen(160, 'met'), seen(200, 'missed'), seen(180, 'undecided'), hold(167, 'met')];
    expect(rateOf(wide)).toBe('step 190');
    // Even if the search is interrupted now, it has an answer.
    expect(answerOf(SETTINGS, wide)).toMatchObject({ provenPerSecond: 167, refutedPerSecond: 200 });
    expect(answerOf(SETTINGS, wide.slice(0, 3))).toBeNull();
    const answer = { ok: true, provenPerSecond: 167, openBecause: null };
    const short = { budgetSeconds: 3 * 30 + 130 + 100 };
    expect(rateOf(wide, short)).toEqual({ ...answer, refutedPerSecond: 200 });
    expect(rateOf([...wide, seen(190, 'missed')], short)).toEqual({ ...answer, refutedPerSecond: 190 });
    expect(rateOf([...wide, seen(190, 'met')], short)).toEqual({ ...answer, refutedPerSecond: 200 });
  });

  test('that never passes leaves no answer', () => {
    const holds = [196, 188, 173, 147].map((rate) => hold(rate, 'missed'));
    expect(rateOf([...narrow, ...holds])).toEqual({
      ...{ ok: false, code: 'not-confirmed', refutedPerSecond: 147 },
    });
  });

  test('that the load generator disturbed is repeated at the same rate', () => {
    expect(rateOf([...narrow, hold(196, 'invalid')])).toBe('hold 196');
  });
});

describe('runs near the limit', () => {
  const near = (used: number, seconds = 60) => ({
    near: { used, budget: 0.05, independent: 10 * seconds, seconds },
  });
  const begun = [seen(100, 'met', near(0)), seen(200, 'missed', near(19))];
  const known = [
    ...begun,
    seen(150, 'undecided', near(1)),
    seen(160, 'undecided', { ...near(1.6, 120), maxSeconds: 120 }),
  ];

  test('begin as soon as a run shows where the limit is: first a step that certainly misses', () => {
    expect(runIn(begun)).toMatchObject({ kind: 'step', ratePerSecond: 150 });
    const run = runIn([...begun, seen(150, 'undecided', near(1))]);
    expect(run).toMatchObject({ kind: 'step', maxSeconds: 120 });
    expect(run.ratePerSecond).toBeGreaterThan(151);
    expect(run.ratePerSecond).toBeLessThan(180);
  });

  test('then hold at a rate that very probably passes, and then for longer at a higher rate', () => {
    const run = runIn(known);
    expect(run).toMatchObject({ kind: 'hold', maxSeconds: 120, atLeastSeconds: 120 });
    expect(run.ratePerSecond).toBeGreaterThan(120);
    expect(run.ratePerSecond).toBeLessThan(146);
    const passed = { ...hold(run.ratePerSecond, 'met'), ...near(0.1, 120) };
    const missed = seen(158, 'missed', { ...near(2, 120), maxSeconds: 120 });
    const higher = runIn([...known, missed, passed], 3600);
    expect(higher).toMatchObject({ kind: 'hold', maxSeconds: 240, atLeastSeconds: 240 });
    expect(higher.ratePerSecond).toBeGreaterThan(run.ratePerSecond);
    expect(higher.ratePerSecond).toBeLessThan(150);
    const fewer = known.map((one) =>
      one.near === undefined
        ? one
        : { ...one, near: { ...one.near, independent: one.near.independent / 10 } },
    );
    expect(runIn(fewer).ratePerSecond).toBeLessThan(run.ratePerSecond);
  });

  test('are lower after a hold that did not pass, and lowest if no other hold would fit', () => {
    const failed = { ...hold(146, 'undecided'), ...near(0.9, 240), maxSeconds: 240, tookSeconds: 248 };
    const usual = runIn([...known, failed]).ratePerSecond;
    expect(usual).toBeLessThan(146);
    expect(runIn([...known, failed], 4 * 30 + 248 + 150).ratePerSecond).toBeLessThanOrEqual(0.9 * 146);
    expect(runIn([...known, failed], 4 * 30 + 248 + 150).ratePerSecond).toBeLessThan(usual);
  });

  test('do not follow from steps that all decided, as for a service with fixed times', () => {
    const decided = [...begun, seen(150, 'met', near(0.01)), seen(175, 'missed', near(15))];
    expect(runIn(decided).ratePerSecond).toBe(163);
  });

  test('a share that does not depend on the rate far below the limit does not mislead the steps above', () => {
    const flat = [seen(100, 'met', near(0.4)), seen(140, 'met', near(0.42)), seen(200, 'missed', near(19))];
    expect(runIn(flat)).toMatchObject({ kind: 'step', ratePerSecond: 170 });
  });
});

describe('a rate that was met is below the limit, whatever the shares of the error budget suggest', () => {
  const near = (used: number, seconds: number) => ({
    near: { used, budget: 0.05, independent: seconds * 50, seconds },
  });

  /** Two pods of a service with fixed times, at a real cluster. */
  const overloaded = [
    seen(40, 'met', near(0, 20)),
    seen(80, 'missed', near(18.9, 20)),
    seen(60, 'missed', near(11.6, 27)),
    { ...hold(48.9, 'met'), ...near(0, 120) },
  ];

  test('after a step was met, no further step is at almost that rate', () => {
    const first = runIn(overloaded);
    expect(first).toMatchObject({ kind: 'step' });
    expect(first.ratePerSecond).toBeGreaterThan(50);
    const times = { maxSeconds: first.maxSeconds, tookSeconds: 75 };
    const met = seen(first.ratePerSecond, 'met', { ...near(0, 75), ...times });
    const second = runIn([...overloaded, met]);
    expect(second).toMatchObject({ kind: 'hold' });
    expect(second.ratePerSecond).toBeGreaterThan(51);
    const undecided = { ...hold(second.ratePerSecond, 'undecided'), ...near(0.5, 120) };
    const third = runIn([...overloaded, met, undecided]);
    expect(third.ratePerSecond).toBeGreaterThan(third.kind === 'hold' ? 48.9 : 1.01 * first.ratePerSecond);
  });

  /** Other work on the machine delayed the responses of the second step. */
  const disturbed = [
    seen(18.6, 'met', near(0, 20)),
    seen(37.2, 'undecided', { ...near(0.7, 20), maxSeconds: 20 }),
    seen(55.8, 'met', near(0, 20)),
    seen(112, 'missed', near(19, 28)),
  ];
  const proven = { ...hold(34.6, 'met'), ...near(0, 120) };

  test('after a disturbed step, the upper end is lowered by a step above the rate that was met', () => {
    const run = runIn([...disturbed, proven]);
    expect(run).toMatchObject({ kind: 'step' });
    expect(run.ratePerSecond).toBeGreaterThan(56);
    expect(run.ratePerSecond).toBeLessThan(100);
  });

  test('after a disturbed step, a hold is near the rate that was met', () => {
    const run = runIn([...disturbed, seen(62, 'missed', near(18, 28)), proven]);
    expect(run).toMatchObject({ kind: 'hold' });
    expect(run.ratePerSecond).toBeGreaterThan(45);
    expect(run.ratePerSecond).toBeLessThan(55.8);
  });
});

describe('the budget', () => {
  test('of three minutes is enough for a short step and a hold', () => {
    const short = { budgetSeconds: 180, aroundSeconds: 12 };
    expect(next([], short)).toMatchObject({ run: { kind: 'step', maxSeconds: 20 } });
    expect(rateOf([seen(100, 'met', { tookSeconds: 32 })], short)).toBe('hold 100');
  });

  test('the shares of the error of all runs that decided nothing, and of the next one, are at most the whole error', () => {
    const log: StepSeen[] = [];
    const spent = { lower: 0, upper: 0 };
    for (;;) {
      const found = next(log, { budgetSeconds: 24 * 3600 });
      if ('answer' in found) break;
      const { kind, ratePerSecond, confidence, missConfidence, maxSeconds } = found.run;
      expect(spent.upper + 1 - missConfidence).toBeLessThanOrEqual(0.05 + 1e-9);
      if (kind === 'hold') expect(spent.lower + 1 - confidence).toBeLessThanOrEqual(0.05 + 1e-9);
      const undecided = kind === 'hold' || ratePerSecond > 300 ? 'undecided' : 'met';
      const outcome = ratePerSecond > 700 ? 'missed' : undecided;
      if (kind === 'hold') spent.lower += 1 - confidence;
      if (outcome !== 'missed') spent.upper += 1 - missConfidence;
      log.push(seen(ratePerSecond, outcome, { kind, maxSeconds }));
    }
    expect(log.filter(({ kind }) => kind === 'hold')).toHaveLength(4);
    expect(log.some(({ outcome }) => outcome === 'missed')).toBe(true);
  });

  test('reserves time for the hold', () => {
    expect(rateOf([seen(100, 'met'), seen(200, 'missed')], { budgetSeconds: 210 })).toBe('hold 100');
  });

  test('that is too short for a hold leaves no answer', () => {
    expect(rateOf([seen(100, 'met')], { budgetSeconds: 100 })).toMatchObject({
      ...{ ok: false, code: 'budget-spent' },
    });
  });
});

test('a search resumes from its log as if it had never stopped', () => {
  const log: StepSeen[] = [];
  const truth = 337;
  for (;;) {
    const found = nextOf(SETTINGS, structuredClone(log));
    if ('answer' in found) {
      expect(found.answer).toMatchObject({ ok: true });
      if (found.answer.ok) expect(found.answer.provenPerSecond).toBeLessThanOrEqual(truth);
      break;
    }
    const { kind, ratePerSecond, maxSeconds } = found.run;
    const outcome = ratePerSecond <= truth ? 'met' : 'missed';
    log.push({ kind, ratePerSecond, outcome, maxSeconds, tookSeconds: 40 });
    expect(log.length).toBeLessThan(40);
  }
});
