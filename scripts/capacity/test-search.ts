import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nearLimitOf } from '../../slas/capacity/near.ts';
import { holdConfidence, missConfidenceOf } from '../../slas/capacity/plans.ts';
import { type CapacityRecord, figuresOf, type StepRecord } from '../../slas/capacity/record.ts';
import { withStep } from '../../slas/capacity/steps.ts';
import { GrowingColumns } from '../../slas/client/columns.ts';
import { parseDocument } from '../../slas/document/document.ts';
import { judge } from '../../slas/judge/judge.ts';
import type { Plan, RunRecord } from '../../slas/model/model.ts';
import { unwrap } from '../../slas/model/result.ts';
import { planScenario } from '../../slas/plan/plan.ts';
import { verdictDocument } from '../../slas/render/json.ts';
import { scheduleLooks } from '../../slas/statistics/sequential.ts';
import { ORIGIN_SECONDS } from '../../slas/testing/case-text.ts';
import { healthy, SHIPPED_YAML } from '../../slas/testing/cases.ts';
import { FILES, readRun, toJson } from '../runs/bundle.ts';
import { runFiles } from '../runs/run-record.ts';
import { seal } from '../runs/seal.ts';
import { seenIn } from './step-seen.ts';
import { CAPACITY_FILES, sha256Of } from './storage.ts';
import { recordOf } from './test-record.ts';

/** A stored search of the sentiment service with the run folders of its steps, as a search would have left them, without waiting for them. */

export interface MadeStep {
  readonly kind: StepRecord['kind'];
  readonly ratePerSecond: number;
  readonly seconds: number;
  /** The share of responses that take 300 ms, where the limit is 200 ms; default 0. */
  readonly slow?: number;
}

/** The hold at 425/s is met; the step at 438/s is missed. The budget is spent. */
export const FINISHED: readonly MadeStep[] = [
  { kind: 'step', ratePerSecond: 100, seconds: 20 },
  { kind: 'step', ratePerSecond: 438, seconds: 60, slow: 0.5 },
  { kind: 'hold', ratePerSecond: 425, seconds: 120 },
];

/** Their positions in it. */
export const MISS = 1;
export const HOLD = 2;

export interface MadeSearch {
  readonly path: string;
  readonly record: CapacityRecord;
}

/** Creates the folder of the search in `parent`. */
export async function makeSearch(
  parent: string,
  steps: readonly MadeStep[] = FINISHED,
  changes: Partial<CapacityRecord> = {},
): Promise<MadeSearch> {
  const { asked, settings, ...rest } = recordOf([]);
  const { targetPerSecond: _, ...others } = asked;
  const budgetSeconds = 60 + steps.reduce((sum, { seconds }) => sum + seconds + AROUND_SECONDS, 0);
  let record: CapacityRecord = {
    ...{ ...rest, asked: others, settings: { ...settings, budgetSeconds } },
    documentSha256: sha256Of(SHIPPED_YAML),
    sources: { service: HASH, settings: { SERVICE_WORKERS: '77' }, script: HASH, variables: HASH },
    ...changes,
  };
  const path = join(parent, record.id);
  for (const step of steps) record = withStep(record, await makeStep(step, record, path));
  await mkdir(join(path, CAPACITY_FILES.steps), { recursive: true });
  await writeFile(join(path, CAPACITY_FILES.record), toJson(record));
  return { path, record };
}

/** Of a service and a script that are not those of this checkout. */
const HASH = '0'.repeat(64);
const AROUND_SECONDS = 8;
const FROM_SECONDS = 10.2;
const EDGES = [0.1, 0.15, 0.2, 0.3, 0.5, 1];

