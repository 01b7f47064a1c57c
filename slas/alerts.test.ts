import { describe, expect, test } from 'vitest';
import { judge } from './judge.ts';
import type { Evidence, Plan, RunRecord } from './model.ts';
import { collectEvidence } from './prometheus.ts';
import { renderMarkdown } from './render/markdown.ts';
import { renderText } from './render/text.ts';
import { alertReadings } from './testing/alert-readings.ts';
import { healthy, type Judged, ORIGIN_SECONDS, readCaseFiles } from './testing/cases.ts';
import { startPrometheus } from './testing/prometheus-server.ts';

/** Alerts beside a verdict. What is made of them is in cases/alerts.yaml. */

const verdictOf = ({ plan, run, evidence }: Judged) => judge(plan, run, evidence);

function everyAlertFires({ plan, run, evidence }: Judged): Evidence {
  const { fromSeconds, toSeconds } = run.window;
  const always = `${fromSeconds - ORIGIN_SECONDS}..${toSeconds - ORIGIN_SECONDS}`;
  const firing = Object.fromEntries(plan.alerts!.rules.map(({ name }) => [name, always]));
  return { ...evidence, alerts: alertReadings({ over: '1s', firing }, plan, run, ORIGIN_SECONDS) };
}

test('whatever fires, the verdict is what it is without', () => {
  const cases = [...readCaseFiles().values()].flatMap((all) => all.filter((_, index) => index % 4 === 0));
  expect(cases.length).toBeGreaterThan(90);
  for (const { name, build } of cases) {
    const judged = build();
    const { alerts: _, ...evidence } = judged.evidence;
    const { alerts, ...verdict } = verdictOf({ ...judged, evidence: everyAlertFires(judged) });
    expect(verdict, name).toEqual(verdictOf({ ...judged, evidence }));
    expect(alerts!.held ?? [], name).toHaveLength(judged.plan.alerts!.rules.length);
  }
});

test('stored runs without the part, in plan or evidence, are judged as they were', () => {
  const { plan, run, evidence } = healthy();
  const { alerts: _, ...oldPlan } = plan;
  const asked = everyAlertFires({ ...healthy() });
  expect(Object.keys(judge(plan, run, evidence))).not.toContain('alerts');
  expect(Object.keys(judge(oldPlan, run, asked))).not.toContain('alerts');
});

// ---------------------------------------------------------------------------------------------- as a server has them

const DAY = 24 * 3600;
const name = 'sentiment-api';

/** Samples of one alert, a second apart. */
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

/** What the verdict of a service without any samples has to say of its alerts. */
async function heldOf(stored: string, seconds: number) {
  const { alerts, plan, run } = await askedOf(stored, seconds);
  return verdictOf({ ...healthy(), plan, run, evidence: { ...healthy().evidence, alerts: alerts! } }).alerts!;
}

const seconds = (at: string) => Date.parse(at) / 1000 - ORIGIN_SECONDS;

describe('a real Prometheus', () => {
  test('an alert of three seconds in a window of a day is seen, and one of another service or time is not', {
    timeout: 60_000,
  }, async () => {
    const others = samples('Elsewhere', 'firing', 3000, 5).replaceAll(name, 'other-api');
    const before = samples('Before', 'firing', -3600, 5);
    const stored = [others, before, samples('Short', 'firing', 40_000, 3), recorded(100), recorded(DAY)];
    const { held, detail } = await heldOf(stored.join(''), DAY);
    expect(held!.map(({ id }) => id)).toEqual(['Short']);
    const [{ from, to }] = held![0]!.firing as [{ from: string; to: string }];
    // Seen at a step of 144 s; without the marker that Prometheus writes at its end it is looked back at for 5 minutes.
    expect(seconds(from)).toBeGreaterThanOrEqual(40_000);
    expect(seconds(from)).toBeLessThan(40_000 + 144);
    expect(seconds(to)).toBeLessThan(40_003 + 300);
    expect(detail).toContain('1 alert fired');
  });

  test('in a short window to the second', { timeout: 60_000 }, async () => {
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

  test('one without any rules', { timeout: 60_000 }, async () => {
    expect(await heldOf('up{job="another"} 1 1735689600\n', 60)).toEqual({
      held: null,
      detail: expect.stringContaining('no alerting rules seen'),
    });
  });
});

// ---------------------------------------------------------------------------------------------- told

function rendered(caseName: string) {
  const judged = readCaseFiles()
    .get('alerts.yaml')!
    .find((one) => one.name === caseName)!
    .build();
  const verdict = verdictOf(judged);
  return {
    text: renderText(verdict, judged.plan, { colour: false }),
    markdown: renderMarkdown(verdict, judged.plan),
  };
}

test('they are told where there are rules', () => {
  const { text, markdown } = rendered('an alert that came twice');
  expect(text).toContain('· alerts: rules of 6 objectives were evaluated: 1 alert fired, 1 not as judged\n');
  expect(text).toContain(
    '≠ HighLatency, firing from 00:00:20 to 00:00:24, 00:00:28 to 00:00:28: not as judged: latency-p95 is met',
  );
  expect(markdown).toContain('- ⚠️ HighLatency, firing from 00:00:20');
  expect(rendered('an alert that should have fired').text).toContain(
    '≠ HighErrorRate, never firing: not as judged:',
  );
  expect(rendered('an alert that is still waiting').text).toContain(
    '· HighErrorRate, never firing: error-rate',
  );
});

test('a Prometheus without rules is nothing to tell', () => {
  const { text, markdown } = rendered('a Prometheus without rules');
  expect(text + markdown).not.toMatch(/alert(s|ing)\b/);
});
