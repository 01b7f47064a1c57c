import { expect, test } from 'vitest';
import { judge } from '../judge/judge.ts';
import type { Evidence } from '../model/model.ts';
import { renderMarkdown } from '../render/markdown.ts';
import { renderText } from '../render/text.ts';
import { alertReadings } from '../testing/alert-readings.ts';
import { ORIGIN_SECONDS } from '../testing/case-text.ts';
import { healthy, type Judged, readCaseFiles } from '../testing/cases.ts';

/** The cross-check of alerts and verdict; the resulting verdicts are in cases/alerts.yaml. */

const verdictOf = ({ plan, run, evidence }: Judged) => judge(plan, run, evidence);

function everyAlertFires({ plan, run, evidence }: Judged): Evidence {
  const { fromSeconds, toSeconds } = run.window;
  const always = `${fromSeconds - ORIGIN_SECONDS}..${toSeconds - ORIGIN_SECONDS}`;
  const firing = Object.fromEntries(plan.alerts!.rules.map(({ name }) => [name, always]));
  return { ...evidence, alerts: alertReadings({ over: '1s', firing }, plan, run, ORIGIN_SECONDS) };
}

test('alerts never change the verdict', () => {
  const cases = [...readCaseFiles().values()].flatMap((all) => all.filter((_, index) => index % 8 === 0));
  expect(cases.length).toBeGreaterThan(45);
  for (const { name, build } of cases) {
    const judged = build();
    const { alerts: _, ...evidence } = judged.evidence;
    const { alerts, ...verdict } = verdictOf({ ...judged, evidence: everyAlertFires(judged) });
    expect(verdict, name).toEqual(verdictOf({ ...judged, evidence }));
    expect(alerts!.held ?? [], name).toHaveLength(judged.plan.alerts!.rules.length);
  }
});

test('stored runs without alerts, in plan or evidence, are judged as before', () => {
  const { plan, run, evidence } = healthy();
  const { alerts: _, ...oldPlan } = plan;
  const asked = everyAlertFires({ ...healthy() });
  expect(Object.keys(judge(plan, run, evidence))).not.toContain('alerts');
  expect(Object.keys(judge(oldPlan, run, asked))).not.toContain('alerts');
});

function rendered(caseName: string) {
  const judged = readCaseFiles()
    .get('alerts.yaml')!
    .find((one) => one.name === caseName)!
    .build();
  const verdict = verdictOf(judged);
  return {
    text: renderText(verdict, judged.plan, { colour: false, isVerbose: true }),
    markdown: renderMarkdown(verdict, judged.plan),
  };
}

test('the cross-check is printed if there are rules', () => {
  const { text, markdown } = rendered('an alert that fired twice');
  expect(text).toContain(
    '· alerts: rules for 6 objectives were evaluated: 1 alert fired; 1 alert disagrees with the verdict\n',
  );
  expect(text).toContain(
    '≠ HighLatency, firing from 00:00:20 to 00:00:24, 00:00:28 to 00:00:28: disagrees with the verdict: latency-p95 is met',
  );
  expect(markdown).toContain('- ⚠️ HighLatency, firing from 00:00:20');
  expect(rendered('an alert that should have fired').text).toContain(
    '≠ HighErrorRate, never firing: disagrees with the verdict:',
  );
  expect(rendered('an alert that is still pending').text).toContain(
    '· HighErrorRate, never firing: error-rate',
  );
});

test('nothing is printed if Prometheus has no rules', () => {
  const { text, markdown } = rendered('a Prometheus without rules');
  expect(text + markdown).not.toMatch(/alert(s|ing)\b/);
});
