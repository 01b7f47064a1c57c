import type { Batching } from './classifier/batching.ts';
import { type Environment, Reader } from './env-reader.ts';
import { type Faults, parseFaults } from './fault-spec.ts';
import type { Problem } from './problem.ts';
import { type RecordingConfig, readRecordingConfig } from './recording-config.ts';
import { readTokens, type TokenSource } from './token-config.ts';
import { readTracing, type TracingConfig } from './tracing-config.ts';

export type { Environment } from './env-reader.ts';

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Which model to load: the embedded one, another folder, or one from the hub. */
export type ModelChoice =
  | { readonly kind: 'embedded' }
  | { readonly kind: 'folder'; readonly dir: string }
  | { readonly kind: 'hub'; readonly id: string };

export interface Config {
  /** HOST: the address to listen on. Loopback by default, so nothing is exposed unintentionally. */
  readonly host: string;
  /** PORT: 0 picks a free port; the log line "listening" shows which. */
  readonly port: number;
  readonly logLevel: LogLevel;
  /** MODEL_DIR or MODEL_ID. */
  readonly model: ModelChoice;
  /** SERVICE_WORKERS: inference threads; undefined means one for each core that the process may use. */
  readonly workers: number | undefined;
  /**
   * LONE_TEXT_THREADS: threads that infer a text while no other text is inferred; undefined means one per worker, up
   * to 4.
   */
  readonly loneThreads: number | undefined;
  /** MAX_TEXT_CHARS: characters (Unicode code points) per text. */
  readonly maxTextChars: number;
  /** MAX_BATCH_TEXTS: texts per batch request. */
  readonly maxBatchTexts: number;
  /** QUEUE_LIMIT: texts that may wait for a worker; when the queue is full, requests are refused at once. */
  readonly queueLimit: number;
  /** REQUEST_DEADLINE_MS: time limit for a request, from its arrival; a client may ask for less. */
  readonly requestDeadlineMs: number;
  /** RECEIVE_LIMIT_MS: how long a client may take to send a complete request. */
  readonly receiveLimitMs: number;
  /** INFERENCE_LIMIT_MS: a worker that spends longer on one inference is considered hung and is replaced. */
  readonly inferenceLimitMs: number;
  /** BATCH_TEXTS and BATCH_WAIT_MS; by default each text is inferred alone. */
  readonly batching: Batching;
  /** CACHE_TEXTS: predictions cached for identical texts; 0 disables the cache. */
  readonly cacheTexts: number;
  /** API_TOKENS and API_TOKENS_FILE for predictions; METRICS_TOKENS and METRICS_TOKENS_FILE for /metrics. */
  readonly tokens: { readonly predict: TokenSource; readonly metrics: TokenSource };
  /** RATE_LIMIT_PER_MINUTE: requests for predictions per client address; undefined means no limit. */
  readonly rateLimitPerMinute: number | undefined;
  /** TRUST_PROXY: the client's address is the last one in X-Forwarded-For. */
  readonly trustProxy: boolean;
  /** DRAIN_DEADLINE_MS: how long a stopping service waits for requests in flight. */
  readonly drainDeadlineMs: number;
  /** SLA_FAULTS: undefined in every real deployment. */
  readonly faults: Faults | undefined;
  /** Settings of feedback, explanations, drift and a second model. */
  readonly recording: RecordingConfig;
  /** OpenTelemetry's own variables; undefined if none of them requests traces. */
  readonly tracing: TracingConfig | undefined;
}

