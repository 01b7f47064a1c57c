import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { isSentimentService } from '../../dashboards/own-service-panels.ts';
import type { CapacityAsked, CapacityRecord, StepRecord } from '../../slas/capacity/record.ts';
import { nextOf, type SearchSettings, type StepPlan } from '../../slas/capacity/search.ts';
import { interruptedIn, withStep } from '../../slas/capacity/steps.ts';
import type { Plan } from '../../slas/model/model.ts';
import { stepInWords } from '../../slas/render/capacity.ts';
import { formatValue } from '../../slas/render/numbers.ts';
import { accept, type Input, type ReadDocument } from '../cli/inputs.ts';
import type { Io } from '../cli/io.ts';
import { findRunTools, type Prepared, type RunOptions, type RunTools } from '../run/prepare.ts';
import { askerOf } from '../run/prometheus-access.ts';
import type { RunFolder } from '../runs/bundle.ts';
import { useExisting } from '../stack/existing.ts';
import type { Stack } from '../stack/stack.ts';
import type { Scaling } from './deployment.ts';
import { changesIn, endedEarly } from './ended-early.ts';
import type { OwnScript } from './own-script.ts';
import { checkShares } from './replica-shares.ts';
import { awaitDrained } from './settle.ts';
import { prepareStep, runStep } from './step.ts';
import { CAPACITY_FILES, sha256Of, writeRecord } from './storage.ts';
import { replicasAsked } from './variants.ts';

/** Runs the steps of a search against one stack, which stays up. Stores the record after each step. */

export const newRecord = (
  id: string,
  { document, text }: ReadDocument,
  asked: CapacityAsked,
  settings: SearchSettings,
  commit: string | null = null,
): CapacityRecord => ({
  schema: 'sla-harness/capacity/v1',
  id,
  sla: document.name,
  asked,
  documentSha256: sha256Of(text),
  ...(commit === null ? {} : { commit }),
  settings,
  replicas: 1,
  ...(isSentimentService(document) ? { workload: 'sentiment-api' } : {}),
  cores: isHere(asked.target) ? availableParallelism() : null,
  steps: [],
});

/** Whether the service shares this machine with the load generator. */
const isHere = (target: string | undefined) =>
  target === undefined || /^(localhost|127\.|\[::1\])/.test(new URL(target).hostname);

/**
 * Runs steps until the search has an answer. Throws if it is interrupted; the record then contains all complete steps, and the interrupted
 * one as a step that decided nothing.
 */
export async function search(
  begun: CapacityRecord,
  folder: RunFolder,
  options: RunOptions,
  script: OwnScript | null,
  scaling: Scaling,
  io: Io,
): Promise<Input<CapacityRecord>> {
  const stepOptions = { ...options, out: join(folder.path, CAPACITY_FILES.steps) };
  let record = begun;
  let tools: RunTools | null = null;
  await using place = new StackPlace(options, begun.asked, folder, scaling, io);
  for (;;) {
    const next = nextOf(record.settings, record.steps);
    if ('answer' in next) return accept(record);
    const prepared = await prepareStep(next.run, stepOptions, script, folder, io);
    const problems = prepared.ok ? changesIn(prepared.value, record) : prepared.error;
    if (!prepared.ok || problems.length > 0) return endedEarly(problems, record, io);
    tools ??= await findRunTools(options, true, io);
    const stack = await place.open(prepared.value, tools);
    const { kind, ratePerSecond, maxSeconds } = next.run;
    record = { ...record, begun: { kind, ratePerSecond, maxSeconds } };
    await writeRecord(folder, record);
    const startedMs = Date.now();
    const isFirst = record.steps.every(({ because }) => because === 'interrupted');
    const done = await takeStep(next.run, prepared.value, tools, { place, stack }, isFirst, record, io).catch(
      async (error: unknown) => {
        await writeRecord(folder, interruptedIn(record, secondsSince(startedMs)));
        throw error;
      },
    );
    record = withStep(record, done);
    await writeRecord(folder, record);
    io.progress(outcomeLine(done));
  }
}

const secondsSince = (startedMs: number) => Math.round((Date.now() - startedMs) / 100) / 10;

async function takeStep(
  step: StepPlan,
  prepared: Prepared,
  tools: RunTools,
  { place, stack }: { readonly place: StackPlace; readonly stack: Stack },
  isFirst: boolean,
  { asked }: CapacityRecord,
  io: Io,
): Promise<StepRecord> {
  const { record, measured } = await runStep(step, prepared, tools, stack, isFirst, io);
  if (((await stack.incidents()) ?? []).length > 0) await place.close();
  else if (measured !== null) {
    const { plan, run } = measured;
    const beganMs = Date.now();
    await settle(plan, run.window.toSeconds, stack, io);
    checkShares(measured, record.outcome, stack, replicasAsked(asked));
    return withSettling(record, (Date.now() - beganMs) / 1000);
  }
  return record;
}

async function settle(plan: Plan, endedSeconds: number, stack: Stack, io: Io): Promise<void> {
  if (await awaitDrained(plan, endedSeconds, askerOf(stack.prometheusUrl, io))) return;
  io.progress(
    'the request counter of the service did not stop growing within 60 s: other clients may be sending requests',
  );
}

/** After an overload, the queue may take a minute to empty, which the time budget must include. */
const withSettling = (step: StepRecord, seconds: number): StepRecord => ({
  ...step,
  tookSeconds: Math.round(10 * (step.tookSeconds + seconds)) / 10,
});

const outcomeLine = (step: StepRecord) =>
  `${step.kind} at ${formatValue(step.ratePerSecond, 'per_second')}: ${stepInWords(step)} (${Math.round(step.tookSeconds)} s)`;

/** The stack that all steps share. If one of its processes died, the next step starts a new stack. */
class StackPlace implements AsyncDisposable {
  readonly #options: RunOptions;
  readonly #asked: CapacityAsked;
  readonly #scaling: Scaling;
  #isScaled = false;
  readonly #folder: RunFolder;
  readonly #io: Io;
  #stack: Stack | null = null;

  constructor(options: RunOptions, asked: CapacityAsked, folder: RunFolder, scaling: Scaling, io: Io) {
    this.#options = options;
    this.#asked = asked;
    this.#folder = folder;
    this.#scaling = scaling;
    this.#io = io;
  }

  async open(prepared: Prepared, tools: RunTools): Promise<Stack> {
    this.#stack ??= await this.#start(prepared, tools);
    return this.#stack;
  }

  async #start(prepared: Prepared, tools: RunTools): Promise<Stack> {
    const { target, prometheus } = this.#options;
    if (target !== undefined) {
      await this.#scale(prepared.plan.up, prometheus!);
      return useExisting(target, prometheus!);
    }
    // This module is not part of the npm package. It is not needed to load a service that is already running.
    const { openOwnStack } = await import('../run/own-stack.ts');
    return await openOwnStack(prepared, tools, this.#folder, this.#io, replicasAsked(this.#asked));
  }

  async #scale(up: string, prometheus: string): Promise<void> {
    if (this.#isScaled) return;
    this.#isScaled = true;
    const asker = askerOf(prometheus, this.#io);
    await this.#scaling.to(replicasAsked(this.#asked), this.#asked, up, asker, this.#io);
  }

  async close(): Promise<void> {
    const stack = this.#stack;
    this.#stack = null;
    await stack?.[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    await this.#folder.redact();
  }
}
