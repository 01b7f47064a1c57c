import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { type MetricDefinition, metrics } from '../../service/metric-names.ts';
import { variantMetrics } from '../../service/variant-metric-names.ts';
import { parseDocument } from '../../slas/document/document.ts';
import { unwrap } from '../../slas/model/result.ts';
import { checkRules, testRules } from '../../slas/testing/run-promtool.ts';
import { ROOT } from '../testing/sla.ts';

/** Compares docs/telemetry.md with the service, promtool and the gate's own parser. */

const docs = readFileSync(join(ROOT, 'docs', 'telemetry.md'), 'utf8');
const blocks = [...docs.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => text!);
const all: readonly MetricDefinition[] = [...Object.values(metrics), ...Object.values(variantMetrics)];

test('every metric is in the table, with its type, its labels and its help text', () => {
  const rows = docs.split('\n').filter((line) => /^\| `(sentiment|http)_/.test(line));
  const expected = all.map(({ name, type, labelNames, help }) => {
    const labels = labelNames.map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${type} | ${labels} | ${help} |`;
  });
  expect(rows).toEqual(expected);
});

/** https://prometheus.io/docs/practices/naming/, as far as a test can check it. */
test.each(all)('$name follows the naming rules', ({ name, type, labelNames, help }) => {
  expect(name).toMatch(/^(sentiment|http)_[a-z]+(_[a-z]+)*$/);
  expect(name.endsWith('_total')).toBe(type === 'counter');
  expect(name).not.toMatch(/_(count|sum|bucket|counter|gauge|histogram|milliseconds|ms|percent|kb)(_|$)/);
  for (const label of labelNames) expect(label).toMatch(/^[a-z]+(_[a-z]+)*$/);
  expect(labelNames).not.toContain('le');
  expect(help).toMatch(/^\S.*\.$/);
});

test('no metric has more than 300 series, including buckets', () => {
  for (const definition of all) {
    const series =
      definition.labelSets.length * (definition.type === 'histogram' ? definition.buckets.length + 3 : 1);
    const isOfHttp = definition.name.startsWith('http_request_duration');
    expect([definition.name, series <= (isOfHttp ? 2000 : 300)]).toEqual([definition.name, true]);
  }
});

describe('the alerts on drift', () => {
  const rules = blocks.find((block) => block.includes('SentimentInputDrift'))!;
  const labels = 'job="sentiment-api",instance="a"';
  const feature = (name: string) => `{${labels},feature="${name}"}`;

  /** Samples a minute apart, and the alerts that fire after 20 minutes of them. */
  const after = (values: Readonly<Record<string, number>>, firing: readonly string[]) => ({
    rules,
    test: (file: string) =>
      stringify({
        rule_files: [file],
        evaluation_interval: '1m',
        tests: [
          {
            interval: '1m',
            input_series: Object.entries(values).map(([series, value]) => ({
              series,
              values: `${value}+0x30`,
            })),
            promql_expr_test: [
              {
                expr: 'group by (alertname) (ALERTS{alertstate="firing"})',
                eval_time: '20m',
                exp_samples: firing.map((name) => ({ labels: `{alertname="${name}"}`, value: 1 })),
              },
            ],
          },
        ],
      }),
  });
  const series = (psi: number, chance: number, positive: number, window: number) => ({
    [`sentiment_drift_psi${feature('length')}`]: psi,
    [`sentiment_drift_psi_chance_limit${feature('length')}`]: chance,
    [`sentiment_drift_psi${feature('confidence')}`]: psi,
    [`sentiment_drift_psi_chance_limit${feature('confidence')}`]: chance,
    [`sentiment_positive_ratio{${labels}}`]: positive,
    [`sentiment_positive_expected_ratio{${labels}}`]: 0.5,
    [`sentiment_drift_window_predictions{${labels}}`]: window,
  });
  const psiAlerts = ['SentimentInputDrift', 'SentimentConfidenceDrift'];

  test('promtool accepts them', async () => {
    expect(await checkRules(rules)).toBe('');
  });

  test('they fire if the drift exceeds both limits and 10 points, and not before', async () => {
    const tests = [
      after(series(0.05, 0.06, 0.5, 2000), []),
      after(series(0.15, 0.06, 0.59, 2000), []),
      after(series(0.3, 0.06, 0.5, 2000), psiAlerts),
      // With so few predictions, the drift may be chance.
      after(series(0.3, 0.35, 0.9, 120), []),
      after(series(0.05, 0.06, 0.61, 2000), ['SentimentBalanceDrift']),
      after(series(0.05, 0.06, 0.39, 2000), ['SentimentBalanceDrift']),
    ];
    expect(await testRules(tests)).toEqual(tests.map(() => ''));
  });
});

test('the document for variant b is valid, and uses only metrics of the service', () => {
  const parsed = unwrap(
    parseDocument(readFileSync(join(ROOT, 'slas', 'documents', 'variant-b.yaml'), 'utf8')),
  );
  const text = JSON.stringify(parsed);
  const named = [...text.matchAll(/"metric":"([a-z_]+)"/g)].map(([, name]) => name!);
  expect(named.length).toBeGreaterThan(4);
  for (const name of named) expect(all.map((metric): string => metric.name)).toContain(name);
  for (const [name, edges] of Object.entries(parsed.service.buckets)) {
    expect(all.find((metric) => metric.name === name)).toMatchObject({ buckets: edges });
  }
  const outcomes = variantMetrics.requests.labelSets.map(({ outcome }) => outcome);
  expect(text).toContain(outcomes.filter((outcome) => outcome !== 'answered')[0]);
});

test('the configuration for promtail can be parsed', () => {
  const [config] = blocks.filter((block) => block.includes('pipeline_stages')).map((block) => parse(block));
  const stages = config.scrape_configs[0].pipeline_stages.flatMap((stage: object) => Object.keys(stage));
  expect(stages).toEqual(['json', 'timestamp', 'labels', 'structured_metadata']);
});
