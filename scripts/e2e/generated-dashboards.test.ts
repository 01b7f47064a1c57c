import { readdirSync, readFileSync } from 'node:fs';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { metricNames, processMetrics } from '../../dashboards/metrics.ts';
import { parseDocument } from '../../slas/document/document.ts';
import { unwrap } from '../../slas/model/result.ts';
import { SHIPPED_YAML } from '../../slas/testing/cases.ts';
import { renderDashboards } from '../cli/commands/dashboards.ts';

/** The dashboards that are committed for Grafana. dashboards.test.ts checks their queries against a real Prometheus. */

const parsed = unwrap(parseDocument(SHIPPED_YAML));
const rendered = await renderDashboards(parsed);

interface GrafanaPanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly targets?: readonly { readonly expr: string; readonly exemplar?: boolean }[];
  readonly links?: readonly { readonly url: string }[];
  readonly fieldConfig?: { readonly defaults: { readonly thresholds: { readonly steps: unknown } } };
}
interface GrafanaDashboard {
  readonly title: string;
  readonly refresh: string;
  readonly panels: readonly GrafanaPanel[];
  readonly templating: { readonly list: readonly { readonly name: string }[] };
}
const boards = new Map([...rendered].map(([name, text]) => [name, JSON.parse(text) as GrafanaDashboard]));
const main = boards.get('sentiment-production.json')!;

const GENERATED = new URL('../../dashboards/generated/', import.meta.url);

test('the committed dashboards are those that ./sla dashboards generates from the document', () => {
  const committed = readdirSync(GENERATED).map((name) => [
    name,
    readFileSync(new URL(name, GENERATED), 'utf8'),
  ]);
  expect(Object.fromEntries(committed)).toEqual(Object.fromEntries(rendered));
});

describe('the main dashboard', () => {
  test('has its title, its refresh, its variables, and the panels of each row in order', () => {
    expect([main.title, main.refresh]).toEqual(['Sentiment Analysis Production Monitoring', '10s']);
    expect(main.templating.list.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['namespace', 'pod', 'endpoint']),
    );
    const titles = main.panels.map(({ type, title }) => (type === 'row' ? `# ${title}` : title));
    expect(titles.slice(0, 16)).toEqual([
      '# Overview',
      'Total Predictions (24h)',
      'Prediction Rate',
      'Model Status',
      'Error Rate',
      '# Prediction Analytics',
      'Predictions by Sentiment',
      'Sentiment Distribution',
      'Confidence Distribution',
      'Batch Sizes',
      '# Performance Metrics',
      'API Latency p50/p95/p99',
      'HTTP Request Rate by endpoint',
      'Average Confidence',
      'Error Types',
      '# Business',
    ]);
  });

  test('each panel has the visualisation that its name suggests', () => {
    const types = Object.fromEntries(main.panels.map(({ title, type }) => [title, type]));
    expect(types).toMatchObject({
      'Total Predictions (24h)': 'stat',
      'Error Rate': 'stat',
      'Predictions by Sentiment': 'timeseries',
      'Sentiment Distribution': 'piechart',
      'Confidence Distribution': 'heatmap',
      'API Latency p50/p95/p99': 'timeseries',
      'Average Confidence': 'gauge',
      'Error Types': 'barchart',
    });
  });

  test('panels use the thresholds of the document, and mark the right side of each limit', () => {
    const steps = (title: string) =>
      main.panels.find((panel) => panel.title === title)!.fieldConfig!.defaults.thresholds.steps;
    expect(steps('Error Rate')).toEqual([
      { value: null, color: 'green' },
      { value: 0.01, color: 'orange' },
      { value: 0.05, color: 'red' },
    ]);
    expect(steps('Average Confidence')).toEqual([
      { value: null, color: 'red' },
      { value: 0.7, color: 'orange' },
      { value: 0.85, color: 'green' },
    ]);
  });

  test('latency panels link to traces through exemplars', () => {
    const latency = main.panels.find(({ title }) => title.startsWith('API Latency'))!;
    const measured = latency.targets!.filter(({ expr }) => !expr.startsWith('vector('));
    expect(measured.map(({ exemplar }) => exemplar)).toEqual([true, true, true]);
  });
});

describe.each([...boards])('%s', (_, { panels }) => {
  const targets = panels.flatMap(({ targets: own = [] }) => own);

  test('every query uses metrics that exist', () => {
    const named = targets.map(({ expr }) =>
      [...expr.matchAll(/([a-zA-Z_:][\w:]*)\{/g)].map(([, name]) => name!),
    );
    // A limit is drawn as a constant.
    const without = targets.filter(
      ({ expr }, at) => named[at]!.length === 0 && !/^vector\([\d.]+\)$/.test(expr),
    );
    expect(without).toEqual([]);
    expect([...new Set(named.flat())].filter((name) => !metricNames.has(name))).toEqual([]);
  });

  test('panels have unique ids, and links lead to existing panels', () => {
    const ids = panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const led = panels
      .flatMap(({ links = [] }) => links)
      .flatMap(({ url }) => /viewPanel=panel-(\d+)/.exec(url)?.[1] ?? []);
    expect(led.filter((id) => !ids.includes(Number(id)))).toEqual([]);
    expect(led.length).toBeGreaterThan(0);
  });
});

test('the metrics that Prometheus and prom-client add exist', async () => {
  const register = new Registry();
  collectDefaultMetrics({ register });
  const exposed = await register.metrics();
  const ours = processMetrics.filter((name) => name !== 'up');
  expect(ours.filter((name) => !exposed.includes(`# TYPE ${name} `))).toEqual([]);
});
