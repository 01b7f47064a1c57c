import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { parseDocument } from '../../document/document.ts';
import { isGeneral } from '../../document/objectives.ts';
import type { SlaDocument } from '../../model/model.ts';
import { unwrap } from '../../model/result.ts';
import { renderRules } from '../../render/rules.ts';
import { SHIPPED_YAML } from '../../testing/cases.ts';
import { checkRules, testRules } from '../../testing/run-promtool.ts';
import type { Rule, RuleGroup } from './rule.ts';
import { rawRulesOf, rulesOf } from './rules.ts';

function documentOf(yaml: string): SlaDocument {
  return unwrap(parseDocument(yaml));
}

const shipped = documentOf(SHIPPED_YAML);
const SOURCE = 'slas/documents/sentiment-api.yaml';
const alertsOf = (groups: readonly RuleGroup[]) =>
  groups.flatMap(({ rules }) => rules).filter(({ alert }) => alert !== undefined);
const named = (name: string, groups = rulesOf(shipped)): Rule =>
  alertsOf(groups).find(({ alert }) => alert === name)!;

describe('the rules of the shipped document', () => {
  test('match the committed rule files', async () => {
    await expect(renderRules(rulesOf(shipped), SOURCE)).toMatchFileSnapshot(
      '../../generated/sentiment-api.rules.yaml',
    );
    await expect(renderRules(rawRulesOf(shipped), SOURCE)).toMatchFileSnapshot(
      '../../generated/sentiment-api.raw.rules.yaml',
    );
  });

  test.each([
    ['at their defaults', rulesOf(shipped)],
    ['with short windows', rulesOf(shipped, { windowSeconds: 30, forSeconds: 5 })],
    ['the raw rules', rawRulesOf(shipped)],
  ])('promtool accepts them: %s', async (_, groups) => {
    expect(await checkRules(renderRules(groups, SOURCE))).toBe('');
  });

  test('the three named alerts have the documented severities and limits', () => {
    expect([named('HighErrorRate').labels?.severity, named('HighErrorRate').expr]).toEqual([
      'critical',
      'sla:bad_share:over5m{sla="sentiment-api",objective="error-rate",threshold="alert"} > 0.05',
    ]);
    expect(named('HighLatency').labels?.severity).toBe('warning');
    expect(named('HighLatency').annotations?.summary).toContain('> 300ms');
    expect(named('ModelNotLoaded').labels?.severity).toBe('critical');
    expect(named('HighErrorRate').annotations?.runbook_url).toBe('docs/runbooks/HighErrorRate.md');
  });

  test('every objective has one rule per threshold, and every alert a severity, a summary and a runbook page', () => {
    const alerts = alertsOf(rulesOf(shipped));
    for (const { id } of shipped.objectives.filter(isGeneral)) {
      for (const threshold of ['target', 'alert']) {
        const own = alerts.filter(({ expr }) =>
          expr.startsWith(
            `sla:${/throughput|confidence/.test(id) ? 'value' : 'bad_share'}:over5m{sla="sentiment-api",objective="${id}",threshold="${threshold}"}`,
          ),
        );
        expect(own).toHaveLength(1);
      }
    }
    for (const { alert, labels, annotations } of alerts) {
      expect(labels?.severity, alert).toMatch(/^(critical|warning|info)$/);
      expect(annotations?.summary, alert).toMatch(/\S/);
      expect(annotations?.runbook_url, alert).toMatch(/^docs\/runbooks\/[A-Za-z0-9]+\.md$/);
    }
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
  });

  test('every runbook page that an alert links to exists', () => {
    const root = new URL('../../../', import.meta.url);
    const linked = alertsOf([...rulesOf(shipped), ...rawRulesOf(shipped)]).map(
      ({ annotations }) => annotations!.runbook_url!,
    );
    for (const page of new Set(linked)) {
      const [heading] = readFileSync(new URL(page, root), 'utf8').split('\n', 1);
      expect(`docs/runbooks/${heading!.replace('# ', '')}.md`).toBe(page);
    }
    const pages = readdirSync(new URL('docs/runbooks', root)).map((page) => `docs/runbooks/${page}`);
    // These two pages are not runbooks: the index, and the Kubernetes commands that every runbook uses.
    const others = ['docs/runbooks/README.md', 'docs/runbooks/Kubernetes.md'];
    expect(pages.filter((page) => !linked.includes(page)).toSorted()).toEqual(others.toSorted());
  });

  test('the runbooks may be headings on one page, or separate pages below an address', () => {
    const linkOf = (runbooks: string) =>
      named('HighErrorRateFastBurn', rulesOf({ ...shipped, alerting: { ...shipped.alerting, runbooks } }))
        .annotations?.runbook_url;
    expect(linkOf('https://wiki.example.org/sentiment')).toBe(
      'https://wiki.example.org/sentiment#higherrorrate',
    );
    expect(linkOf('https://wiki.example.org/{alert}?space=sla')).toBe(
      'https://wiki.example.org/HighErrorRate?space=sla',
    );
  });

  test('unreachable burn rates are left out: with a budget of 5%, a factor of 14 means 70% bad requests', () => {
    expect(named('HighLatencyFastBurn').expr).toContain(
      'over1h{sla="sentiment-api",objective="latency-p95",threshold="target"} > 0.72',
    );
    const half = documentOf(SHIPPED_YAML.replace('percentile: 95', 'percentile: 80'));
    expect(alertsOf(rulesOf(half)).map(({ alert }) => alert)).not.toContain('HighLatencyFastBurn');
    expect(named('HighLatencySlowBurn', rulesOf(half)).expr).toContain('> 0.6');
  });

  test('a shorter alert window shortens all burn-rate windows', () => {
    const groups = rulesOf(shipped, { windowSeconds: 30, forSeconds: 5 });
    const text = renderRules(groups, SOURCE);
    expect(text).not.toContain('over5m{');
    expect(named('HighErrorRateFastBurn', groups).expr).toContain('sla:bad_share:over6m{');
    expect(named('HighErrorRate', groups).for).toBe('5s');
  });
});

