import { once } from 'node:events';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Plan, RunRecord, Sequential, Verdict } from '../../../slas/model/model.ts';
import type { Asker } from '../../../slas/prometheus/http.ts';
import { collectEvidence } from '../../../slas/prometheus/prometheus.ts';
import { lookInWords } from '../../../slas/render/looks.ts';
import type { BudgetWatch } from '../budget-watch.ts';
import type { Recorder, SeenRequest } from '../record/recorder.ts';
import type { LookMessage } from './look-worker.ts';
import { type RunSoFar, toSend } from './record-so-far.ts';

/**
 * Looks at a run at the times of its plan, and reports when the run is decided. A look determines the verdict that the run
 * would get if the load stopped now. It uses the same judge on the record and the evidence so far.
 */

/** The worker's file: TypeScript in a checkout, JavaScript in the npm package. */
const LOOK_WORKER = new URL(`./look-worker${extname(import.meta.url)}`, import.meta.url);

/** k6 writes its samples once a second, so they arrive within this time. */
const WRITTEN_AFTER_SECONDS = 2;
/** A look that takes longer is abandoned; the next one covers more data. */
const MAX_LOOK_MS = 300_000;

type Look = Sequential['looks'][number];

export interface DecidedAt {
  readonly atSeconds: number;
  /** How late the requests so far were started; undefined: unknown. */
  readonly lateP99Seconds: number | undefined;
}

/** `preconditions` contains only those that are not met. */
type Judged = Pick<Verdict, 'verdict' | 'sequential' | 'preconditions'> & Pick<DecidedAt, 'lateP99Seconds'>;

/** `load-delivered` is left out: while the load continues, it cannot be met. */
function brokenInWords(preconditions: Judged['preconditions']): string {
  const broken = preconditions.filter(({ id }) => id !== 'load-delivered').map(({ id }) => id);
  return broken.length === 0 ? '' : `; these checks do not hold: ${broken.join(', ')}`;
}

export interface LookOptions {
  readonly plan: Plan;
  readonly asker: Asker;
  readonly so: Omit<RunSoFar, 'nowSeconds' | 'incidents'>;
  readonly incidents: () => Promise<RunRecord['incidents']>;
  readonly progress: (line: string) => void;
}

export class Looks implements BudgetWatch, AsyncDisposable {
  readonly #options: LookOptions;
  readonly #recorder: Pick<Recorder, 'snapshot' | 'reachesSeconds'>;
  readonly #worker = new Worker(LOOK_WORKER);
  readonly #ended = new AbortController();
  #pending: Promise<void> | null = null;
  #next = 0;
  #firstSeconds = Number.POSITIVE_INFINITY;
  #lastSeconds = Number.NEGATIVE_INFINITY;
  #decided: (DecidedAt & { readonly because: string }) | null = null;

  constructor(recorder: Pick<Recorder, 'snapshot' | 'reachesSeconds'>, options: LookOptions) {
    this.#recorder = recorder;
    this.#options = options;
    // Handles errors of the worker here, because each pending look reports them itself.
    this.#worker.on('error', () => {});
  }

  /** The look that decided the run; null while the run is undecided. */
  get decided(): DecidedAt | null {
    return this.#decided;
  }

  see({ endMs, durationMs }: SeenRequest): void {
    this.#firstSeconds = Math.min(this.#firstSeconds, (endMs - durationMs) / 1000);
    this.#lastSeconds = Math.max(this.#lastSeconds, endMs / 1000);
  }

