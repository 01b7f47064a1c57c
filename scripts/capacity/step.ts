import { basename, join } from 'node:path';
import { nearLimitOf } from '../../slas/capacity/near.ts';
import { figuresOf, type StepRecord } from '../../slas/capacity/record.ts';
import type { StepPlan } from '../../slas/capacity/search.ts';
import { judge } from '../../slas/judge/judge.ts';
import type { RunSeries } from '../../slas/model/model.ts';
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
import { seenIn } from './step-seen.ts';

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
    const seen = seenIn(step, measured, verdict);
    const near = nearLimitOf(plan, verdict, seen.loadedSeconds);
    const record: StepRecord = {
      ...own,
      ...seen,
      tookSeconds: took(),
      run: basename(measured.path),
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

/** Errors that mean that the service can no longer be loaded. */
const isServiceGone = (error: unknown): error is HarnessError =>
  error instanceof HarnessError && ['died-early', 'warm-up', 'service-unreachable'].includes(error.code);
