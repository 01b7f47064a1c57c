import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/**
 * A service that counted evenly for hours, written as OpenMetrics text in pieces. Its counts are a function of time, so even a day of many
 * replicas needs little memory.
 */
export interface LongService {
  readonly job: string;
  readonly startSeconds: number;
  readonly hours: number;
  readonly replicas: number;
  readonly everySeconds: number;
  /** Requests per replica and second. */
  readonly rate: number;
  /** Bucket edges; those of the shipped service by default. */
  readonly edges?: readonly number[];
  /** When the process of a replica, by index, starts or ends, if it does. */
  readonly processes?: readonly { readonly beganSeconds?: number; readonly endedSeconds?: number }[];
  /** A value as stored; null if nothing is stored. */
  readonly stored?: (sample: StoredValue) => number | null;
}

interface StoredValue {
  readonly name: string;
  /** In OpenMetrics notation, without job and instance. */
  readonly labels: string;
  readonly replica: number;
  readonly atSeconds: number;
  readonly value: number;
}

/** The bucket edges of the shipped service. */
const EDGES = [
  0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4,
  0.5, 0.75, 1, 1.5, 2.5, 5, 10,
];
/**
 * How many requests of each thousand are over 200 ms, and how many are errors; a slow one takes 250 ms,
 * others 12 ms.
 */
const SLOW = 30;
const ERRORS = 4;
const STATUSES = ['200', '400', '429', '500', '503'];

/** The counts of a replica at a given time, since its process started. */
export function countedBy(service: LongService, replica: number, atSeconds: number) {
  const since = service.processes?.[replica]?.beganSeconds ?? service.startSeconds;
  const all = Math.max(0, Math.floor((atSeconds - since) * service.rate + 1e-6));
  const errors = Math.floor((all * ERRORS) / 1000);
  const good = all - errors;
  return { all, errors, good, slow: Math.floor((good * SLOW) / 1000) };
}

/** Each replica is scraped at its own times. */
export const firstScrape = ({ startSeconds, everySeconds, replicas }: LongService, replica: number) =>
  Math.round((startSeconds + (replica * everySeconds) / replicas) * 1000) / 1000;

/** The scrapes of one replica that open and close a window. */
export function edgesOf(service: LongService, replica: number, fromSeconds: number, toSeconds: number) {
  const first = firstScrape(service, replica);
  const { everySeconds } = service;
  return {
    openSeconds: first + Math.floor((fromSeconds - first) / everySeconds + 1e-9) * everySeconds,
    closeSeconds: first + Math.ceil((toSeconds - first) / everySeconds - 1e-9) * everySeconds,
  };
}

type Line = readonly [name: string, labels: string, value: number];

function linesAt(service: LongService, replica: number, atSeconds: number): readonly Line[] {
  const { errors, good, slow } = countedBy(service, replica, atSeconds);
  const predict = 'method="POST",handler="/predict"';
  const bucket = (le: string, count: number): Line => [
    'http_request_duration_seconds_bucket',
    `${predict},status="200",le="${le}"`,
    count,
  ];
  const byStatus: Readonly<Record<string, number>> = { '200': good, '500': errors };
  const half = Math.floor(good / 2);
  return [
    ['up', '', 1],
    [
      'process_start_time_seconds',
      '',
      service.processes?.[replica]?.beganSeconds ?? service.startSeconds - 1000,
    ],
    ['nodejs_eventloop_lag_p99_seconds', '', 0.01],
    ['sentiment_model_loaded', '', 1],
    ...STATUSES.map(
      (status): Line => ['http_requests_total', `${predict},status="${status}"`, byStatus[status] ?? 0],
    ),
    ...(service.edges ?? EDGES).map((edge) =>
      bucket(
        Number.isInteger(edge) ? edge.toFixed(1) : String(edge),
        edge < 0.012 ? 0 : edge < 0.25 ? good - slow : good,
      ),
    ),
    bucket('+Inf', good),
    ...(['POSITIVE', 'NEGATIVE'] as const).flatMap((sentiment, index): Line[] => {
      const count = index === 0 ? half : good - half;
      return [
        ['sentiment_prediction_confidence_sum', `sentiment="${sentiment}"`, count * 0.9375],
        ['sentiment_prediction_confidence_count', `sentiment="${sentiment}"`, count],
      ];
    }),
  ];
}

function textOfScrape(service: LongService, replica: number, atSeconds: number): string {
  let text = '';
  const { beganSeconds = 0, endedSeconds = Infinity } = service.processes?.[replica] ?? {};
  if (atSeconds < beganSeconds || atSeconds > endedSeconds) return text;
  for (const [name, labels, value] of linesAt(service, replica, atSeconds)) {
    const stored = service.stored ? service.stored({ name, labels, replica, atSeconds, value }) : value;
    if (stored === null) continue;
    const own = `job="${service.job}",instance="10.0.0.${replica + 1}:8000"`;
    text += `${name}{${own}${labels === '' ? '' : `,${labels}`}} ${stored} ${atSeconds}\n`;
  }
  return text;
}

/** TSDB blocks of two hours each: each input file is read once. */
const BLOCK_SECONDS = 7_200;

/** Creates the blocks in `folder/data`. */
export async function makeLongBlocks(services: readonly LongService[], folder: string, promtool: string) {
  const start = Math.min(...services.map(({ startSeconds }) => startSeconds));
  const end = Math.max(...services.map(({ startSeconds, hours }) => startSeconds + hours * 3600));
  for (let from = Math.floor(start / BLOCK_SECONDS) * BLOCK_SECONDS; from < end; from += BLOCK_SECONDS) {
    const file = join(folder, `samples-${from}.txt`);
    await writePiece(services, from, file);
    const create = ['tsdb', 'create-blocks-from', 'openmetrics', '--quiet', file, join(folder, 'data')];
    await promisify(execFile)(promtool, create);
    await rm(file);
  }
}

async function writePiece(services: readonly LongService[], from: number, file: string): Promise<void> {
  const out = createWriteStream(file);
  for (const service of services)
    for (let replica = 0; replica < service.replicas; replica++)
      for (const atSeconds of scrapesWithin(service, replica, from))
        if (!out.write(textOfScrape(service, replica, atSeconds))) await once(out, 'drain');
  out.end('# EOF\n');
  await once(out, 'finish');
}

function* scrapesWithin(service: LongService, replica: number, from: number): Generator<number> {
  const first = firstScrape(service, replica);
  const { everySeconds, startSeconds, hours } = service;
  const end = Math.min(from + BLOCK_SECONDS, startSeconds + hours * 3600);
  const index = Math.max(0, Math.ceil((from - first) / everySeconds));
  for (let next = index; first + next * everySeconds < end; next++)
    yield Math.round((first + next * everySeconds) * 1000) / 1000;
}
