/**
 * Writes the OpenMetrics text that a Prometheus would have stored for a service, given all its requests.
 */

export interface Request {
  readonly atSeconds: number;
  readonly status: string;
  readonly seconds: number;
  readonly confidence: number;
}

export interface Replica {
  readonly instance: string;
  readonly everySeconds: number;
  /** The time of the replica's first scrape. */
  readonly firstSeconds: number;
  readonly requests: readonly Request[];
  /** The process is replaced at this time: counters restart at 0. */
  readonly restartSeconds?: number;
  /** The replica starts or ends at this time, so it is not scraped before or after it. */
  readonly beganSeconds?: number;
  readonly endedSeconds?: number;
}

export interface World {
  readonly job: string;
  /** The latest possible time of the last scrape. */
  readonly lastSeconds: number;
  readonly replicas: readonly Replica[];
  readonly edges: readonly number[];
  readonly statuses: readonly string[];
  /** A value as stored; null if nothing is stored. */
  readonly stored?: (sample: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly atSeconds: number;
    readonly value: number;
  }) => number | null;
}

type Metric = readonly [name: string, labels: Readonly<Record<string, string>>, value: number];

const isGood = ({ status }: Request) => status.startsWith('2');
const where = { method: 'POST', handler: '/predict' };

/** The metrics of one replica at a given time, computed from all of its requests. */
function exported(replica: Replica, world: World, atSeconds: number): readonly Metric[] {
  const restarted = replica.restartSeconds !== undefined && atSeconds >= replica.restartSeconds;
  const startSeconds = restarted
    ? replica.restartSeconds!
    : (replica.beganSeconds ?? replica.firstSeconds - 100);
  const seen = replica.requests.filter((one) => one.atSeconds > startSeconds && one.atSeconds <= atSeconds);
  const good = seen.filter(isGood);
  const bucket = (le: string, count: number): Metric => [
    'http_request_duration_seconds_bucket',
    { ...where, status: '200', le },
    count,
  ];
  return [
    ['up', {}, 1],
    ['process_start_time_seconds', {}, startSeconds],
    ['sentiment_model_loaded', {}, 1],
    ...world.statuses.map(
      (status): Metric => [
        'http_requests_total',
        { ...where, status },
        seen.filter((one) => one.status === status).length,
      ],
    ),
    ...world.edges.map((edge) =>
      bucket(
        Number.isInteger(edge) ? edge.toFixed(1) : String(edge),
        good.filter(({ seconds }) => seconds <= edge).length,
      ),
    ),
    bucket('+Inf', good.length),
    [
      'sentiment_prediction_confidence_sum',
      { sentiment: 'POSITIVE' },
      good.reduce((sum, { confidence }) => sum + confidence, 0),
    ],
    ['sentiment_prediction_confidence_count', { sentiment: 'POSITIVE' }, good.length],
  ];
}

export interface StoredSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly atSeconds: number;
  readonly value: number;
}

/** Every sample of a world, scrape by scrape. */
export function* samplesOf(world: World): Generator<StoredSample> {
  for (const replica of world.replicas) {
    const { instance, firstSeconds, everySeconds, beganSeconds = 0, endedSeconds = Infinity } = replica;
    for (let index = 0; firstSeconds + index * everySeconds <= world.lastSeconds; index++) {
      const atSeconds = firstSeconds + index * everySeconds;
      if (atSeconds < beganSeconds || atSeconds > endedSeconds) continue;
      for (const [name, own, value] of exported(replica, world, atSeconds)) {
        const labels = { job: world.job, instance, ...own };
        const stored = world.stored ? world.stored({ name, labels, atSeconds, value }) : value;
        if (stored !== null) yield { name, labels, atSeconds, value: stored };
      }
    }
  }
}

/** The lines of one world, without the closing `# EOF`. */
export function openMetricsOf(world: World): string {
  const lines = Array.from(
    samplesOf(world),
    ({ name, labels, atSeconds, value }) => `${name}{${written(labels)}} ${value} ${atSeconds}`,
  );
  return `${lines.join('\n')}\n`;
}

const written = (labels: Readonly<Record<string, string>>) =>
  Object.entries(labels)
    .map(([label, value]) => `${label}="${value}"`)
    .join(',');

/**
 * This many requests, evenly spaced between the first and the last time; `bad` of them, spread evenly, have
 * the outcome `badly`.
 */
export function spread(
  count: number,
  fromSeconds: number,
  toSeconds: number,
  bad = 0,
  badly: Partial<Request> = {},
): readonly Request[] {
  const step = (toSeconds - fromSeconds) / Math.max(1, count - 1);
  return Array.from({ length: count }, (_, index) => {
    const isBad = Math.floor(((index + 1) * bad) / count) > Math.floor((index * bad) / count);
    const healthy = {
      atSeconds: fromSeconds + index * step,
      status: '200',
      seconds: 0.02,
      confidence: 0.9375,
    };
    return isBad ? { ...healthy, ...badly } : healthy;
  });
}
