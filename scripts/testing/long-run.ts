import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GrowingColumns } from '../../slas/client/columns.ts';
import { judge } from '../../slas/judge/judge.ts';
import type { ClientRequests, RunRecord, RunSeries } from '../../slas/model/model.ts';
import { verdictDocument } from '../../slas/render/json.ts';
import { ORIGIN_SECONDS } from '../../slas/testing/case-text.ts';
import { healthy, type Judged } from '../../slas/testing/cases.ts';
import { FILES, readRun, toJson } from '../runs/bundle.ts';
import { reportOf } from '../runs/report.ts';
import { runFiles } from '../runs/run-record.ts';
import { seal } from '../runs/seal.ts';

/** A run with millions of requests, as a gate would have left it, to measure how long judging takes. */

export interface LongRunOptions {
  readonly ratePerSecond: number;
  readonly durationSeconds: number;
}

/** Slightly more than an hour at 800 requests per second, which gives 3 million requests. */
export const THREE_MILLION: LongRunOptions = { ratePerSecond: 800, durationSeconds: 3750 };

const SCRAPE_SECONDS = 15;
const EDGES = [0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1];
const MISSES = { slow: 0.01, failed: 0.002 };

/** Creates the folder, sealed with its verdict and report. */
export async function makeLongRun(parent: string, options: LongRunOptions): Promise<string> {
  const { document, plan, run, evidence } = longRun(options);
  const path = join(parent, run.id);
  await mkdir(path, { recursive: true });
  const files = {
    [FILES.plan]: toJson(plan),
    [FILES.evidence]: toJson(evidence),
    [FILES.document]: toJson(document),
    [FILES.series]: toJson(seriesOf(run)),
    ...runFiles(run, toJson),
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(path, name), content);
  const stored = await readRun(path);
  const verdict = judge(stored.plan, stored.run, stored.evidence!);
  await writeFile(join(path, FILES.verdict), toJson(verdictDocument(verdict)));
  await writeFile(join(path, FILES.report), await reportOf(stored, verdict));
  await seal(path);
  return path;
}

/** Two halves, each a phase with its own rows. */
const documentOf = ({ ratePerSecond, durationSeconds }: LongRunOptions) => `
apiVersion: sla-harness/v1
kind: SLA
name: long
service:
  selector: { job: sentiment-api }
  requests: { counter: http_requests_total, where: { method: POST, handler: /predict } }
  buckets: { http_request_duration_seconds: [${EDGES.join(', ')}] }
objectives:
  - id: latency-p95
    target: < 200ms
    latency: { histogram: http_request_duration_seconds, where: { status: { matches: 2.. } }, percentile: 95, client: /predict }
  - id: latency-p99
    target: < 500ms
    latency: { histogram: http_request_duration_seconds, where: { status: { matches: 2.. } }, percentile: 99, client: /predict }
  - id: error-rate
    target: < 1%
    ratio:
      bad: { counter: http_requests_total, where: { handler: /predict, status: { matches: "5.." } }, absent: zero }
      total: { counter: http_requests_total, where: { handler: /predict } }
      lost: bad
  - id: throughput
    target: "> ${ratePerSecond / 2}/s"
    throughput: { counter: http_requests_total, where: { handler: /predict, status: { matches: 2.. } } }
  - { id: model-uptime, target: ">= 99%", uptime: { gauge: sentiment_model_loaded } }
scenarios:
  long:
    phases:
      - { name: first, rate: ${ratePerSecond}/s, duration: ${durationSeconds / 2}s }
      - { name: second, rate: ${ratePerSecond}/s, duration: ${durationSeconds / 2}s }
    objectives:
      - latency-p95
      - latency-p99
      - error-rate
      - throughput
      - model-uptime
      - { id: latency-p95, phases: [first, second] }
      - { id: error-rate, phases: [first, second] }
`;

function longRun(options: LongRunOptions): Judged {
  const { ratePerSecond, durationSeconds } = options;
  const client = requestsOf(options);
  const requests = client.status.length;
  const failed = client.status.filter((status) => status === 503).length;
  const good = requests - failed;
  const within = (edge: number) =>
    client.durationSeconds.reduce(
      (sum, took, at) => sum + (client.status[at] === 200 && took <= edge ? 1 : 0),
      0,
    );
  const buckets = [...EDGES.map((edge) => `${edge}=${within(edge)}`), `+Inf=${good}`].join(' ');
  const last = SCRAPE_SECONDS * Math.ceil((durationSeconds + 60) / SCRAPE_SECONDS);
  const built = healthy({
    document: documentOf(options),
    scenario: 'long',
    scrapes: { every: SCRAPE_SECONDS, first: 0, last },
    window: { from: 10, to: durationSeconds + 11 },
    load: { sent: requests, '2xx': good, '5xx': failed, late: 0.002 },
    phases: {},
    series: {
      'answers 200': `0 -> ${good}`,
      'answers 503': `0 -> ${failed}`,
      latency: { le: buckets },
    },
  });
  const half = (requests / 2) | 0;
  const phases = ['first', 'second'].map((name, index) => ({
    name,
    fromSeconds: ORIGIN_SECONDS + 10 + (index * durationSeconds) / 2,
    sent: index === 0 ? half : requests - half,
    startedLateP99Seconds: 0.002,
  }));
  const run = {
    ...built.run,
    id: `2025-01-01T00-00-00Z-long-${ratePerSecond}`,
    load: { ...built.run.load!, client, phases },
  };
  return { ...built, run };
}

function requestsOf({ ratePerSecond, durationSeconds }: LongRunOptions): ClientRequests {
  const columns = new GrowingColumns();
  let state = 1;
  const chance = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  for (let index = 0; index < ratePerSecond * durationSeconds; index++) {
    const isSlow = chance() < MISSES.slow;
    const took = (isSlow ? 0.1 : 0.004) + (isSlow ? 0.3 : 0.02) * chance();
    const status = chance() < MISSES.failed ? 503 : 200;
    const sentMicros = (ORIGIN_SECONDS + 10 + index / ratePerSecond) * 1e6;
    columns.add(Math.round(sentMicros + took * 1e6), took, 0, status, '/predict');
  }
  return columns.done()!;
}

/** No series for the panels, only the time steps of the report. */
const seriesOf = ({ window }: RunRecord): RunSeries => ({
  schema: 'sla-harness/series/v1',
  window: { ...window, stepSeconds: SCRAPE_SECONDS },
  answers: [],
});