describe('a document without alerting', () => {
  const plain = documentOf(
    SHIPPED_YAML.slice(0, SHIPPED_YAML.indexOf('# What ./sla rules writes')).trimEnd(),
  );

  test('has alerts named after its objectives, with severity warning', () => {
    const alert = alertsOf(rulesOf(plain)).find(({ alert: name }) => name === 'ErrorRate');
    expect(alert?.labels).toEqual({ severity: 'warning' });
    expect(alert?.annotations).not.toHaveProperty('runbook_url');
    expect(rawRulesOf(plain)).toEqual([]);
  });

  test('is accepted by promtool', async () => {
    expect(await checkRules(renderRules(rulesOf(plain), SOURCE))).toBe('');
  });
});

interface Expectation {
  readonly atMinutes: number;
  readonly firing: readonly string[];
}

/**
 * A promtool test: series as `[name, values]` with one value per minute, and which of the named alerts fire
 * when.
 */
function firing(
  watched: string,
  series: readonly [string, string][],
  expected: readonly Expectation[],
  everyMinutes = 1,
) {
  const groups = rulesOf(shipped, { forSeconds: 0 }).map((group) => ({
    ...group,
    rules: group.rules.filter((rule) => concerns(rule, watched)),
  }));
  return {
    rules: renderRules(groups, 'a test'),
    test: (rulesFile: string) =>
      stringify({
        rule_files: [rulesFile],
        evaluation_interval: `${everyMinutes}m`,
        tests: [
          {
            interval: '1m',
            input_series: series.map(([name, values]) => ({ series: name, values })),
            promql_expr_test: expected.map(({ atMinutes, firing: names }) => ({
              expr: `group by (alertname) (ALERTS{alertstate="firing",alertname=~"${watched}"})`,
              eval_time: `${atMinutes}m`,
              exp_samples: names.map((name) => ({ labels: `{alertname="${name}"}`, value: 1 })),
            })),
          },
        ],
      }),
  };
}

/**
 * Evaluating all rules over days of samples takes minutes, so only the alerts and the error rate's recording
 * rules are used.
 */
const concerns = ({ alert, labels }: Rule, watched: string) =>
  alert === undefined
    ? /error-rate|model-uptime/.test(labels?.objective ?? '')
    : new RegExp(`^(${watched})$`).test(alert);

const answers = (status: string) =>
  `http_requests_total{job="sentiment-api",instance="a",method="POST",handler="/predict",status="${status}"}`;
const predictions = (sentiment: string) =>
  `sentiment_predictions_total{job="sentiment-api",instance="a",endpoint="/predict",sentiment="${sentiment}"}`;

test('burn-rate alerts fire while both windows exceed the rate, and resolve when the short window recovers', async () => {
  const tests = [
    // 20% bad for an hour, 20 times the budget of 1%, then none.
    firing(
      'HighErrorRate(Fast|Slow)Burn',
      [
        [answers('200'), '100000+1000x120 220000+800x60 268000+1000x60'],
        [answers('500'), '1000+0x120 1000+200x60 13200+0x60'],
      ],
      [
        { atMinutes: 119, firing: [] },
        { atMinutes: 179, firing: ['HighErrorRateFastBurn', 'HighErrorRateSlowBurn'] },
        { atMinutes: 230, firing: ['HighErrorRateSlowBurn'] },
      ],
    ),
    // 2% bad for three days: a slow burn, never a fast one.
    firing(
      'HighErrorRate(Fast|Slow)Burn',
      [
        [answers('200'), '100000+980x4400'],
        [answers('500'), '1000+20x4400'],
      ],
      [{ atMinutes: 4380, firing: ['HighErrorRateSlowBurn'] }],
      60,
    ),
  ];
  expect(await testRules(tests)).toEqual(['', '']);
});

