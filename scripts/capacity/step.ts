import { basename, join } from 'node:path';
import { decidedBy } from '../../slas/capacity/basis.ts';
import { nearLimitOf } from '../../slas/capacity/near.ts';
import { brokenIn, figuresOf, outcomeOf, type StepRecord } from '../../slas/capacity/record.ts';
import type { StepPlan } from '../../slas/capacity/search.ts';
import { decisive } from '../../slas/judge/exempt.ts';
import { judge } from '../../slas/judge/judge.ts';
import type { Plan, RunRecord, RunSeries, Verdict } from '../../slas/model/model.ts';
import { formatValue } from '../../slas/render/numbers.ts';
import { scheduleLooks } from '../../slas/statistics/sequential.ts';
import { cutWindow } from '../../slas/window/cut-window.ts';
import { HarnessError } from '../cli/errors.ts';
import { accept, type Input } from '../cli/inputs.ts';
import type { Io } from '../cli/io.ts';
import { finishRun, type MeasuredRun, measureRun } from '../run/perform.ts';
import { type Prepared, prepareRun, type RunOptions, type RunTools } from '../run/prepare.ts';
import { askerOf } from '../run/prometheus-access.ts';
import { FILES, type RunFolder } from '../runs/bundle.ts';
import { readOptional } from '../runs/stored-files.ts';
import type { Stack } from '../stack/stack.ts';
import { readCpuPeriods, throttledShare } from './cgroup.ts';
import { moreFiguresOf } from './more-figures.ts';
import { type OwnScript, scriptAt, scriptFileOf } from './own-script.ts';

/** A step of a search is a real run at one rate that lasts until its verdict is decided. */

/** Prepares the run of a step. Every problem with the run is reported before any load is sent. */
export async function prepareStep(
  step: StepPlan,
  options: RunOptions,
  script: OwnScript | null,
  folder: RunFolder,
  io: Io,
): Promise<Input<Prepared>> {
  if (script !== null) return await prepareScriptStep(step, options, script, folder, io);
  const prepared = await prepareRun(
    {
      ...options,
      rate: `${step.ratePerSecond}/s`,
      confidence: String(step.confidence),
      untilDecided: true,
      maxDuration: `${step.maxSeconds}s`,
      isStep: true,
    },
    io,
  );
  if (!prepared.ok) return prepared;
  const { plan } = prepared.value;
  const { maxSeconds, confidence, missConfidence, atLeastSeconds } = step;
  const { looks: missLooks } = scheduleLooks(maxSeconds, missConfidence, atLeastSeconds);
  const sequential = { ...scheduleLooks(maxSeconds, confidence, atLeastSeconds), missLooks };
  return accept({ ...prepared.value, plan: { ...plan, sequential }, isOverloadLikely: true });
}

/** The run of a script has no interim looks, so such a step always takes its maximum duration. */
async function prepareScriptStep(
  { ratePerSecond, maxSeconds, confidence }: StepPlan,
  options: RunOptions,
  own: OwnScript,
  folder: RunFolder,
  io: Io,
): Promise<Input<Prepared>> {
  const load = { ratePerSecond, seconds: maxSeconds };
  const file = scriptFileOf(own, load);
  await folder.writeMade(file, scriptAt(own, load));
  const script = join(folder.path, file);
  return await prepareRun({ ...options, script, confidence: String(confidence), isStep: true }, io);
}

export interface StepDone {
  readonly record: StepRecord;
  /** null if the run could not start. */
  readonly measured: MeasuredRun | null;
}