/** Reads the whole environment and returns every problem at once, each with the variable's name as its path. */
export function readConfig(env: Environment): Config | Problem[] {
  const problems: Problem[] = [];
  const read = new Reader(env, problems);
  const config: Config = {
    host: read.text('HOST') ?? '127.0.0.1',
    port: read.whole('PORT', 0, 65_535) ?? 8000,
    logLevel: read.oneOf('LOG_LEVEL', logLevels) ?? 'info',
    model: readModel(read, problems),
    workers: read.whole('SERVICE_WORKERS', 1, 256),
    loneThreads: read.whole('LONE_TEXT_THREADS', 1, 256),
    maxTextChars: read.whole('MAX_TEXT_CHARS', 1, 1_000_000) ?? 5000,
    maxBatchTexts: read.whole('MAX_BATCH_TEXTS', 1, 10_000) ?? 64,
    queueLimit: read.whole('QUEUE_LIMIT', 1, 1_000_000) ?? 512,
    requestDeadlineMs: read.whole('REQUEST_DEADLINE_MS', 1, 600_000) ?? 5000,
    receiveLimitMs: read.whole('RECEIVE_LIMIT_MS', 10, 600_000) ?? 30_000,
    inferenceLimitMs: read.whole('INFERENCE_LIMIT_MS', 10, 600_000) ?? 10_000,
    batching: {
      maxTexts: read.whole('BATCH_TEXTS', 1, 256) ?? 1,
      longestWaitMs: read.whole('BATCH_WAIT_MS', 0, 1000) ?? 0,
    },
    cacheTexts: read.whole('CACHE_TEXTS', 0, 1_000_000) ?? 0,
    tokens: {
      predict: readTokens(read, problems, 'API_TOKENS'),
      metrics: readTokens(read, problems, 'METRICS_TOKENS'),
    },
    rateLimitPerMinute: read.whole('RATE_LIMIT_PER_MINUTE', 1, 10_000_000),
    trustProxy: read.oneOf('TRUST_PROXY', ['0', '1']) === '1',
    drainDeadlineMs: read.whole('DRAIN_DEADLINE_MS', 1, 600_000) ?? 10_000,
    faults: readFaults(read, problems),
    recording: readRecordingConfig(read, problems),
    tracing: readTracing(read, problems),
  };
  if (config.queueLimit < config.maxBatchTexts) {
    const message = `${config.queueLimit} is less than MAX_BATCH_TEXTS (${config.maxBatchTexts}): the largest batch would not fit; raise QUEUE_LIMIT or lower MAX_BATCH_TEXTS`;
    problems.push({ code: 'out_of_range', path: 'QUEUE_LIMIT', message });
  }
  return problems.length > 0 ? problems : config;
}

function readModel(read: Reader, problems: Problem[]): ModelChoice {
  const dir = read.text('MODEL_DIR');
  const id = read.text('MODEL_ID');
  if (dir !== undefined && id !== undefined) {
    const message = 'MODEL_DIR and MODEL_ID are both set; unset one of them';
    problems.push({ code: 'conflict', path: 'MODEL_ID', message });
  }
  if (id !== undefined && !/^[\w.-]+(\/[\w.-]+)?$/.test(id)) {
    const message = `"${id}" is not a valid model name, such as Xenova/distilbert-base-uncased-finetuned-sst-2-english`;
    problems.push({ code: 'unreadable', path: 'MODEL_ID', message });
  }
  if (id !== undefined) return { kind: 'hub', id };
  return dir === undefined ? { kind: 'embedded' } : { kind: 'folder', dir };
}

function readFaults(read: Reader, problems: Problem[]): Faults | undefined {
  const spec = read.text('SLA_FAULTS');
  if (spec === undefined) return undefined;
  if (read.text('NODE_ENV') === 'production' && read.text('SLA_FAULTS_ALLOW') !== '1') {
    const message = `"${spec}" injects faults into a production service (NODE_ENV=production); unset it, or set SLA_FAULTS_ALLOW=1 to allow it`;
    problems.push({ code: 'faults_in_production', path: 'SLA_FAULTS', message });
  }
  const faults = parseFaults(spec);
  if (!Array.isArray(faults)) return faults;
  problems.push(...faults.map(({ code, message }) => ({ code, path: 'SLA_FAULTS', message })));
  return undefined;
}