test('drift alerts fire beyond 10 points in either direction, not at exactly 10, and not on few predictions', async () => {
  const mix = (positive: number) =>
    [
      [predictions('POSITIVE'), `100000+${positive}x20`],
      [predictions('NEGATIVE'), `100000+${1000 - positive}x20`],
    ] as [string, string][];
  const moved = (positive: number, names: readonly string[]) =>
    firing('DriftDetected', mix(positive), [{ atMinutes: 10, firing: names }]);
  const few = (aMinute: number, names: readonly string[]) =>
    firing(
      'DriftDetected',
      [
        [predictions('POSITIVE'), `100000+${aMinute}x20`],
        [predictions('NEGATIVE'), '100000x20'],
      ],
      [{ atMinutes: 10, firing: names }],
    );
  const tests = [
    moved(500, []),
    moved(595, []),
    moved(605, ['DriftDetected']),
    moved(395, ['DriftDetected']),
    firing(
      'DriftDetected',
      [
        [predictions('POSITIVE'), '700x20'],
        [predictions('NEGATIVE'), '10x20'],
      ],
      // Without predictions there is no drift.
      [{ atMinutes: 10, firing: [] }],
    ),
    // All texts are positive, 270 in five minutes and then 275: below 271 nothing is reported.
    few(54, []),
    few(55, ['DriftDetected']),
  ];
  expect(await testRules(tests)).toEqual(tests.map(() => ''));
});

test('an unscraped service is reported, and so is a service whose scrapes fail', async () => {
  const up = 'up{job="sentiment-api",instance="a"}';
  const loaded = 'sentiment_model_loaded{job="sentiment-api",instance="a"}';
  const watched = 'ServiceNotScraped|ModelNotLoaded';
  const tests = [
    firing(watched, [['up{job="other"}', '1x20']], [{ atMinutes: 10, firing: ['ServiceNotScraped'] }]),
    firing(
      watched,
      [
        [up, '1x5 0x15'],
        [loaded, '1x5'],
      ],
      [
        { atMinutes: 5, firing: [] },
        { atMinutes: 7, firing: ['ModelNotLoaded'] },
        { atMinutes: 15, firing: ['ModelNotLoaded'] },
      ],
    ),
  ];
  expect(await testRules(tests)).toEqual(['', '']);
});

describe('a limit that is not a bucket edge', () => {
  const exprOf = (target: string, buckets: string) =>
    rulesOf(
      documentOf(
        `apiVersion: sla-harness/v1\nkind: SLA\nname: d\nservice: { selector: { job: j }${buckets} }\nobjectives:\n- { id: a, target: ${target}, latency: { histogram: h_ms, percentile: 95 } }\n`,
      ),
    )[0]!.rules[0]!.expr;

  test.each([
    [
      '< 200ms',
      ', buckets: { h_ms: [100, 250] }',
      '100',
      'the edge below, so that the alert cannot be silent',
    ],
    ['< 250ms', ', buckets: { h_ms: [100, 250] }', '250', 'the limit, which is an edge'],
    ['< 50ms', ', buckets: { h_ms: [100, 250] }', '100', 'the lowest edge: none is below'],
    ['< 1s', ', buckets: { h_ms: [100, 250] }', '250', 'the highest edge'],
    ['< 200ms', '', '200', 'the limit, where no edges are listed'],
  ])('of %s with%s is watched at %s: %s', (target, buckets, edge) =>
    expect(exprOf(target, buckets)).toContain(`le=~"${edge}(\\\\.0)?"`),
  );
});

test('the rules of a native histogram read the whole histogram, those of a classic histogram its buckets', () => {
  const native = documentOf(
    SHIPPED_YAML.replace(/buckets:\n(?: {4,}.*\n)+/, 'nativeHistograms: [http_request_duration_seconds]\n'),
  );
  const recorded = (document: SlaDocument) =>
    rulesOf(document)
      .flatMap(({ rules }) => rules)
      .find(({ labels }) => labels?.objective === 'latency-p95')!.expr;
  expect(recorded(native)).toMatch(
    /^1 - histogram_fraction\(-Inf, 0\.2, sum\(increase\(http_request_duration_seconds\{.*\}\[5m\]\)\)\)$/,
  );
  expect(recorded(documentOf(SHIPPED_YAML))).toContain('http_request_duration_seconds_bucket');
});
