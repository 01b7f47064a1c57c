import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { judge } from '../../slas/judge/judge.ts';
import type { Evidence, ObjectiveVerdict, Plan, RunRecord, Verdict } from '../../slas/model/model.ts';
import { toolPath } from '../../slas/testing/prometheus-server.ts';
import { GENERATED } from '../cli/commands/dashboards.ts';
import { type SnapshotPrometheus, startOnSnapshot } from '../runs/snapshot-prometheus.ts';
import { ROOT, sla, type TemporaryFolder, temporaryFolder } from '../testing/sla.ts';
import { writeTolerantDocument } from '../testing/tolerant-document.ts';

/** Every query of every dashboard, run against the data of a real run in a real Prometheus. */

interface Target {
  readonly expr: string;
  readonly instant?: boolean;
  readonly legendFormat: string;
}
interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly warnings?: readonly string[];
  readonly data: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly value?: readonly [number, string];
      readonly values?: readonly (readonly [number, string])[];
    }[];
  };
}

const read = async <T>(...path: string[]) => JSON.parse(await readFile(join(...path), 'utf8')) as T;

let folder: TemporaryFolder;
let prometheus: SnapshotPrometheus;
let verdict: Verdict;
/** The scrapes between which the verdict computed its differences. */
let opened: number;
let closed: number;

beforeAll(async () => {
  folder = await temporaryFolder();
  const document = await writeTolerantDocument(folder.path);
  const load = [
    '--sla',
    document,
    '--scenario',
    'smoke',
    '--rate',
    '30',
    '--duration',
    '14s',
    '--no-abort',
    '--faults',
    'errors=5%',
  ];
  await sla(['gate', ...load, '--snapshot', '--out', folder.path]);
  const run = join(folder.path, 'latest');

  const [plan, record, evidence] = await Promise.all([
    read<Plan>(run, 'plan.json'),
    read<RunRecord>(run, 'run.json'),
    read<Evidence>(run, 'evidence.json'),
  ]);
  // Judged without its load: dashboards show the service's side, and it does not matter here if a busy
  // machine sent less than planned.
  verdict = judge({ ...plan, load: null }, { ...record, load: null }, evidence);
  const scrapes = evidence.readings.find(({ selector }) => selector === plan.up)!.series[0]!.samples;
  opened = scrapes.findLast(([at]) => at <= record.window.fromSeconds)![0];
  closed = scrapes.find(([at]) => at >= record.window.toSeconds)![0];
  const looking = { env: process.env, signal: new AbortController().signal };
  const snapshot = join(run, 'prometheus-snapshot');
  const copy = join(folder.path, 'copy');
  prometheus = await startOnSnapshot(snapshot, toolPath('PROMETHEUS_BIN'), copy, looking);
});

afterAll(async () => {
  await prometheus?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

/** The query as Grafana sends it with the default selection: only the prediction endpoints. */
const sent = (expr: string, rate: string, range: string) =>
  expr
    .replaceAll('$namespace', '.*')
    .replaceAll('$pod', '.*')
    .replaceAll('$endpoint', '/predict|/predict/batch')
    .replaceAll('$__rate_interval', rate)
    .replaceAll('$__range', range);

async function ask(path: string, parameters: Record<string, string>): Promise<Answer> {
  const response = await fetch(`${prometheus.url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
  return (await response.json()) as Answer;
}

/**
 * Evaluates a query over the verdict's own window. The first and last samples are the edges of the window, so nothing
 * is extrapolated.
 */
async function overWindow(expr: string): Promise<Answer> {
  const range = `${Math.round((closed - opened) * 1000) + 1}ms`;
  return await ask('query', { query: sent(expr, range, range), time: String(closed) });
}

const files = readdirSync(join(ROOT, GENERATED));
const targets = await Promise.all(
  files.map(async (file) => {
    const { panels } = await read<{ panels: { title: string; targets?: Target[] }[] }>(ROOT, GENERATED, file);
    return panels.flatMap(({ title, targets: own = [] }) =>
      own.map((target) => ({ file, title, ...target })),
    );
  }),
);

const isOfBatches = (legend: string) => legend.startsWith('batch-');

describe('every query of every dashboard', () => {
  test.each(targets.flat())(
    '$file, $title, $legendFormat: returns numbers',
    async ({ expr, instant, legendFormat }) => {
      const whole = `${Math.ceil(closed - opened)}s`;
      const query = sent(expr, '5s', whole);
      const answer = instant
        ? await ask('query', { query, time: String(closed) })
        : await ask('query_range', { query, start: String(opened + 5), end: String(closed), step: '1' });
      expect(answer.error).toBeUndefined();
      expect(answer.warnings ?? []).toEqual([]);
      const values = answer.data.result.flatMap(({ value, values: all }) => all ?? [value!]);
      // There were no batch requests, so the objectives for batches must show no values, not those of another
      // endpoint.
      if (isOfBatches(legendFormat) && !expr.includes('count_over_time')) return expect(values).toEqual([]);
      expect(values.length).toBeGreaterThan(0);
      expect(values.filter(([, value]) => !Number.isFinite(Number(value)))).toEqual([]);
    },
  );
});

describe('dashboards show the same values as the verdict', () => {
  const objective = (id: string): ObjectiveVerdict => verdict.objectives.find((one) => one.id === id)!;
  const number = async (title: string, legend: string) => {
    const { expr } = targets.flat().find((one) => one.title === title && one.legendFormat === legend)!;
    const { result } = (await overWindow(expr)).data;
    expect(result).toHaveLength(1);
    return Number(result[0]!.value![1]);
  };
  const within5Percent = (shown: number, judged: number) => {
    expect(judged).toBeGreaterThan(0);
    expect(Math.abs(shown / judged - 1)).toBeLessThan(0.05);
  };

  test.each([
    ['p95', 'latency-p95'],
    ['p99', 'latency-p99'],
  ])('the latency "%s" lies in the same bucket as the objective %s', async (legend, id) => {
    const shown = await number('API Latency p50/p95/p99', legend);
    const [low, high] = objective(id).bucket!;
    expect(shown).toBeGreaterThanOrEqual(low);
    expect(shown).toBeLessThanOrEqual(high!);
  });

  test('the error rate equals the error rate of the objective', async () => {
    within5Percent(await number('Error Rate', 'errors'), objective('error-rate').value!);
  });

  test('the rate of predictions equals the throughput', async () => {
    within5Percent(await number('Prediction Rate', 'predictions'), objective('throughput').value!);
  });

  test('the mean confidence is the mean of both sentiments, weighted by their counts', async () => {
    const shown = async (title: string) => {
      const { expr } = targets.flat().find((one) => one.title === title)!;
      const { result } = (await overWindow(expr)).data;
      return new Map(result.map(({ metric, value }) => [metric.sentiment, Number(value![1])]));
    };
    const [means, counts] = [await shown('Average Confidence'), await shown('Sentiment Distribution')];
    expect(means.size).toBe(2);
    const weighed = [...means].reduce((sum, [sentiment, mean]) => sum + mean * counts.get(sentiment)!, 0);
    const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
    within5Percent(weighed / all, objective('confidence').value!);
    within5Percent(all, objective('confidence').samples);
  });
});
