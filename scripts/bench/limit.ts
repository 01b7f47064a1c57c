import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { MeasuredText } from './texts.ts';

/** How the runtime is used: the number of sessions, threads per session, and texts of similar length per inference. */
export interface LimitVariant {
  readonly sessions: number;
  readonly threads: number;
  readonly batch: number;
}

export const limitVariants = (cores: number): readonly LimitVariant[] => [
  { sessions: cores, threads: 1, batch: 1 },
  ...(cores > 1 ? [{ sessions: 1, threads: cores, batch: 1 }] : []),
  { sessions: cores, threads: 1, batch: 4 },
];

/**
 * The maximum that the machine achieves with this model and these texts: inference only, without HTTP or
 * metrics.
 */
export class Limit implements AsyncDisposable {
  readonly variant: LimitVariant;
  readonly #texts: readonly (readonly string[])[];
  readonly #workers: readonly Worker[];

  private constructor(variant: LimitVariant, texts: readonly MeasuredText[], workers: readonly Worker[]) {
    this.variant = variant;
    this.#workers = workers;
    const ordered = variant.batch === 1 ? texts : texts.toSorted((a, b) => a.pieces - b.pieces);
    const all = ordered.map(({ text }) => text);
    // Each session starts with a different text of the list.
    this.#texts = workers.map((_, index) => {
      const from = Math.floor((index * all.length) / workers.length / variant.batch) * variant.batch;
      return [...all.slice(from), ...all.slice(0, from)];
    });
  }

  static async start(variant: LimitVariant, texts: readonly MeasuredText[], root: string): Promise<Limit> {
    const workerData = { model: join(root, 'service', 'model', 'sentiment-small'), threads: variant.threads };
    const program = new URL('./limit-worker.ts', import.meta.url);
    const workers = Array.from({ length: variant.sessions }, () => new Worker(program, { workerData }));
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    return new Limit(variant, texts, workers);
  }

  /** Texts per second over all sessions, and texts per CPU second. */
  async measure(seconds: number): Promise<{ perSecond: number; perCpuSecond: number }> {
    const before = process.cpuUsage();
    const startedMs = performance.now();
    const counts = await Promise.all(
      this.#workers.map(async (worker, index) => {
        worker.postMessage({ texts: this.#texts[index], batch: this.variant.batch, seconds });
        const [inferred] = (await once(worker, 'message')) as [number];
        return inferred;
      }),
    );
    const inferred = counts.reduce((sum, count) => sum + count, 0);
    const { user, system } = process.cpuUsage(before);
    const perSecond = (inferred / (performance.now() - startedMs)) * 1000;
    return { perSecond, perCpuSecond: (inferred / (user + system)) * 1e6 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
