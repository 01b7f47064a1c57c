import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseDocument } from '../../slas/document/document.ts';
import type { Evidence, Plan, RunRecord } from '../../slas/model/model.ts';
import { planWindow } from '../../slas/plan/plan.ts';
import { readSamples } from '../../slas/prometheus/http.ts';
import { collectEvidence } from '../../slas/prometheus/prometheus.ts';
import { selectorsOfPlan } from '../../slas/prometheus/promql.ts';
import type { VerdictDocument } from '../../slas/render/json.ts';
import { SHIPPED_YAML } from '../../slas/testing/cases.ts';
import { judgeInWords } from '../../slas/testing/judge-in-words.ts';
import { countedBy, edgesOf, type LongService, makeLongBlocks } from '../../slas/testing/long-window.ts';
import {
  type PrometheusServer,
  startPrometheusWith,
  toolPath,
} from '../../slas/testing/prometheus-server.ts';
import { evidenceDifferences } from '../runs/differences.ts';

/**
 * Windows with more scrapes than the evidence can contain, from a real Prometheus. Downsampled evidence must give the
 * same result as all samples, and an irregularity between block ends must not be missed.
 */

const START = Date.UTC(2025, 6, 1) / 1000;
const FROM = START + 100.4;
/** 2,000 scrapes, four per block. */
const TO = FROM + 2_000;
/** A time in the middle of a block: two scrapes lie within 0.6 s of it, and neither is the last of the block. */
const AT = START + 502;

const service = (job: string, changes: Partial<LongService> = {}): LongService => ({
  job,
  startSeconds: START,
  hours: 0.6,
  replicas: 2,
  everySeconds: 1,
  rate: 10,
  edges: [0.01, 0.05, 0.2, 0.3, 0.5, 1],
  ...changes,
});

type Stored = NonNullable<LongService['stored']>;

/** Changes samples of the second replica. */
const corrupted = (job: string, change: Stored) =>
  service(job, { stored: (sample) => (sample.replica === 1 ? change(sample) : sample.value) });

const near = (atSeconds: number, seconds: number) => Math.abs(atSeconds - AT) < seconds;

const services = {
  healthy: service('healthy'),
  'counter-fell': corrupted('counter-fell', ({ name, labels, atSeconds, value }) =>
    name === 'http_requests_total' && labels.includes('200') && atSeconds > AT ? value - 3000 : value,
  ),
  'bucket-fell': corrupted('bucket-fell', ({ labels, atSeconds, value }) =>
    labels.includes('le="0.05"') && near(atSeconds, 0.6) ? 5 : value,
  ),
  'not-a-number': corrupted('not-a-number', ({ name, atSeconds, value }) =>
    name.endsWith('confidence_sum') && near(atSeconds, 0.6) ? Number.NaN : value,
  ),
  'gauge-not-a-number': corrupted('gauge-not-a-number', ({ name, atSeconds, value }) =>
    name === 'sentiment_model_loaded' && near(atSeconds, 0.6) ? Number.NaN : value,
  ),
  'one-scrape-missing': corrupted('one-scrape-missing', ({ atSeconds, value }) =>
    near(atSeconds, 0.6) ? null : value,
  ),
  'many-scrapes-missing': corrupted('many-scrapes-missing', ({ atSeconds, value }) =>
    near(atSeconds, 20) ? null : value,
  ),
  'one-scrape-failed': corrupted('one-scrape-failed', ({ name, atSeconds, value }) =>
    near(atSeconds, 0.6) ? (name === 'up' ? 0 : null) : value,
  ),
  'down-once': corrupted('down-once', ({ name, atSeconds, value }) =>
    name === 'sentiment_model_loaded' && near(atSeconds, 0.6) ? 0 : value,
  ),
  'down-for-long': corrupted('down-for-long', ({ name, atSeconds, value }) =>
    name === 'sentiment_model_loaded' && near(atSeconds, 50) ? 0 : value,
  ),
  'gauge-missing': corrupted('gauge-missing', ({ name, atSeconds, value }) =>
    name === 'sentiment_model_loaded' && near(atSeconds, 30) ? null : value,
  ),
  restarted: corrupted('restarted', ({ name, atSeconds, value }) =>
    name === 'process_start_time_seconds' && atSeconds > AT ? AT : value,
  ),
  'came-and-went': corrupted('came-and-went', ({ labels, atSeconds, value }) =>
    labels.includes('status="503"') && !near(atSeconds, 0.9) ? null : value,
  ),
  'gap-in-a-counter': corrupted('gap-in-a-counter', ({ name, atSeconds, value }) =>
    name === 'http_requests_total' && near(atSeconds, 10) ? null : value,
  ),
} satisfies Record<string, LongService>;