export async function runStep(
  step: StepPlan,
  prepared: Prepared,
  tools: RunTools,
  stack: Stack,
  isFirst: boolean,
  io: Io,
): Promise<StepDone> {
  const { kind, ratePerSecond, maxSeconds } = step;
  const startedMs = Date.now();
  const took = () => Math.round((Date.now() - startedMs) / 100) / 10;
  io.progress(`${kind} at ${formatValue(ratePerSecond, 'per_second')}, at most ${maxSeconds} s`);
  const own = { kind, ratePerSecond, maxSeconds };
  const before = readCpuPeriods();
  try {
    // The run must not dispose of the stack, because the next step needs it.
    const kept: Stack = { ...stack, [Symbol.asyncDispose]: async () => {} };
    const measured = await measureRun(prepared, tools, kept, io);
    const { plan, run, evidence } = measured;
    const verdict = judge(plan, run, evidence!);
    await finishRun(measured, verdict, io);
    const series = await readOptional<RunSeries>(FILES.series, measured.path);
    const more = await moreFiguresOf(prepared.read.document, run, askerOf(stack.prometheusUrl, io));
    const throttled = prepared.options.target === undefined ? throttledShare(before, readCpuPeriods()) : null;
    const replicas = cutWindow(plan, run, evidence!).targets.length;
    const strict = strictly(step, measured);
    const outcome = outcomeOf(verdict, strict, run);
    const loadedSeconds = run.load!.decidedAtSeconds ?? run.load!.scheduledSeconds;
    const near = nearLimitOf(plan, verdict, loadedSeconds);
    const record: StepRecord = {
      ...own,
      ...outcome,
      tookSeconds: took(),
      run: basename(measured.path),
      verdict: verdict.verdict,
      missed: missedIn(outcome.outcome === 'missed' && verdict.verdict !== 'fail' ? strict : verdict),
      broken: brokenIn(verdict),
      ...decidedBy(verdict),
      loadedSeconds,
      ...(near === null ? {} : { near }),
      figures: figuresOf(plan, run, verdict, series, {
        ...more,
        throttledShare: more.throttledShare ?? throttled,
      }),
      ...(replicas === 0 ? {} : { replicas }),
    };
    return { record, measured };
  } catch (error) {
    // At the first step, such an error means that the address or the document is wrong.
    if (isFirst || !isServiceGone(error)) throw error;
    io.progress(`the step could not begin: ${error.message}`);
    const nothing = { run: null, verdict: null, missed: [], broken: [], loadedSeconds: 0, figures: null };
    const ended = { outcome: 'invalid', because: 'service-ended' } as const;
    return { record: { ...own, ...ended, tookSeconds: 0, ...nothing }, measured: null };
  }
}

const missedIn = ({ objectives }: Verdict) =>
  decisive(objectives)
    .filter((one) => one.verdict === 'missed')
    .map(({ id }) => id);

/** Judges the same run at the confidence that the search requires of a miss. */
function strictly({ missConfidence, confidence }: StepPlan, { plan, run, evidence }: MeasuredRun): Verdict {
  if (plan.sequential === undefined) {
    const sent = asSent(plan, run);
    return judge({ ...sent.plan, confidence: Math.max(missConfidence, confidence) }, sent.run, evidence!);
  }
  const { maxSeconds, atLeastSeconds } = plan.sequential;
  const sequential = scheduleLooks(maxSeconds, Math.max(missConfidence, confidence), atLeastSeconds);
  return judge({ ...plan, confidence: missConfidence, sequential }, run, evidence!);
}

/**
 * Replaces the plan of a script's run by what the script sent. The result can show that an objective is missed, but
 * not that it is met.
 */
export function asSent(plan: Plan, run: RunRecord): { readonly plan: Plan; readonly run: RunRecord } {
  const { load } = plan;
  const recorded = run.load?.scenarios;
  if (load?.k6 === undefined || recorded === undefined) return { plan, run };
  const sent = recorded.map((one) => ({ ...one, droppedIterations: 0 }));
  const scenarios = load.k6.scenarios.map((one) => ({
    ...one,
    plannedIterations: sent.find(({ name }) => name === one.name)?.iterations ?? one.plannedIterations,
  }));
  return {
    plan: { ...plan, load: { ...load, k6: { ...load.k6, scenarios } } },
    run: { ...run, load: { ...run.load!, scenarios: sent, droppedIterations: 0 } },
  };
}

/** Errors that mean that the service can no longer be loaded. */
const isServiceGone = (error: unknown): error is HarnessError =>
  error instanceof HarnessError && ['died-early', 'warm-up', 'service-unreachable'].includes(error.code);
