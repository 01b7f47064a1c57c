import { type Batching, chooseSimilar } from './batching.ts';
import type { Job, PendingRequest } from './pending-request.ts';

/** Texts in order of arrival. */
export class TextQueue {
  readonly #batching: Batching;
  #jobs: Job[] = [];

  constructor(batching: Batching) {
    this.#batching = batching;
  }

  get length(): number {
    return this.#jobs.length;
  }

  /** When the text that has waited longest arrived, by `performance.now()`. */
  get oldestMs(): number {
    return this.#jobs[0]?.queuedMs ?? Number.POSITIVE_INFINITY;
  }

  add(job: Job): void {
    this.#jobs.push(job);
  }

  /** Puts texts that a worker had received ahead of all texts that arrived later. */
  putBack(jobs: readonly Job[]): void {
    this.#jobs.unshift(...jobs.filter(({ request }) => !request.isOver));
  }

  /**
   * Removes and returns the texts of the next inference; with `onlyFull`, returns none while more texts could still join
   * them.
   */
  take({ onlyFull }: { readonly onlyFull: boolean }): readonly Job[] {
    const positions = chooseSimilar(this.#jobs, this.#batching);
    const isFull = positions.length === this.#batching.maxTexts || this.#jobs[0]?.isSuspect;
    if (positions.length === 0 || (onlyFull && !isFull)) return [];
    const taken = positions.map((position) => this.#jobs[position]!);
    if (taken.length === 1) this.#jobs.shift();
    else this.#jobs = this.#jobs.filter((_, position) => !positions.includes(position));
    const wanted = taken.filter(({ request }) => !request.giveUpIfAbandoned());
    return wanted.length > 0 ? wanted : this.take({ onlyFull });
  }

  /** Removes all texts of a request that has ended. */
  drop(request: PendingRequest): void {
    if (this.#jobs.some((job) => job.request === request)) {
      this.#jobs = this.#jobs.filter((job) => job.request !== request);
    }
  }

  /** Empties the queue. */
  takeAll(): readonly Job[] {
    return this.#jobs.splice(0);
  }
}
