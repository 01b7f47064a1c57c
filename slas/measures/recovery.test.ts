import { expect, test } from 'vitest';
import { columnsOf } from '../client/columns.ts';
import type { PlannedObjective } from '../model/model.ts';
import { reason } from '../model/reasons.ts';
import { healthy } from '../testing/cases.ts';
import type { Measured } from './measured.ts';
import { measureRecovery } from './recovery.ts';

/**
 * When a latency was back within its limit, at ten requests per second, some of them slow. Whole verdicts are
 * in cases/recovery.yaml.
 */

const { plan, run } = healthy();

function recovered(slowBySecond: readonly number[], leastSamples: number, slowMs = 300): Measured {
  const all = slowBySecond.flatMap((slow, second) =>
    Array.from({ length: 10 }, (_, index) => ({
      startSeconds: (second * 1000 + index * 100) / 1000,
      durationSeconds: index < slow ? slowMs / 1000 : 0.05,
      ...{ blockedSeconds: 0, status: 200, path: '/predict' },
    })),
  );
  const client = columnsOf(1000, all);
  return measured({ ...run.load!, client }, leastSamples);
}

function measured(load: typeof run.load, leastSamples: number): Measured {
  const measure = { kind: 'recovery', path: '/predict', percentile: 95, withinSeconds: 0.2 } as const;
  const objective = {
    ...plan.objectives[0]!,
    measure,
    phase: 'spike',
    leastSamples,
  } satisfies PlannedObjective;
  return measureRecovery(measure, objective, { ...run, load });
}

test('an interval spans just enough seconds for the required number of requests', () => {
  // One slow request in ten is over 5%; one in twenty is not.
  expect(recovered([0, 0, 1, 0, 0], 10)).toMatchObject({ samples: 50, seconds: 3, isBack: true });
  expect(recovered([0, 0, 1, 0, 0], 11)).toMatchObject({ samples: 50, seconds: 0, isBack: true });
});

test('the last interval ends with the last request', () => {
  expect(recovered([0, 0, 0, 0, 1], 10)).toMatchObject({ seconds: 5, isBack: false });
  expect(recovered([0, 0, 0, 1, 0], 10)).toMatchObject({ seconds: 4, isBack: true });
  expect(recovered([0, 0, 0, 1, 1], 20)).toMatchObject({ seconds: 4, isBack: false });
});

test('the required number of requests is enough, and one request fewer is not', () => {
  expect(recovered([0, 0], 20)).toMatchObject({ seconds: 0, isBack: true });
  expect(recovered([0, 0], 21)).toEqual({
    kind: 'nothing',
    reasons: [reason('recovery-too-few', { samples: 20, phase: 'spike', needed: 21 })],
  });
});

test('a response exactly at the limit counts as fast enough', () => {
  expect(recovered([10, 10], 10, 200)).toMatchObject({ seconds: 0, isBack: true });
  expect(recovered([10, 10], 10, 201)).toMatchObject({ seconds: 2, isBack: false });
});

test('the time is unknown without a record of each request', () => {
  const nothing = { kind: 'nothing', reasons: [reason('no-request-record', { lacking: 'recovery' })] };
  expect(measured(null, 10)).toEqual(nothing);
  expect(measured(run.load, 10)).toEqual(nothing);
});
