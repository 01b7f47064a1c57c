/** Requests of a service whose every latency is known. */

const RATE = 25;
export const STARTS_SECONDS = Date.UTC(2025, 2, 4, 13, 0, 0, 400) / 1000;

export interface MadeRunOptions {
  /** The four hexadecimal digits at the end of its id. */
  readonly suffix: string;
  readonly durationSeconds: number;
  /** The seconds of the load between which the service is overloaded; null: never. */
  readonly trouble: { readonly from: number; readonly to: number } | null;
  /** The seconds between which the load generator sent nothing that was due; absent: never. */
  readonly starved?: { readonly from: number; readonly to: number };
  /** A different seed gives another run of the same service. */
  readonly seed?: number;
}

export interface Made {
  /** The time since the start of the load. */
  readonly atSeconds: number;
  readonly seconds: number;
  readonly confidence: number;
  readonly isPositive: boolean;
  readonly isRefused: boolean;
}

/** The same numbers in every run: a linear congruential generator is random enough for a plot. */
function* chance(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

export const inTrouble = (atSeconds: number, { trouble }: MadeRunOptions) =>
  trouble !== null && atSeconds >= trouble.from && atSeconds < trouble.to;

export function makeRequests(options: MadeRunOptions): readonly Made[] {
  const random = chance(options.seed ?? 20_250_304);
  const next = () => random.next().value;
  const all = Array.from({ length: options.durationSeconds * RATE }, (_, index) => {
    const atSeconds = index / RATE;
    const tail = -Math.log(1 - next());
    const healthy = 0.006 + 0.005 * tail + (next() < 0.01 ? 0.04 * tail : 0);
    const queue = inTrouble(atSeconds, options) ? 0.12 + 0.16 * tail : 0;
    const isPositive = next() < 0.52 + 0.08 * Math.sin(atSeconds / 500);
    return {
      atSeconds,
      seconds: healthy + queue,
      confidence: Math.max(0.51, 0.985 - 0.06 * -Math.log(1 - next())),
      isPositive,
      isRefused: inTrouble(atSeconds, options) && next() < 0.015,
    };
  });
  const { from, to } = options.starved ?? { from: 0, to: 0 };
  return all.filter(({ atSeconds }) => atSeconds < from || atSeconds >= to);
}
