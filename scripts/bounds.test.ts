import { describe, expect, test } from 'vitest';
import { parseDocument } from '../slas/document.ts';
import type { Plan } from '../slas/model.ts';
import { type PlanOverrides, planScenario } from '../slas/plan.ts';
import { SHIPPED_YAML } from '../slas/testing/cases.ts';
import { type BoundOptions, checkBounds } from './bounds.ts';
import { tellProblem } from './inputs.ts';

const THERE = 'http://10.0.0.7:8080';

/** What forbids a scenario of the shipped document, with more said of its service. */
function toldOf(
  service: string,
  scenario: string,
  options: BoundOptions,
  overrides: PlanOverrides = {},
): readonly string[] {
  const parsed = parseDocument(SHIPPED_YAML.replace('service:\n', `service:\n${service}`));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { load } = planScenario(parsed.document, scenario, overrides) as Plan;
  return checkBounds(options, parsed.document, load!, 'my.yaml').map(tellProblem);
}

const allowing = '  allowedTargets: ["10.0.0.7:8080"]\n';

describe('where load may go', () => {
  test('only where the document says so, and to this machine', () => {
    expect(toldOf('', 'smoke', { target: 'http://127.0.0.1:8080' })).toEqual([]);
    expect(toldOf(allowing, 'smoke', { target: THERE })).toEqual([]);
    expect(toldOf('', 'smoke', { target: THERE })).toEqual([
      '--target: "http://10.0.0.7:8080" is not allowed: load goes to this machine only; to permit this service, its owner adds "10.0.0.7:8080" to service.allowedTargets in my.yaml',
    ]);
    expect(toldOf(allowing, 'smoke', { target: 'https://10.0.0.7' })).toEqual([
      '--target: "https://10.0.0.7" is not allowed: load goes to this machine and 10.0.0.7:8080 only; to permit this service, its owner adds "10.0.0.7:443" to service.allowedTargets in my.yaml',
    ]);
  });
});

describe('how much', () => {
  const stated = `${allowing}  maxRate: 90/s\n  maxDuration: 50s\n`;
  const fast = (text: string) =>
    `scenarios.stress: it would send more than the ${text}: lower it with --rate, or choose another scenario`;
  const long = (text: string) =>
    `scenarios.stress: it would take 80 s, and go past the ${text}: cut it with --duration, or choose another scenario`;

  test('an option holds for any load, ours too', () => {
    expect(toldOf('', 'stress', { maxRate: '60', maxDuration: '1m' })).toEqual([
      fast('60/s that --max-rate allows, in phase "over" with 90/s, "double" with 120/s'),
      long('60 s that --max-duration allows in phase "double"'),
    ]);
    expect(toldOf('', 'stress', { maxRate: '7200/min', maxDuration: '80s' })).toEqual([]);
  });

  test('the document bounds what is already there, not what is started for the run', () => {
    expect(toldOf(stated, 'stress', {})).toEqual([]);
    const expected = [
      fast('90/s that service.maxRate allows in my.yaml, in phase "double" with 120/s'),
      long('50 s that service.maxDuration allows in my.yaml in phase "over"'),
    ];
    expect(toldOf(stated, 'stress', { target: THERE })).toEqual(expected);
    // It cannot be bought off on the command line; a smaller bound there holds.
    expect(toldOf(stated, 'stress', { target: THERE, maxRate: '500', maxDuration: '1h' })).toEqual(expected);
    expect(toldOf(stated, 'stress', { target: THERE, maxRate: '119', maxDuration: '19s' })).toEqual([
      expected[0],
      long('19 s that --max-duration allows in phase "half"'),
    ]);
  });

  test('what was lowered fits', () => {
    const lowered = { ratePerSecond: 90, durationSeconds: 12.5 };
    expect(toldOf(stated, 'stress', { target: THERE }, lowered)).toEqual([]);
  });

  test('an hour, where nobody says otherwise', () => {
    const longer = { durationSeconds: 3601 };
    expect(toldOf(allowing, 'soak', { target: THERE })).toEqual([]);
    expect(toldOf(allowing, 'soak', { target: THERE }, longer)[0]).toContain(
      'go past the 3,600 s that is the longest unless --max-duration or the document says so in phase "hold"',
    );
    expect(toldOf(allowing, 'soak', { target: THERE, maxDuration: '2h' }, longer)).toEqual([]);
    expect(toldOf(`${allowing}  maxDuration: 2h\n`, 'soak', { target: THERE }, longer)).toEqual([]);
    expect(toldOf('', 'soak', {}, longer)).toEqual([]);
  });
});
