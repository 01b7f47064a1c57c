import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { columnsOf } from '../../slas/client/columns.ts';
import { parseDocument } from '../../slas/document/document.ts';
import { judge } from '../../slas/judge/judge.ts';
import type { Plan, RunRecord, Verdict } from '../../slas/model/model.ts';
import { unwrap } from '../../slas/model/result.ts';
import { planScenario } from '../../slas/plan/plan.ts';
import { collectEvidence } from '../../slas/prometheus/prometheus.ts';
import { verdictDocument } from '../../slas/render/json.ts';
import { SHIPPED_YAML } from '../../slas/testing/cases.ts';
import { startPrometheus } from '../../slas/testing/prometheus-server.ts';
import { collectRunSeries } from '../run/series.ts';
import { findBaseline } from '../runs/baseline.ts';
import { FILES, readRun, type StoredRun, toJson } from '../runs/bundle.ts';
import { runFiles } from '../runs/run-record.ts';
import { seal } from '../runs/seal.ts';
import { openMetricsOf } from './simulated-metrics.ts';
import { type Made, type MadeRunOptions, makeRequests, STARTS_SECONDS } from './simulated-requests.ts';

/**
 * A simulated run, which takes no waiting time. Its requests go to a service whose every latency is known. They are
 * stored as a Prometheus and a client would have recorded them.
 */
/** An hour, with a fault after two thirds. */
export const HOUR: MadeRunOptions = {
  suffix: '00cc',
  durationSeconds: 3600,
  trouble: { from: 2400, to: 2760 },
};
/** Five minutes, with a fault in the fourth. */
export const FAULTY: MadeRunOptions = {
  suffix: '00bb',
  durationSeconds: 300,
  trouble: { from: 180, to: 240 },
};
/** Five minutes without a fault. */
export const HEALTHY: MadeRunOptions = { suffix: '00aa', durationSeconds: 300, trouble: null };
/** The run without a fault, but with 40 requests that were never sent. */
export const STARVED: MadeRunOptions = { ...HEALTHY, suffix: '00ab', starved: { from: 150, to: 151.6 } };
/** A run of the same service at an earlier time. */
export const EARLIER: MadeRunOptions = { ...HEALTHY, suffix: '0099', seed: 7 };

export interface MadeRun {
  readonly stored: StoredRun;
  readonly verdict: Verdict;
}

/** Creates the folder of such a run, using a real Prometheus over generated samples. */
export async function makeRun(parent: string, options: MadeRunOptions): Promise<MadeRun> {
  const parsed = unwrap(parseDocument(SHIPPED_YAML));
  const overrides = { durationSeconds: options.durationSeconds };
  const plan = unwrap(planScenario(parsed, 'steady', overrides));
  const requests = makeRequests(options);
  const run = recordOf(plan, requests, options);
  await using prometheus = await startPrometheus(openMetricsOf(requests, options));
  const asker = { url: prometheus.url, signal: new AbortController().signal };
  const { clock: _, ...evidence } = await collectEvidence(plan, run, asker);
  const series = await collectRunSeries(parsed, plan, run, evidence, asker);
  const path = join(parent, run.id);
  await mkdir(path, { recursive: true });
  const files = { plan, evidence, series, document: parsed, environment: ENVIRONMENT };
  for (const [name, data] of Object.entries(files)) await writeFile(join(path, `${name}.json`), toJson(data));
  for (const [name, content] of Object.entries(runFiles(run, toJson)))
    await writeFile(join(path, name), content);
  const baseline = await findBaseline(path);
  if (baseline !== null) await writeFile(join(path, FILES.baseline), toJson(baseline));
  const stored = await readRun(path);
  return { stored, verdict: judge(stored.plan, stored.run, stored.evidence!) };
}

/** Finishes the folder as a gate does: with its verdict, its report, and a seal. */
export async function finishMadeRun({ stored, verdict }: MadeRun, report: string | null): Promise<void> {
  await writeFile(join(stored.path, FILES.verdict), toJson(verdictDocument(verdict)));
  if (report !== null) await writeFile(join(stored.path, FILES.report), report);
  await seal(stored.path);
}

const ENVIRONMENT = {
  schema: 'sla-harness/environment/v1',
  model: { name: 'sentiment-small' },
  faults: 'none',
  tools: { k6: '2.2.0', prometheus: '3.16.0' },
};

function recordOf(
  plan: Plan,
  requests: readonly Made[],
  { durationSeconds, suffix }: MadeRunOptions,
): RunRecord {
  const refused = requests.filter(({ isRefused }) => isRefused).length;
  return {
    schema: 'sla-harness/run/v1',
    id: `2025-03-04T12-59-55Z-steady-${suffix}`,
    window: { fromSeconds: STARTS_SECONDS, toSeconds: STARTS_SECONDS + durationSeconds + 0.05 },
    load: {
      generator: { name: 'k6', version: '2.2.0' },
      plannedRequests: plan.load!.plannedRequests,
      scheduledSeconds: durationSeconds,
      sent: requests.length,
      answered: { '1xx': 0, '2xx': requests.length - refused, '3xx': 0, '4xx': 0, '5xx': refused },
      lost: 0,
      startedLateP99Seconds: 0.002,
      client: columnsOf(
        STARTS_SECONDS,
        requests.map(({ atSeconds, seconds, isRefused }) => ({
          startSeconds: Math.round(atSeconds * 10_000) / 10_000,
          durationSeconds: Math.round(seconds * 1e6 + 400) / 1e6,
          blockedSeconds: 0,
          ...{ status: isRefused ? 503 : 200, path: '/predict' },
        })),
      ),
      wrongAnswers: 0,
      lookedInto: requests.length - refused,
      scriptErrors: 0,
      droppedIterations: plan.load!.plannedRequests - requests.length,
      completed: true,
      stoppedBecause: null,
    },
    incidents: [],
  };
}
