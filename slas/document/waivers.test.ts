import { describe, expect, test } from 'vitest';
import { unwrap } from '../model/result.ts';
import { planScenario } from '../plan/plan.ts';
import { SHIPPED_YAML } from '../testing/cases.ts';
import { parseDocument } from './document.ts';

const WAIVER = '{ objective: latency-p95, owner: team-checkout, reason: index, until: 2026-12-31 }';
const withWaivers = (...waivers: string[]) => `${SHIPPED_YAML}\nwaivers: [${waivers.join(', ')}]\n`;
const parsed = (yaml: string) => unwrap(parseDocument(yaml));

describe('a waiver', () => {
  test('belongs to its objective, in every phase, and ends with its last day', () => {
    const { objectives } = parsed(withWaivers(WAIVER));
    const waived = objectives.filter(({ waiver }) => waiver !== undefined);
    expect(waived.map(({ id }) => id)).toEqual(['latency-p95']);
    expect(waived[0]!.waiver).toEqual({
      owner: 'team-checkout',
      reason: 'index',
      until: '2026-12-31',
      endsAtSeconds: Date.UTC(2027, 0, 1) / 1000,
    });
    const { objectives: planned } = unwrap(planScenario(parsed(withWaivers(WAIVER)), 'spike'));
    const own = planned.filter(({ id }) => id.startsWith('latency-p95'));
    expect(own.length).toBeGreaterThan(0);
    expect(own.every(({ waiver }) => waiver?.owner === 'team-checkout')).toBe(true);
  });

  test.each([
    [WAIVER.replace('latency-p95', 'latency-p42'), 'waivers[0].objective', 'no objective "latency-p42"'],
    [
      WAIVER.replace('2026-12-31', '2026-02-30'),
      'waivers[0].until',
      '2026-02-30 is not a date of the calendar',
    ],
    [WAIVER.replace('2026-12-31', 'forever'), 'waivers[0].until', 'it must be a date such as 2026-12-31'],
    [WAIVER.replace('index', '" "'), 'waivers[0].reason', 'is empty'],
    [WAIVER.replace('owner: team-checkout, ', ''), 'waivers[0]', 'lacks owner'],
    [`${WAIVER}, ${WAIVER}`, 'waivers[1].objective', 'two waivers'],
  ])('%s', (waivers, path, message) => {
    const result = parseDocument(withWaivers(waivers));
    expect(result).toMatchObject({ ok: false, error: [{ path }] });
    expect(JSON.stringify(result)).toContain(message.replaceAll('"', '\\"'));
  });
});

test('a load is not stopped early because of an objective that does not decide the verdict', () => {
  const budgetsOf = (yaml: string) =>
    unwrap(planScenario(parsed(yaml), 'steady')).load!.budgets.map(({ objective }) => objective);
  expect(budgetsOf(SHIPPED_YAML)).toEqual(['latency-p95', 'latency-p99', 'error-rate']);
  expect(budgetsOf(withWaivers(WAIVER))).toEqual(['latency-p99', 'error-rate']);
  const advisory = SHIPPED_YAML.replace('- id: error-rate\n', '- id: error-rate\n    advisory: true\n');
  expect(budgetsOf(advisory)).toEqual(['latency-p95', 'latency-p99']);
});
