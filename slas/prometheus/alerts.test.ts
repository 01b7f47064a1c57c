import { describe, expect, test } from 'vitest';
import type { Evidence, Plan, RunRecord } from '../model/model.ts';
import { ORIGIN_SECONDS } from '../testing/case-text.ts';
import { healthy } from '../testing/cases.ts';
import { judgeInWords } from '../testing/judge-in-words.ts';
import { startPrometheus } from '../testing/prometheus-server.ts';
import { collectEvidence } from './prometheus.ts';

/** The alerts of a window as stored by a real Prometheus. */

const DAY = 24 * 3600;
const name = 'sentiment-api';

/** Samples of one alert, one second apart. */
function samples(alertname: string, alertstate: string, fromSeconds: number, seconds: number): string {
  const labels = `sla="${name}",alertname="${alertname}",alertstate="${alertstate}",severity="critical",instance="${alertstate}"`;
  return Array.from(
    { length: seconds },
    (_, at) => `ALERTS{${labels}} 1 ${ORIGIN_SECONDS + fromSeconds + at}\n`,
  ).join('');
}

const recorded = (at: number) =>
  `sla:bad_share:over5m{sla="${name}",objective="error-rate",threshold="alert"} 0.01 ${ORIGIN_SECONDS + at}\n`;

async function askedOf(
  stored: string,
  seconds: number,
): Promise<Pick<Evidence, 'alerts'> & { plan: Plan; run: RunRecord }> {
  await using server = await startPrometheus(stored);
  const { plan } = healthy();
  const window = { fromSeconds: ORIGIN_SECONDS, toSeconds: ORIGIN_SECONDS + seconds };
  const run: RunRecord = { schema: 'sla-harness/run/v1', id: 'window', window, load: null, incidents: null };
  const asker = { url: server.url, signal: AbortSignal.timeout(30_000) };
  const { alerts } = await collectEvidence(plan, run, asker);
  return { alerts: alerts!, plan, run };
}

/** What the verdict of a service without samples reports about its alerts. */
async function heldOf(stored: string, seconds: number) {
  const { alerts, plan, run } = await askedOf(stored, seconds);
  return judgeInWords(plan, run, { ...healthy().evidence, alerts: alerts! }).alerts!;
}

const seconds = (at: string) => Date.parse(at) / 1000 - ORIGIN_SECONDS;

describe('a real Prometheus', () => {
  test('an alert of three seconds in a window of a day is found, and an alert of another service or time is not', {
    timeout: 60_000,
  }, async () => {
    const others = samples('Elsewhere', 'firing', 3000, 5).replaceAll(name, 'other-api');
    const before = samples('Before', 'firing', -3600, 5);
    const stored = [others, before, samples('Short', 'firing', 40_000, 3), recorded(100), recorded(DAY)];
    const { held, detail } = await heldOf(stored.join(''), DAY);
    expect(held!.map(({ id }) => id)).toEqual(['Short']);
    const [{ from, to }] = held![0]!.firing as [{ from: string; to: string }];
    // Found at a step of 144 s; without the stale marker that Prometheus writes at its end, the lookback is 5
    // minutes.
    expect(seconds(from)).toBeGreaterThanOrEqual(40_000);
    expect(seconds(from)).toBeLessThan(40_000 + 144);
    expect(seconds(to)).toBeLessThan(40_003 + 300);
    expect(detail).toContain('1 alert fired');
  });

  test('reports alerts to the second in a short window', { timeout: 60_000 }, async () => {
    const stored = [
      samples('Now', 'pending', 10, 5),
      samples('Now', 'firing', 15, 5),
      samples('Later', 'firing', 70, 5),
    ];
    const { held } = await heldOf([...stored, recorded(30)].join(''), 60);
    expect(
      held!.map(({ id, severity, firing }) => [id, severity, firing.map(({ from }) => seconds(from))]),
    ).toEqual([['Now', 'critical', [15]]]);
  });

  test('reports no alerts if there are no rules', { timeout: 60_000 }, async () => {
    expect(await heldOf('up{job="another"} 1 1735689600\n', 60)).toMatchObject({
      held: null,
      detail: expect.stringContaining("none of the document's alerting rules"),
    });
  });
});
