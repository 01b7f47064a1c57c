import { afterAll, beforeAll, expect, test } from 'vitest';
import { collectEvidence } from '../../slas/prometheus/prometheus.ts';
import { judgeInWords } from '../../slas/testing/judge-in-words.ts';
import { ALL_WORLDS, elastic, planOf, runOf } from '../../slas/testing/known-worlds.ts';
import { openMetricsOf } from '../../slas/testing/openmetrics.ts';
import { type PrometheusServer, startPrometheus } from '../../slas/testing/prometheus-server.ts';
import type { Judged } from '../../slas/testing/worlds.ts';
import { debianPrometheus } from '../testing/debian-prometheus.ts';
import { BUILD_MS, importInto, startVictoriaMetrics } from '../testing/victoria-metrics.ts';

/** The same windows are stored in Prometheus 3, in Debian's Prometheus 2 and in VictoriaMetrics, and get the same verdict. */

const owned = new AsyncDisposableStack();
let servers: Readonly<Record<'prometheus2' | 'prometheus3' | 'victoriaMetrics', string>>;

beforeAll(async () => {
  const text = ALL_WORLDS.map(({ world }) => openMetricsOf(world)).join('');
  const [three, two, other] = await Promise.all([
    startPrometheus(text),
    startPrometheus(text, await debianPrometheus()),
    victoriaMetricsOver(text),
  ]);
  for (const one of [three, two]) owned.use(one satisfies PrometheusServer);
  servers = { prometheus3: three.url, prometheus2: two.url, victoriaMetrics: other };
}, BUILD_MS);
afterAll(() => owned.disposeAsync());

async function victoriaMetricsOver(text: string): Promise<string> {
  // The samples are years old, and the default retention would drop them.
  const server = owned.use(await startVictoriaMetrics(['-retentionPeriod=100y']));
  const inMilliseconds = text.replace(
    / ([\d.]+)$/gm,
    (_, seconds: string) => ` ${Math.round(Number(seconds) * 1000)}`,
  );
  await importInto(server, inMilliseconds);
  await (await fetch(`${server.url}/internal/force_flush`)).text();
  return server.url;
}

const elasticJobs = new Set(Object.values(elastic).map(({ job }) => job));

async function judgedBy(url: string, one: Judged) {
  const plan = planOf(one.job, elasticJobs.has(one.job) ? 'elastic' : 'stable');
  const run = runOf(one);
  const evidence = await collectEvidence(plan, run, { url, signal: AbortSignal.timeout(50_000) });
  const { verdict, objectives } = judgeInWords(plan, run, evidence);
  return {
    verdict,
    objectives: objectives.map(({ id, verdict: outcome, value, share, samples, interval }) => ({
      id,
      outcome,
      value: rounded(value),
      share: rounded(share),
      samples,
      interval: interval && { low: rounded(interval.low), high: rounded(interval.high) },
    })),
  };
}

/** Servers list series in different orders, so the last digits of a sum of floating-point numbers differ. */
const rounded = (value: number | null) => (value === null ? null : Number(value.toPrecision(12)));

/** VictoriaMetrics stores no NaN, so there the window has no sample that makes it undecided. */
const HAS_NAN = 'nan-inside';

test.each(ALL_WORLDS)('$job', async (one) => {
  const expected = await judgedBy(servers.prometheus3, one);
  expect(expected.objectives.length).toBeGreaterThan(0);
  expect(await judgedBy(servers.prometheus2, one)).toEqual(expected);
  if (one.job !== HAS_NAN) expect(await judgedBy(servers.victoriaMetrics, one)).toEqual(expected);
});
