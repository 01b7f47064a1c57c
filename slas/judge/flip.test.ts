import { describe, expect, test } from 'vitest';
import { viewOfClient } from '../client/client.ts';
import { columnsOf } from '../client/columns.ts';
import { shiftedCounts } from '../client/shifted.ts';
import { parseDocument } from '../document/document.ts';
import type { FlipPoint, ObjectiveOutcome, RunRecord, Verdict } from '../model/model.ts';
import { ok, unwrap } from '../model/result.ts';
import { planScenario } from '../plan/plan.ts';
import { flipsInWords } from '../render/flips.ts';
import { readCaseFiles, SHIPPED_YAML } from '../testing/cases.ts';
import { flipPointsOf } from './flip.ts';
import { judge } from './judge.ts';
import type { Seen } from './sides.ts';

const plan = unwrap(
  planScenario(unwrap(parseDocument(SHIPPED_YAML)), 'smoke', { untilDecided: { maxSeconds: 600 } }),
);
const objective = plan.objectives.find(({ id }) => id === 'latency-p95')!;

/** 600 s at 20/s; latencies spread evenly from 10 to 110 ms, times a factor: 5% take more than 105 ms. */
function runOf(factor = 1): RunRecord {
  const path = objective.measure.kind === 'latency' ? objective.measure.clientPath! : '';
  const requests = Array.from({ length: 12_000 }, (_, index) => ({
    startSeconds: index / 20,
    durationSeconds: factor * (0.01 + (0.1 * ((index * 7919) % 12_000)) / 12_000),
    blockedSeconds: 0,
    status: 200,
    path,
  }));
  return { load: { client: columnsOf(0, requests) } } as unknown as RunRecord;
}

function flipOf(run: RunRecord, verdict: ObjectiveOutcome, one = objective) {
  const scope = ok({ run }) as unknown as Seen['scope'];
  return flipPointsOf([{ objective: one, scope, verdict }], plan, run)[0]!;
}

type Shifted = Exclude<FlipPoint, { what: 'not-shifted' }>;

describe('the factor on latencies that changes the verdict', () => {
  test('of a met objective is a range around the factor that puts exactly 5% over the limit', () => {
    const { undecidedAt, otherAt, from } = flipOf(runOf(), 'met') as Shifted;
    expect(from).toBe('met');
    // 200 ms is 1.905 times 105 ms.
    expect(undecidedAt).toBeGreaterThan(1.85);
    expect(undecidedAt).toBeLessThan(1.905);
    expect(otherAt).toBeGreaterThan(1.905);
    expect(otherAt).toBeLessThan(1.96);
  });

  test('of a missed objective is a range below 1 around the true factor', () => {
    const { undecidedAt, otherAt } = flipOf(runOf(4), 'missed') as Shifted;
    expect(undecidedAt! * 4).toBeGreaterThan(1.9);
    expect(undecidedAt! * 4).toBeLessThan(1.97);
    expect(otherAt! * 4).toBeGreaterThan(1.84);
    expect(otherAt! * 4).toBeLessThan(1.91);
  });

  test('a service that is slower by a factor has a flip point that is smaller by the same factor', () => {
    const one = (flipOf(runOf(), 'met') as Shifted).undecidedAt!;
    const slower = (flipOf(runOf(1.5), 'met') as Shifted).undecidedAt!;
    expect((1.5 * slower) / one).toBeGreaterThan(0.985);
    expect((1.5 * slower) / one).toBeLessThan(1.015);
  });

  test('is unknown if the verdict does not follow from the record, or if there is no record', () => {
    expect(flipOf(runOf(4), 'met')).toEqual({ id: 'latency-p95', what: 'not-shifted' });
    expect(flipOf(runOf(), 'undecided').what).toBe('not-shifted');
    expect(flipOf({ load: {} } as unknown as RunRecord, 'met').what).toBe('not-shifted');
    const uptime = plan.objectives.find(({ measure }) => measure.kind === 'uptime')!;
    expect(flipOf(runOf(), 'met', uptime).what).toBe('not-shifted');
  });
});

