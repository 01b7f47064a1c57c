import type { ClientRequests } from '../model/model.ts';

/** Builds the columns of a client's requests. */

/** One request to be added to the columns. */
export interface ClientRequest {
  /** Relative to the record's origin. */
  readonly startSeconds: number;
  readonly durationSeconds: number;
  readonly blockedSeconds: number;
  /** 0: there was no response. */
  readonly status: number;
  readonly path: string;
}

/** Columns of zeros for the given number of requests. */
export const emptyColumns = (count: number) => ({
  startSeconds: new Float64Array(count),
  durationSeconds: new Float64Array(count),
  blockedSeconds: new Float64Array(count),
  status: new Uint16Array(count),
  path: new Uint16Array(count),
});

/** The record of the given requests, in order. The record always contains the `known` paths. */
export function columnsOf(
  originSeconds: number,
  requests: readonly ClientRequest[],
  known: readonly string[] = [],
): ClientRequests {
  const columns = emptyColumns(requests.length);
  const paths = new Map(known.map((path, index) => [path, index]));
  for (const [index, request] of requests.entries()) {
    columns.startSeconds[index] = request.startSeconds;
    columns.durationSeconds[index] = request.durationSeconds;
    columns.blockedSeconds[index] = request.blockedSeconds;
    columns.status[index] = request.status;
    if (!paths.has(request.path)) paths.set(request.path, paths.size);
    columns.path[index] = paths.get(request.path)!;
  }
  return { originSeconds, ...columns, paths: [...paths.keys()] };
}

/** The largest number of distinct paths that the columns can distinguish. */
export const MAX_PATHS = 2 ** 16;

/** Columns that grow as requests end. */
export class GrowingColumns {
  #count = 0;
  #columns = emptyColumns(1024);
  readonly #paths = new Map<string, number>();

  get count(): number {
    return this.#count;
  }

  /**
   * Adds a request by the Unix time of its end. Times are stored in whole microseconds (start) and
   * nanoseconds (duration), as in the file. Throws a RangeError for more than 65,536 distinct paths; replace
   * the rest by a common name first.
   */
  add(
    endMicros: number,
    durationSeconds: number,
    blockedSeconds: number,
    status: number,
    path: string,
  ): void {
    if (this.#count === this.#columns.status.length) this.#grow();
    const at = this.#count++;
    // In microseconds of Unix time: integers, which a Float64 represents exactly.
    this.#columns.startSeconds[at] = Math.round(endMicros - durationSeconds * 1e6);
    this.#columns.durationSeconds[at] = wholeNanos(durationSeconds);
    this.#columns.blockedSeconds[at] = wholeNanos(blockedSeconds);
    this.#columns.status[at] = status;
    this.#columns.path[at] = this.#indexOf(path);
  }

  /** The record, ordered by end; null if nothing was added. */
  done(): ClientRequests | null {
    return recordOf(this.copy());
  }

  /** A copy of the columns so far. Copying is fast, and `recordOf` can then run in another thread. */
  copy(): CopiedColumns {
    const count = this.#count;
    const { startSeconds, durationSeconds, blockedSeconds, status, path } = this.#columns;
    return {
      startMicros: startSeconds.slice(0, count),
      durationSeconds: durationSeconds.slice(0, count),
      blockedSeconds: blockedSeconds.slice(0, count),
      status: status.slice(0, count),
      path: path.slice(0, count),
      paths: [...this.#paths.keys()],
    };
  }

  #indexOf(path: string): number {
    const known = this.#paths.get(path);
    if (known !== undefined) return known;
    if (this.#paths.size === MAX_PATHS) throw new RangeError(`more than ${MAX_PATHS} distinct paths`);
    this.#paths.set(path, this.#paths.size);
    return this.#paths.size - 1;
  }

  #grow(): void {
    const grown = emptyColumns(this.#count * 2);
    for (const name of Object.keys(grown) as (keyof typeof grown)[]) grown[name].set(this.#columns[name]);
    this.#columns = grown;
  }
}

export interface CopiedColumns extends Omit<ClientRequests, 'originSeconds' | 'startSeconds'> {
  /** Unix time. */
  readonly startMicros: Float64Array;
}

/** The record, ordered by the ends; null if nothing was added. */
export function recordOf({ startMicros, ...rest }: CopiedColumns): ClientRequests | null {
  if (startMicros.length === 0) return null;
  const originMicros = startMicros.reduce((first, start) => Math.min(first, start));
  const startSeconds = startMicros.map((start) => (start - originMicros) / 1e6);
  return inOrder({ ...rest, originSeconds: originMicros / 1e6, startSeconds });
}

const wholeNanos = (seconds: number) => Math.round(seconds * 1e9) / 1e9;

/** Ordered by end; requests with the same end keep their order. */
export function inOrder(client: ClientRequests): ClientRequests {
  const { startSeconds, durationSeconds, blockedSeconds, status, path } = client;
  const endMicros = startSeconds.map((start, index) => Math.round((start + durationSeconds[index]!) * 1e6));
  if (endMicros.every((end, index) => index === 0 || endMicros[index - 1]! <= end)) return client;
  const order = Uint32Array.from(endMicros.keys()).sort((a, b) => endMicros[a]! - endMicros[b]! || a - b);
  return {
    ...client,
    startSeconds: Float64Array.from(order, (at) => startSeconds[at]!),
    durationSeconds: Float64Array.from(order, (at) => durationSeconds[at]!),
    blockedSeconds: Float64Array.from(order, (at) => blockedSeconds[at]!),
    status: Uint16Array.from(order, (at) => status[at]!),
    path: Uint16Array.from(order, (at) => path[at]!),
  };
}
