import { basename } from 'node:path';
import { brokenIn, figuresOf, outcomeOf, type StepRecord } from '../../slas/capacity/record.ts';
import type { StepPlan } from '../../slas/capacity/search.ts';
import { judge } from '../../slas/judge/judge.ts';
import type { RunSeries, Verdict } from '../../slas/model/model.ts';
import { formatValue } from '../../slas/render/numbers.ts';
import { scheduleLooks } from '../../slas/statistics/sequential.ts';
import { cutWindow } from '../../slas/window/cut-window.ts';
import { HarnessError } from '../cli/errors.ts';
import { accept, type Input } from '../cli/inputs.ts';
import type { Io } from '../cli/io.ts';
import { finishRun, type MeasuredRun, measureRun } from '../run/perform.ts';
import { type Prepared, prepareRun, type RunOptions, type RunTools } from '../run/prepare.ts';
import { FILES } from '../runs/bundle.ts';
import { readOptional } from '../runs/stored-files.ts';
import type { Stack } from '../stack/stack.ts';

/** One step of a search: a real run at one rate, judged until it is decided. */

/** The run of a step. Everything that can be wrong with it is reported before anything is sent. */
export async function prepareStep(step: StepPlan, options: RunOptions, io: Io): Promise<Input<Prepared>> {
  const prepared = await prepareRun(
    {
      ...options,
      rate: `${step.ratePerSecond}/s`,
      confidence: String(step.confidence),
      untilDecided: true,
      maxDuration: `${step.maxSeconds}s`,
    },
    io,
  );
  if (!prepared.ok) return prepared;
  const { plan } = prepared.value;
  const sequential = scheduleLooks(step.maxSeconds, step.confidence, step.atLeastSeconds);
  return accept({ ...prepared.value, plan: { ...plan, sequential } });
}

export interface StepDone {
  readonly record: StepRecord;
  /** null: it could not begin. */
  readonly measured: MeasuredRun | null;
  readonly replicas: number | null;
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
  try {
    // Its end is not that of the stack, which the next step needs.
    const kept: Stack = { ...stack, [Symbol.asyncDispose]: async () => {} };
    const measured = await measureRun(prepared, tools, kept, io);
    const { plan, run, evidence } = measured;
    const verdict = judge(plan, run, evidence!);
    await finishRun(measured, verdict, io);
    const series = await readOptional<RunSeries>(FILES.series, measured.path);
    const replicas = cutWindow(plan, run, evidence!).targets.length;
    const record: StepRecord = {
      ...own,
      ...outcomeOf(verdict, strictly(step, measured), run),
      tookSeconds: took(),
      run: basename(measured.path),
      verdict: verdict.verdict,
      missed: verdict.objectives.filter((one) => one.verdict === 'missed').map(({ id }) => id),
      broken: brokenIn(verdict),
      loadedSeconds: run.load!.decidedAtSeconds ?? run.load!.scheduledSeconds,
      figures: figuresOf(plan, run, verdict, series),
    };
    return { record, measured, replicas: replicas === 0 ? null : replicas };
  } catch (error) {
    // At the first step, it is the address or the document that is wrong.
    if (isFirst || !isServiceGone(error)) throw error;
    io.progress(`the step could not begin: ${error.message}`);
    const nothing = { run: null, verdict: null, missed: [], broken: [], loadedSeconds: 0, figures: null };
    const ended = { outcome: 'invalid', because: 'service-ended' } as const;
    return { record: { ...own, ...ended, tookSeconds: 0, ...nothing }, measured: null, replicas: null };
  }
}

/** The same run at the confidence at which a miss counts for the search. */
function strictly({ missConfidence, confidence }: StepPlan, { plan, run, evidence }: MeasuredRun): Verdict {
  const { maxSeconds, atLeastSeconds } = plan.sequential!;
  const sequential = scheduleLooks(maxSeconds, Math.max(missConfidence, confidence), atLeastSeconds);
  return judge({ ...plan, confidence: missConfidence, sequential }, run, evidence!);
}

/** Failures of the world that mean that the service cannot be loaded any more. */
const isServiceGone = (error: unknown): error is HarnessError =>
  error instanceof HarnessError && ['died-early', 'warm-up'].includes(error.code);