async function makeStep(step: MadeStep, record: CapacityRecord, path: string): Promise<StepRecord> {
  const { kind, ratePerSecond, seconds: maxSeconds } = step;
  const { settings, steps } = record;
  const confidence = kind === 'hold' ? holdConfidence(settings, steps) : settings.confidence;
  const missConfidence = missConfidenceOf(kind === 'hold', settings, steps);
  const plan = planOf(step, confidence, missConfidence);
  const name = `2026-11-30T03-00-${String(steps.length).padStart(2, '0')}Z-steady-000${steps.length}`;
  const folder = join(path, CAPACITY_FILES.steps, name);
  await writeRun(folder, step, plan, name);
  const { run, evidence } = await readRun(folder);
  const verdict = judge(plan, run, evidence!);
  await writeFile(join(folder, FILES.verdict), toJson(verdictDocument(verdict)));
  await seal(folder);
  const seen = seenIn({ confidence, missConfidence }, { plan, run, evidence }, verdict);
  const near = nearLimitOf(plan, verdict, seen.loadedSeconds);
  return {
    ...{ kind, ratePerSecond, maxSeconds, ...seen, tookSeconds: maxSeconds + AROUND_SECONDS, run: name },
    ...(near === null ? {} : { near }),
    ...{ figures: figuresOf(plan, run, verdict, null), replicas: 1 },
  };
}

function planOf(
  { kind, ratePerSecond, seconds }: MadeStep,
  confidence: number,
  missConfidence: number,
): Plan {
  const document = unwrap(parseDocument(SHIPPED_YAML));
  const overrides = { ratePerSecond, confidence, untilDecided: { maxSeconds: seconds } };
  const plan = unwrap(planScenario(document, 'steady', overrides));
  const atLeast = kind === 'hold' ? seconds : 20;
  const { looks: missLooks } = scheduleLooks(seconds, missConfidence, atLeast);
  return { ...plan, sequential: { ...scheduleLooks(seconds, confidence, atLeast), missLooks } };
}

async function writeRun(folder: string, step: MadeStep, plan: Plan, id: string): Promise<void> {
  const { ratePerSecond, seconds, slow = 0 } = step;
  const sent = ratePerSecond * seconds;
  const within = (edge: number) => (edge < SLOW_SECONDS ? Math.round((1 - slow) * sent) : sent);
  const built = healthy({
    scrapes: { every: 1, first: 0, last: Math.ceil(seconds + 30) },
    window: { from: FROM_SECONDS, to: FROM_SECONDS + seconds + 0.3 },
    load: { planned: sent, seconds, sent, '2xx': sent, late: 0.002 },
    series: {
      'answers 200': `400 -> ${400 + sent}`,
      'positive count': `0 -> ${sent}`,
      'positive sum': `0 -> ${0.94 * sent}`,
      'negative count': 'always 0',
      'negative sum': 'always 0',
      latency: { le: [...EDGES.map((edge) => `${edge}=${within(edge)}`), `+Inf=${sent}`].join(' ') },
    },
  });
  const run: RunRecord = { ...built.run, id, load: { ...built.run.load!, client: clientOf(step) } };
  await mkdir(folder, { recursive: true });
  const environment = { schema: 'sla-harness/environment/v1', document: { sha256: sha256Of(SHIPPED_YAML) } };
  const files = {
    [FILES.plan]: toJson(plan),
    [FILES.evidence]: toJson(built.evidence),
    [FILES.environment]: toJson(environment),
    ...runFiles(run, toJson),
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
}

const SLOW_SECONDS = 0.3;

function clientOf({ ratePerSecond, seconds, slow = 0 }: MadeStep) {
  const columns = new GrowingColumns();
  let owed = 0;
  for (let index = 0; index < ratePerSecond * seconds; index++) {
    owed += slow;
    const isSlow = owed >= 1;
    if (isSlow) owed--;
    const took = isSlow ? SLOW_SECONDS : 0.01 + 0.0001 * (index % 97);
    const sentMicros = (ORIGIN_SECONDS + FROM_SECONDS + index / ratePerSecond) * 1e6;
    columns.add(Math.round(sentMicros + took * 1e6), took, 0, 200, '/predict');
  }
  return columns.done()!;
}
