import { describe, expect, test } from 'vitest';
import { judge } from '../../slas/judge/judge.ts';
import type { ObjectiveVerdict, Plan, PlannedObjective, Verdict } from '../../slas/model/model.ts';
import { healthy } from '../../slas/testing/cases.ts';
import type { Panel } from '../panel.ts';
import { lookFirst } from './look-first.ts';

/** Finds the line and the panel that show a miss, and when the miss began. */

const { plan, run, evidence } = healthy();
const verdict = judge(plan, run, evidence);
const planned = plan.objectives.find(({ measure }) => measure.kind === 'latency')!;
const judged = verdict.objectives.find(({ id }) => id === planned.id)!;

const PANEL: Panel = {
  id: 'api-latency',
  title: 'API Latency',
  unit: 'seconds',
  drawing: 'lines',
  queries: [],
  limits: [{ label: '', level: 'target', limit: planned.target }],
  objectives: ['fast'],
  lookFor: '',
  next: [],
  width: 12,
};
const SLOW = 10 * planned.target.value;
const lines = [
  { label: 'p50', values: Array.from({ length: 20 }, () => 0.01) },
  { label: 'p95', values: Array.from({ length: 20 }, (_, step) => (step < 10 ? 0.01 : SLOW)) },
];
const grid = { fromSeconds: 1000, stepSeconds: 1, steps: 20 };

function lookAt(objective: Partial<PlannedObjective>, missed: Partial<ObjectiveVerdict>) {
  const own: Plan = { ...plan, objectives: [{ ...planned, ...objective }] };
  const found: Verdict = {
    ...verdict,
    objectives: [{ ...judged, verdict: 'missed', severity: 'target', ...missed }],
  };
  return lookFirst(found, own, [{ panel: PANEL, lines }], grid, 1000);
}

describe('the first moment beyond a limit', () => {
  test('is taken from the line of the planned percentile, with any objective id', () => {
    const { atSeconds, sentences } = lookAt({ id: 'fast' }, { id: 'fast' });
    expect(atSeconds).toBe(1010);
    expect(sentences[1]).toMatch(/^p95 first rose above .* at 00:16:50 UTC, 10 s into the run\.$/);
  });

  test('does not fall back to another percentile if the panel does not show the planned one', () => {
    const measure = { ...planned.measure, percentile: 90 } as PlannedObjective['measure'];
    const { atSeconds, panel } = lookAt({ id: 'fast', measure }, { id: 'fast' });
    expect([atSeconds, panel?.id]).toEqual([null, 'api-latency']);
  });

  test('is found for an objective that is judged in a phase', () => {
    const id = 'fast · hold';
    expect(lookAt({ id, phase: 'hold' }, { id, phase: 'hold' }).atSeconds).toBe(1010);
  });
});