const elastic = {
  'comes-and-goes': service('comes-and-goes', {
    replicas: 3,
    processes: [{}, { beganSeconds: AT - 70.3 }, { endedSeconds: AT + 30.6 }],
  }),
  replaced: service('replaced', { processes: [{ endedSeconds: AT + 0.7 }, { beganSeconds: AT - 10.2 }] }),
} satisfies Record<string, LongService>;

let server: PrometheusServer;
beforeAll(async () => {
  const all = [...Object.values(services), ...Object.values(elastic)];
  server = await startPrometheusWith((folder) => makeLongBlocks(all, folder, toolPath('PROMTOOL_BIN')));
}, 120_000);
afterAll(async () => await server?.[Symbol.asyncDispose]());

const run: RunRecord = {
  schema: 'sla-harness/run/v1',
  id: 'window',
  window: { fromSeconds: FROM, toSeconds: TO },
  load: null,
  incidents: [],
};

function planOf({ job }: LongService, replicas = 'stable'): Plan {
  const own = `selector: { job: ${job} }\n  replicas: ${replicas}`;
  const parsed = parseDocument(SHIPPED_YAML.replace('selector: { job: sentiment-api }', own));
  if (!parsed.ok) throw new Error(parsed.error[0]!.message);
  return planWindow(parsed.value);
}

const asker = () => ({ url: server.url, signal: AbortSignal.timeout(100_000) });

/** All samples of the window, without downsampling. */
async function wholeEvidence(plan: Plan): Promise<Evidence> {
  const readings = selectorsOfPlan(plan).map((selector) =>
    readSamples(selector, TO - FROM + 6, TO + 3, asker()),
  );
  return {
    schema: 'sla-harness/evidence/v1',
    prometheus: { url: server.url },
    readings: await Promise.all(readings),
  };
}

const objective = (verdict: VerdictDocument, id: string) => verdict.objectives.find((one) => one.id === id)!;

/** The counts and decisions; intervals may differ because they depend on the blocks. */
const counts = ({ objectives }: VerdictDocument) =>
  objectives.map(({ id, verdict, samples, value, share, bucket, uncounted }) => ({
    ...{ id, verdict, samples, value, share, bucket, uncounted },
  }));

const samplesIn = ({ readings }: Evidence) =>
  readings
    .filter(({ digest }) => digest === undefined || digest === 'last')
    .flatMap(({ series }) => series.map(({ samples }) => samples.length));