describe('a run of a fixed duration', () => {
  const verdictOf = (name: string) => {
    const found = [...readCaseFiles().values()].flat().find((one) => one.name === name)!;
    const { plan: planned, run, evidence } = found.build();
    return { planned, run, verdict: judge(planned, run, evidence) };
  };

  test('has a single factor without a confidence, at which the observed share crosses the budget', () => {
    const scope = ok({ run: runOf() }) as unknown as Seen['scope'];
    const [flip] = flipPointsOf(
      [{ objective, scope, verdict: 'met' }],
      { ...plan, confidence: null },
      runOf(),
    ) as Shifted[];
    expect(flip!.undecidedAt).toBe(flip!.otherAt);
    expect(flip!.otherAt!).toBeGreaterThan(1.895);
    expect(flip!.otherAt!).toBeLessThan(1.915);
    expect(flipsInWords({ flips: [flip!] })).toEqual([
      expect.stringMatching(/^latency-p95: would be missed if responses took 1\.9\d? times as long$/),
    ]);
  });

  test('is judged with shifted latencies after a pass and after a fail, but not if it is inconclusive', () => {
    const all = [...readCaseFiles().values()].flat().map(({ name }) => name);
    const outcomes = new Set<string>();
    for (const name of all.filter((_, index) => index % 7 === 0)) {
      const { planned, run, verdict } = verdictOf(name);
      const isShifted = verdict.flips !== undefined;
      expect(isShifted, name).toBe(verdict.verdict !== 'inconclusive' && run.load?.client !== undefined);
      if (!isShifted) continue;
      outcomes.add(verdict.verdict);
      expect(verdict.flips!.map(({ id }) => id)).toEqual(planned.objectives.map(({ id }) => id));
    }
    expect([...outcomes].sort()).toEqual(['fail', 'pass']);
  });
});

test('counting over many limits at once gives the same counts as counting over each limit separately', () => {
  const run = runOf();
  const path = objective.measure.kind === 'latency' ? objective.measure.clientPath! : '';
  const { badOver, blocksOver } = shiftedCounts(run.load!.client!, path)!;
  for (const value of [0.02, 0.105, 0.2]) {
    const view = viewOfClient({ ...objective, target: { ...objective.target, value } }, run)!;
    expect({ bad: badOver(value), blocks: blocksOver(value) }).toEqual({
      bad: view.bad,
      blocks: view.blocks,
    });
  }
});

test('the words give factors and shares, and name objectives without a flip point', () => {
  const flips: Verdict['flips'] = [
    { id: 'latency-p95', what: 'slower', from: 'met', undecidedAt: 1.88, otherAt: 1.94 },
    { id: 'error-rate', what: 'more-failed', from: 'met', undecidedAt: 0.006, otherAt: null },
    { id: 'uptime', what: 'not-shifted' },
  ];
  expect(flipsInWords({ flips })).toEqual([
    'latency-p95: would be undecided if responses took 1.88 times as long, missed at 1.94 times as long',
    'error-rate: would be undecided if the share of failed requests were 0.6%, never missed',
    'no flip point for uptime: only latencies that the client record decides, and decided failure rates, have one',
  ]);
  expect(flipsInWords({})).toEqual([]);
});

describe('a run judged at an interim look', () => {
  const flipsOf = (name: string) => {
    const found = [...readCaseFiles().values()].flat().find((one) => one.name === name)!;
    const { plan: planned, run, evidence } = found.build();
    const verdict = judge(planned, run, evidence);
    return new Map((verdict.flips ?? []).map((flip) => [flip.id, flip as Shifted]));
  };

  test('has the share of failed requests at which it would be undecided, and missed, on both sides of the limit', () => {
    const { undecidedAt, otherAt } = flipsOf('met at the interim look that stopped the load').get(
      'error-rate',
    )!;
    expect(undecidedAt).toBeGreaterThan(0);
    expect(undecidedAt).toBeLessThan(0.01);
    expect(otherAt).toBeGreaterThan(0.01);
  });

  test('has factors for a missed objective, and none for an undecided one', () => {
    const flips = flipsOf('a tenth is slow at an early look');
    expect(flips.get('latency-p95')!.undecidedAt).toBeLessThan(1);
    expect(flips.get('error-rate')!.what).toBe('not-shifted');
  });

  test('has no flip points if it is inconclusive', () => {
    expect(flipsOf('not decided by any look').size).toBe(0);
  });
});
