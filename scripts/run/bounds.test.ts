import { describe, expect, test } from 'vitest';
import { parseDocument } from '../../slas/document/document.ts';

import { unwrap } from '../../slas/model/result.ts';
import { planScenario } from '../../slas/plan/plan.ts';
import type { PlanOverrides } from '../../slas/plan/planned-load.ts';
import { SHIPPED_YAML } from '../../slas/testing/cases.ts';
import { formatProblem } from '../cli/inputs.ts';
import { type BoundOptions, checkBounds } from './bounds.ts';

const THERE = 'http://10.0.0.7:8080';

/** The problems that prevent a scenario of the shipped document from running, given additional settings of its service. */
function toldOf(
  service: string,
  scenario: string,
  options: BoundOptions,
  overrides: PlanOverrides = {},
): readonly string[] {
  const parsed = unwrap(parseDocument(SHIPPED_YAML.replace('service:\n', `service:\n${service}`)));
  const { load } = unwrap(planScenario(parsed, scenario, overrides));
  return checkBounds(options, parsed, load!, 'my.yaml').map(formatProblem);
}

const allowing = '  allowedTargets: ["10.0.0.7:8080"]\n';

describe('allowed load targets', () => {
  test('a target is allowed only if the document lists it, or if it is this machine', () => {
    expect(toldOf('', 'smoke', { target: 'http://127.0.0.1:8080' })).toEqual([]);
    expect(toldOf(allowing, 'smoke', { target: THERE })).toEqual([]);
    expect(toldOf('', 'smoke', { target: THERE })).toEqual([
      '--target: "http://10.0.0.7:8080" is not allowed: load is sent to this machine only; to permit this service, its owner adds "10.0.0.7:8080" to service.allowedTargets in my.yaml',
    ]);
    expect(toldOf(allowing, 'smoke', { target: 'https://10.0.0.7' })).toEqual([
      '--target: "https://10.0.0.7" is not allowed: load is sent to this machine and 10.0.0.7:8080 only; to permit this service, its owner adds "10.0.0.7:443" to service.allowedTargets in my.yaml',
    ]);
  });
});

describe('limits on the load', () => {
  const stated = `${allowing}  maxRate: 90/s\n  maxDuration: 50s\n`;
  const fast = (text: string) =>
    `scenarios.stress: the planned rate exceeds the ${text}: lower it with --rate, or choose another scenario`;
  const long = (text: string) =>
    `scenarios.stress: the load takes 80 s, longer than the ${text}: shorten it with --duration, or choose another scenario`;

  test('a limit set by an option applies to every load, including the harness’s own stack', () => {
    expect(toldOf('', 'stress', { maxRate: '60', maxDuration: '1m' })).toEqual([
      fast('60/s that --max-rate allows (phase "over" with 90/s, "double" with 120/s)'),
      long('60 s that --max-duration allows (reached in phase "double")'),
    ]);
    expect(toldOf('', 'stress', { maxRate: '7200/min', maxDuration: '80s' })).toEqual([]);
  });

  test('the document’s limits apply to a running service, but not to one started for the run', () => {
    expect(toldOf(stated, 'stress', {})).toEqual([]);
    const expected = [
      fast('90/s that service.maxRate allows in my.yaml (phase "double" with 120/s)'),
      long('50 s that service.maxDuration allows in my.yaml (reached in phase "over")'),
    ];
    expect(toldOf(stated, 'stress', { target: THERE })).toEqual(expected);
    // An option can lower the document's limit, but cannot raise it.
    expect(toldOf(stated, 'stress', { target: THERE, maxRate: '500', maxDuration: '1h' })).toEqual(expected);
    expect(toldOf(stated, 'stress', { target: THERE, maxRate: '119', maxDuration: '19s' })).toEqual([
      expected[0],
      long('19 s that --max-duration allows (reached in phase "half")'),
    ]);
  });

  test('a load that was reduced to the limit is allowed', () => {
    const lowered = { ratePerSecond: 90, durationSeconds: 12.5 };
    expect(toldOf(stated, 'stress', { target: THERE }, lowered)).toEqual([]);
  });

  test('the default maximum duration is one hour', () => {
    const longer = { durationSeconds: 3601 };
    expect(toldOf(allowing, 'soak', { target: THERE })).toEqual([]);
    expect(toldOf(allowing, 'soak', { target: THERE }, longer)[0]).toContain(
      'longer than the 3,600 s that apply unless --max-duration or the document says otherwise (reached in phase "hold")',
    );
    expect(toldOf(allowing, 'soak', { target: THERE, maxDuration: '2h' }, longer)).toEqual([]);
    expect(toldOf(`${allowing}  maxDuration: 2h\n`, 'soak', { target: THERE }, longer)).toEqual([]);
    expect(toldOf('', 'soak', {}, longer)).toEqual([]);
  });
});