describe('a long window', () => {
  test('is counted exactly from some of its samples', async () => {
    const plan = planOf(services.healthy);
    const evidence = await collectEvidence(plan, run, asker());
    const verdict = judgeInWords(plan, run, evidence);
    const [good, all] = ['good', 'all'].map((of) =>
      [0, 1].reduce((sum, replica) => {
        const { openSeconds, closeSeconds } = edgesOf(services.healthy, replica, FROM, TO);
        const [before, after] = [openSeconds, closeSeconds].map(
          (at) => countedBy(services.healthy, replica, at)[of as 'good' | 'all'],
        );
        return sum + after! - before!;
      }, 0),
    );
    expect(verdict.verdict, JSON.stringify(verdict.objectives, null, 1)).toBe('pass');
    expect(objective(verdict, 'latency-p95').samples).toBe(good);
    expect(objective(verdict, 'error-rate').samples).toBe(all);
    expect(objective(verdict, 'model-uptime')).toMatchObject({ value: 1, samples: 2 * 2002 });
    expect(evidence.thinned).toMatchObject({ intervalSeconds: 1 });
    expect(Math.max(...samplesIn(evidence))).toBeLessThan(540);
    expect(counts(verdict)).toEqual(counts(judgeInWords(plan, run, await wholeEvidence(plan))));
  });

  test.each([
    ['counter-fell', ['error-rate', 'throughput'], 'the service restarted'],
    ['bucket-fell', ['latency-p95', 'latency-p99'], 'fell once within the window'],
    ['not-a-number', ['confidence'], 'is not a finite number throughout the window'],
    ['gauge-not-a-number', ['model-uptime'], 'is NaN within the window'],
    ['one-scrape-missing', [], ''],
    ['many-scrapes-missing', ['model-uptime'], '40 unknown'],
    ['one-scrape-failed', [], ''],
    ['down-once', [], ''],
    ['down-for-long', [], ''],
    ['gauge-missing', ['model-uptime'], '60 unknown'],
    [
      'restarted',
      ['latency-p95', 'latency-p99', 'error-rate', 'throughput', 'confidence'],
      'restarted (detected at',
    ],
    ['came-and-went', ['error-rate'], 'began and ended within the window'],
    ['gap-in-a-counter', [], ''],
  ] as const)('with "%s" gives the same decisions as all samples', async (name, undecided, reason) => {
    const plan = planOf(services[name]);
    const evidence = await collectEvidence(plan, run, asker());
    const verdict = judgeInWords(plan, run, evidence);
    const whole = judgeInWords(plan, run, await wholeEvidence(plan));
    for (const id of undecided) {
      expect(objective(verdict, id)).toMatchObject({ verdict: 'undecided' });
      expect(objective(verdict, id).reason).toContain(reason);
    }
    const decisions = ({ objectives }: VerdictDocument) =>
      objectives.map(({ id, verdict: one }) => [id, one]);
    expect(decisions(verdict)).toEqual(decisions(whole));
    const decided = (all: ReturnType<typeof counts>) => all.filter((one) => one.verdict !== 'undecided');
    expect(decided(counts(verdict))).toEqual(decided(counts(whole)));
    // The census of targets and scrapes is also the same.
    const census = (of: VerdictDocument) => objective(of, 'model-uptime').reason;
    expect(census(verdict)).toBe(census(whole));
  });

  test.each(Object.keys(elastic) as (keyof typeof elastic)[])(
    'with "%s" gives the same counts as all samples',
    async (name) => {
      const plan = planOf(elastic[name], 'elastic');
      const verdict = judgeInWords(plan, run, await collectEvidence(plan, run, asker()));
      const whole = judgeInWords(plan, run, await wholeEvidence(plan));
      expect(counts(verdict)).toEqual(counts(whole));
      expect(objective(verdict, 'latency-p95').uncounted).toBeGreaterThan(0);
      expect(verdict.preconditions.find(({ id }) => id === 'service-not-restarted')!.detail).toContain(
        '1 started in the window, 1 ended',
      );
    },
  );
});

describe('downsampled evidence', () => {
  test('gives the same result when it is judged from its JSON text, and when it is queried again', async () => {
    const plan = planOf(services['one-scrape-missing']);
    const [evidence, again] = [
      await collectEvidence(plan, run, asker()),
      await collectEvidence(plan, run, asker()),
    ];
    const read = JSON.parse(JSON.stringify(evidence)) as Evidence;
    expect(JSON.stringify(judgeInWords(plan, run, read))).toBe(
      JSON.stringify(judgeInWords(plan, run, evidence)),
    );
    expect(evidenceDifferences(evidence, again, run)).toEqual([]);
    const other = planOf(services['down-once']);
    const changed = await collectEvidence(other, run, asker());
    const renamed = JSON.parse(
      JSON.stringify(changed).replaceAll('down-once', 'one-scrape-missing'),
    ) as Evidence;
    expect(evidenceDifferences(evidence, renamed, run).join('\n')).toContain('count of up');
  });

  test('a block without its aggregate, or an irregular block without its samples, decides nothing', async () => {
    const plan = planOf(services['one-scrape-failed']);
    const evidence = await collectEvidence(plan, run, asker());
    expect(judgeInWords(plan, run, evidence).verdict).toBe('pass');
    for (const gone of evidence.readings) {
      const readings = evidence.readings.filter((one) => one !== gone);
      const { verdict } = judgeInWords(plan, run, { ...evidence, readings });
      // The lag is shown only as an explanation.
      const isExplaining = gone.digest === undefined && gone.selector === plan.lag;
      expect(verdict === 'pass', `${gone.digest ?? 'raw'} ${gone.query} at ${gone.atSeconds}`).toBe(
        isExplaining,
      );
    }
  });
});
