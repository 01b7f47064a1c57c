import { expect, test } from 'vitest';
import { parseDocument } from '../document/document.ts';
import { fail, unwrap } from '../model/result.ts';
import { SHIPPED_YAML } from '../testing/cases.ts';
import { planScenario } from './plan.ts';

const document = unwrap(parseDocument(SHIPPED_YAML));
const untilDecided = { maxSeconds: 600 };

test('a run that lasts until it is decided has a confidence, looks, no error budgets, and a load for its maximum duration', () => {
  const { confidence, sequential, load } = unwrap(planScenario(document, 'smoke', { untilDecided }));
  expect(confidence).toBe(0.95);
  expect(sequential).toMatchObject({ maxSeconds: 600, atLeastSeconds: 150 });
  expect(sequential!.looks.at(-1)!.atSeconds).toBe(600);
  expect(load).toMatchObject({ scheduledSeconds: 600, plannedRequests: 12_000, budgets: [] });
});

test('without a maximum duration, the duration of the scenario applies', () => {
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

const untilOf = (lasts: string) => {
  return unwrap(
    parseDocument(SHIPPED_YAML.replace('    rate: 20/s\n    duration: 20s\n', `    rate: 20/s\n${lasts}`)),
  );
};

test('a scenario with until: decided has the same plan as a run with the flags', () => {
  const flags = unwrap(planScenario(document, 'smoke', { untilDecided }));
  const said = untilOf('    until: decided\n    maxDuration: 10m\n');
  expect(unwrap(planScenario(said, 'smoke'))).toEqual(flags);
  const short = untilOf('    until: decided\n    duration: 10m\n');
  expect(unwrap(planScenario(short, 'smoke'))).toEqual(flags);
});

test("a scenario sets the time before which no objective is met; flags replace the scenario's maximum duration", () => {
  const said = untilOf('    until: decided\n    maxDuration: 10m\n    atLeast: 4m\n');
  expect(unwrap(planScenario(said, 'smoke')).sequential).toMatchObject({
    maxSeconds: 600,
    atLeastSeconds: 240,
  });
  const longer = unwrap(planScenario(said, 'smoke', { untilDecided: { maxSeconds: 1200 } }));
  expect(longer.sequential).toMatchObject({ maxSeconds: 1200, atLeastSeconds: 240 });
  const shorter = unwrap(planScenario(said, 'smoke', { durationSeconds: 100 }));
  expect(shorter.sequential).toMatchObject({ maxSeconds: 100, atLeastSeconds: 100 });
});

test('a plan without looks has no field for looks', () => {
  expect(unwrap(planScenario(document, 'smoke'))).not.toHaveProperty('sequential');
});

test('a scenario with until: decided is planned for its whole duration if requested', () => {
  const said = untilOf('    until: decided\n    maxDuration: 10m\n');
  const plan = unwrap(planScenario(said, 'smoke', { untilDecided: null }));
  expect(plan.sequential).toBeUndefined();
  expect(plan.load).toMatchObject({ scheduledSeconds: 600 });
  // A service at its limit would otherwise pass half of the time.
  const whole = planScenario(untilOf('    duration: 10m\n'), 'smoke', { confidence: 0.95 });
  expect(plan).toEqual(unwrap(whole));
});
