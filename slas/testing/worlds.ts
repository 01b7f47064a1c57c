import { type Replica, type Request, spread, type World } from './openmetrics.ts';

/** The services that the test with a real Prometheus judges. Each service is a separate job, and all are in one TSDB. */

export interface Judged {
  readonly job: string;
  readonly world: World;
  readonly window: { readonly fromSeconds: number; readonly toSeconds: number };
}

export const START = Date.UTC(2025, 2, 1) / 1000;
const EDGES = [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.5, 0.75, 1, 2.5];
const STATUSES = ['200', '400', '429', '500', '503'];

export interface WorldOptions {
  readonly everySeconds?: number;
  /** All replicas are scraped at the same time, at the start and the end of the window. */
  readonly isWindowAtScrapes?: boolean;
  readonly replicas?: number;
  readonly durationSeconds?: number;
  /** Requests per replica and second. */
  readonly rate?: number;
  /** How many requests of each replica, spread evenly, have the outcome `badly`. */
  readonly bad?: number;
  readonly badly?: Partial<Request>;
  readonly before?: readonly Request[];
  readonly restartSeconds?: number;
  /**
   * When the process of a replica, by index, starts or ends, if it does; it receives requests only in
   * between.
   */
  readonly processes?: readonly Pick<Replica, 'beganSeconds' | 'endedSeconds'>[];
  readonly statuses?: readonly string[];
  readonly stored?: World['stored'];
}

/** The first request falls between two scrapes of every replica, and so does the last response. */
export function judged(job: string, options: WorldOptions = {}): Judged {
  const { everySeconds = 5, replicas = 1, durationSeconds = 12 * everySeconds + 30, rate = 20 } = options;
  const isAtScrapes = options.isWindowAtScrapes === true;
  const fromSeconds = START + 4 * everySeconds + (isAtScrapes ? 0 : 0.3 * everySeconds);
  const toSeconds = fromSeconds + durationSeconds;
  // No request coincides with a scrape.
  const inside = isAtScrapes ? 0.01 : 0;
  const requests = spread(
    rate * durationSeconds,
    fromSeconds + inside,
    toSeconds - inside,
    options.bad,
    options.badly,
  );
  const replica = (index: number): Replica => ({
    instance: `10.0.0.${index + 1}:8000`,
    everySeconds,
    // Each replica is scraped at its own times.
    firstSeconds: START + (isAtScrapes ? 0 : Math.round(((index * everySeconds) / replicas) * 1000) / 1000),
    requests: [...(options.before ?? []), ...requests].filter((one) =>
      existsAt(one, options.processes?.[index]),
    ),
    ...options.processes?.[index],
    ...(options.restartSeconds === undefined || index > 0 ? {} : { restartSeconds: options.restartSeconds }),
  });
  const world: World = {
    job,
    lastSeconds: toSeconds + 4 * everySeconds,
    replicas: Array.from({ length: replicas }, (_, index) => replica(index)),
    edges: EDGES,
    statuses: options.statuses ?? STATUSES,
    ...(options.stored === undefined ? {} : { stored: options.stored }),
  };
  return { job, world, window: { fromSeconds, toSeconds } };
}

const existsAt = (
  { atSeconds }: Request,
  { beganSeconds = 0, endedSeconds = Infinity }: NonNullable<WorldOptions['processes']>[number] = {},
) => atSeconds > beganSeconds && atSeconds <= endedSeconds;

/** The true numbers of the window, counted request by request. */
export function truth({ world, window }: Judged) {
  const all = world.replicas
    .flatMap(({ requests }) => requests)
    .filter(({ atSeconds }) => atSeconds >= window.fromSeconds && atSeconds <= window.toSeconds);
  const good = all.filter(({ status }) => status.startsWith('2'));
  return {
    all: all.length,
    good: good.length,
    bad: all.filter(({ status }) => /^5|429/.test(status)).length,
    clientsOwn: all.filter(({ status }) => status.startsWith('4') && status !== '429').length,
    within: (seconds: number) => good.filter((one) => one.seconds <= seconds).length,
    confidence: good.reduce((sum, one) => sum + one.confidence, 0) / good.length,
  };
}
