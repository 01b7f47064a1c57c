import { expect, test } from 'vitest';
import { parseDocument } from '../document/document.ts';
import { fail, unwrap } from '../model/result.ts';
import { SHIPPED_YAML } from '../testing/cases.ts';
import { planScenario } from './plan.ts';

const parsed = parseDocument(SHIPPED_YAML);
if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
const document = parsed.value;
const untilDecided = { maxSeconds: 600 };

test('a run until it is decided has a confidence, looks, no error budgets, and a load for its longest duration', () => {
  const { confidence, sequential, load } = unwrap(planScenario(document, 'smoke', { untilDecided }));
  expect(confidence).toBe(0.95);
  expect(sequential).toMatchObject({ maxSeconds: 600, atLeastSeconds: 100 });
  expect(sequential!.looks.at(-1)!.atSeconds).toBe(600);
  expect(load).toMatchObject({ scheduledSeconds: 600, plannedRequests: 12_000, budgets: [] });
});

test('without a longest duration, it is that of the scenario', () => {
  const { sequential } = unwrap(planScenario(document, 'steady', { untilDecided: {} }));
  expect(sequential!.maxSeconds).toBe(60);
});

test('a stricter confidence leaves less error to the looks', () => {
  const { sequential } = unwrap(planScenario(document, 'smoke', { untilDecided, confidence: 0.99 }));
  expect(sequential!.looks.reduce((sum, look) => sum + 1 - look.confidence, 0)).toBeCloseTo(0.01, 9);
});

test('a scenario of several phases is refused', () => {
  expect(planScenario(document, 'spike', { untilDecided })).toMatchObject(
    fail([{ code: 'several-phases', message: expect.stringContaining('leave out --until-decided') }]),
  );
});

test('a plan without looks has no trace of them', () => {
  expect(unwrap(planScenario(document, 'smoke'))).not.toHaveProperty('sequential');
});