  /** Called about once a second. Starts a look that is due. */
  reason(): string | null {
    const look = this.#pending === null && this.#decided === null ? this.#due() : null;
    if (look !== null)
      this.#pending = this.#lookAt(look).finally(() => {
        this.#pending = null;
      });
    return this.#decided?.because ?? null;
  }

  /** The latest look that is due. Earlier looks that were not judged in time use up none of the error probability. */
  #due(): Look | null {
    const { looks } = this.#options.plan.sequential!;
    const load = this.#options.plan.load!;
    const isRegular = (load.arrivals ?? 'even') === 'even' && (load.requestsPerArrival ?? 1) === 1;
    // With a regular schedule, the number of requests in progress is known. Otherwise, every request must have had time to
    // end.
    const delay = WRITTEN_AFTER_SECONDS + (isRegular ? 0 : load.requestTimeoutSeconds + 1);
    const elapsed = Date.now() / 1000 - this.#firstSeconds - delay;
    // The last look is the judgement of the whole run.
    const last = looks
      .slice(0, -1)
      .findLastIndex(({ atSeconds }) => atSeconds <= elapsed && this.#isRecorded(atSeconds, isRegular));
    if (last < this.#next) return null;
    this.#next = last + 1;
    return looks[last]!;
  }

  /**
   * The records of some load generators may arrive late or stop arriving, so all records must extend past the look by a
   * whole request timeout, unless the schedule shows how many requests are missing. The schedule begins with the first
   * request, which may still be open until a request timeout has passed.
   */
  #isRecorded(atSeconds: number, isRegular: boolean): boolean {
    const { requestTimeoutSeconds } = this.#options.plan.load!;
    const lookSeconds = this.#firstSeconds + atSeconds;
    const allEndedSeconds = lookSeconds + requestTimeoutSeconds;
    const areOpenKnown = isRegular && this.#lastSeconds < allEndedSeconds;
    const openKnownSeconds = Math.max(lookSeconds, this.#firstSeconds + requestTimeoutSeconds);
    return this.#recorder.reachesSeconds >= (areOpenKnown ? openKnownSeconds : allEndedSeconds);
  }

  async #lookAt(look: Look): Promise<void> {
    const { plan, progress } = this.#options;
    try {
      const { verdict, sequential, preconditions, lateP99Seconds } = await this.#judgeAt(look);
      const seen = sequential!.looks.find(({ atSeconds }) => atSeconds === look.atSeconds);
      const { decidedAtSeconds } = sequential!;
      if (seen !== undefined)
        progress(`${lookInWords(seen, plan, decidedAtSeconds)}${brokenInWords(preconditions)}`);
      if (decidedAtSeconds !== look.atSeconds) return;
      const what = verdict === 'pass' ? 'every objective is met' : 'an objective is missed';
      const { atSeconds } = look;
      this.#decided = {
        atSeconds,
        lateP99Seconds,
        because: `${what} at the interim look after ${atSeconds} s`,
      };
    } catch (error) {
      if (this.#ended.signal.aborted) return;
      progress(`the interim look after ${look.atSeconds} s failed: ${(error as Error).message}`);
    }
  }

  async #judgeAt({ atSeconds }: Look): Promise<Judged> {
    const { plan, asker, so, incidents } = this.#options;
    const signal = AbortSignal.any([this.#ended.signal, AbortSignal.timeout(MAX_LOOK_MS), asker.signal]);
    const now = { ...so, nowSeconds: Date.now() / 1000, incidents: await incidents() };
    const { snapshot, buffers } = toSend(this.#recorder.snapshot());
    const message = { kind: 'record', snapshot, so: now, atSeconds } as const;
    const run = await this.#ask<RunRecord>(message, signal, buffers);
    const { progress: _, ...quiet } = { progress: null, ...asker };
    const evidence = await collectEvidence(plan, run, { ...quiet, signal });
    const judged = await this.#ask<Judged>({ kind: 'judge', plan, evidence }, signal);
    return { ...judged, lateP99Seconds: run.load?.startedLateP99Seconds };
  }

  async #ask<Answer>(
    message: LookMessage,
    signal: AbortSignal,
    buffers: ArrayBuffer[] = [],
  ): Promise<Answer> {
    signal.throwIfAborted();
    const answered = once(this.#worker, 'message', { signal });
    this.#worker.postMessage(message, buffers);
    const [answer] = (await answered) as [Answer];
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await this.#pending;
    await this.#worker.terminate();
  }
}
