import { expect, test } from 'vitest';
import { type Environment, readConfig } from './config.ts';

test('without settings the service listens on the loopback interface, with the embedded model and no faults', () => {
  expect(readConfig({ PORT: '', SLA_FAULTS: ' ' })).toEqual({
    host: '127.0.0.1',
    port: 8000,
    logLevel: 'info',
    model: { kind: 'embedded' },
    workers: undefined,
    loneThreads: undefined,
    maxTextChars: 5000,
    maxBatchTexts: 64,
    queueLimit: 512,
    requestDeadlineMs: 5000,
    receiveLimitMs: 30_000,
    inferenceLimitMs: 10_000,
    batching: { maxTexts: 1, longestWaitMs: 0 },
    cacheTexts: 0,
    tokens: { predict: { listed: [], file: undefined }, metrics: { listed: [], file: undefined } },
    rateLimitPerMinute: undefined,
    trustProxy: false,
    drainDeadlineMs: 10_000,
    faults: undefined,
    recording: {
      modelB: undefined,
      valuePerPrediction: 0,
      maxExplainedWords: 64,
      feedbackWindow: 100_000,
      driftWindow: 2000,
      expectedPositiveRatio: undefined,
    },
    tracing: undefined,
  });
});

test('every variable is read', () => {
  const env = {
    HOST: '0.0.0.0',
    PORT: '0',
    LOG_LEVEL: 'debug',
    MODEL_DIR: '/models/mine',
    SERVICE_WORKERS: '3',
    MAX_TEXT_CHARS: '100',
    MAX_BATCH_TEXTS: '7',
    QUEUE_LIMIT: '8',
    REQUEST_DEADLINE_MS: '900',
    RECEIVE_LIMIT_MS: '1100',
    INFERENCE_LIMIT_MS: '1200',
    BATCH_TEXTS: '4',
    BATCH_WAIT_MS: '5',
    CACHE_TEXTS: '6',
    API_TOKENS: 'one-token-01234567, two-token-01234567',
    METRICS_TOKENS_FILE: '/run/secrets/metrics',
    RATE_LIMIT_PER_MINUTE: '60',
    TRUST_PROXY: '1',
    DRAIN_DEADLINE_MS: '1000',
    SLA_FAULTS: 'latency=250ms',
    MODEL_B_DIR: '/models/other',
    LONE_TEXT_THREADS: '2',
    MODEL_B_SHARE: '12.5%',
    VALUE_PER_PREDICTION: '0.002',
    EXPLAIN_MAX_WORDS: '9',
    FEEDBACK_WINDOW: '10',
    DRIFT_WINDOW: '500',
    EXPECTED_POSITIVE_RATIO: '0.6',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318',
    OTEL_SERVICE_NAME: 'mine',
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.25',
    TRACE_PROBES: '1',
    OTEL_BSP_SCHEDULE_DELAY: '100',
    OTEL_BSP_EXPORT_TIMEOUT: '200',
    OTEL_BSP_MAX_QUEUE_SIZE: '300',
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '50',
  };
  expect(readConfig(env)).toEqual({
    host: '0.0.0.0',
    port: 0,
    logLevel: 'debug',
    model: { kind: 'folder', dir: '/models/mine' },
    workers: 3,
    loneThreads: 2,
    maxTextChars: 100,
    maxBatchTexts: 7,
    queueLimit: 8,
    requestDeadlineMs: 900,
    receiveLimitMs: 1100,
    inferenceLimitMs: 1200,
    batching: { maxTexts: 4, longestWaitMs: 5 },
    cacheTexts: 6,
    tokens: {
      predict: { listed: ['one-token-01234567', 'two-token-01234567'], file: undefined },
      metrics: { listed: [], file: '/run/secrets/metrics' },
    },
    rateLimitPerMinute: 60,
    trustProxy: true,
    drainDeadlineMs: 1000,
    faults: { spec: 'latency=250ms', latencyMs: 250 },
    recording: {
      modelB: { dir: '/models/other', percent: 12.5 },
      valuePerPrediction: 0.002,
      maxExplainedWords: 9,
      feedbackWindow: 10,
      driftWindow: 500,
      expectedPositiveRatio: 0.6,
    },
    tracing: {
      serviceName: 'mine',
      sampler: 'parentbased_traceidratio',
      sampledRatio: 0.25,
      tracesProbes: true,
      exportEveryMs: 100,
      exportLimitMs: 200,
      queueSpans: 300,
      exportSpans: 50,
    },
  });
  expect(readConfig({ MODEL_ID: 'Xenova/some-model' })).toMatchObject({
    model: { kind: 'hub', id: 'Xenova/some-model' },
  });
});

test('all problems are reported at once, each naming its variable and its value', () => {
  const problems = readConfig({
    PORT: '70000',
    LOG_LEVEL: 'loud',
    SERVICE_WORKERS: '0',
    MAX_TEXT_CHARS: '1e3',
    QUEUE_LIMIT: '5',
    SLA_FAULTS: 'latency=fast,boom=1',
  });
  expect(problems).toMatchObject([
    { path: 'PORT', message: '"70000" is not a whole number from 0 to 65535' },
    { path: 'LOG_LEVEL', message: expect.stringContaining('"loud"') },
    { path: 'SERVICE_WORKERS', message: expect.stringContaining('"0"') },
    { path: 'MAX_TEXT_CHARS', message: expect.stringContaining('"1e3"') },
    { path: 'SLA_FAULTS', message: expect.stringContaining('"fast"') },
    { path: 'SLA_FAULTS', message: expect.stringContaining('"boom"') },
    { path: 'QUEUE_LIMIT', message: expect.stringContaining('MAX_BATCH_TEXTS (64)') },
  ]);
});

test.each<[string, Environment, string]>([
  ['two models', { MODEL_DIR: 'a', MODEL_ID: 'b' }, 'conflict'],
  ['a share without a second model', { MODEL_B_SHARE: '10%' }, 'conflict'],
  ['a share without a percent sign', { MODEL_B_DIR: 'b', MODEL_B_SHARE: '10' }, 'out_of_range'],
  ['a share over 100%', { MODEL_B_DIR: 'b', MODEL_B_SHARE: '101%' }, 'out_of_range'],
  ['a ratio given in percent', { EXPECTED_POSITIVE_RATIO: '50%' }, 'out_of_range'],
  ['an invalid collector URL', { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, 'unreadable'],
  [
    'an unsupported protocol',
    { OTEL_TRACES_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    'unknown_value',
  ],
  ['a path as model name', { MODEL_ID: '/etc/passwd' }, 'unreadable'],
  ['faults in production', { SLA_FAULTS: 'errors=2%', NODE_ENV: 'production' }, 'faults_in_production'],
])('%s is refused', (_name, env, code) => {
  expect(readConfig(env)).toMatchObject([{ code }]);
});

test('a token that is too short is refused, and not printed', () => {
  const problems = readConfig({ API_TOKENS: 'long-enough-token-1,hunter2' });
  expect(problems).toMatchObject([
    { path: 'API_TOKENS', message: expect.stringContaining('token number 2') },
  ]);
  expect(JSON.stringify(problems)).not.toContain('hunter2');
});

test('faults in production need a second setting', () => {
  const env = { SLA_FAULTS: 'errors=2%', NODE_ENV: 'production', SLA_FAULTS_ALLOW: '1' };
  expect(readConfig(env)).toMatchObject({ faults: { errorPercent: 2 } });
});

test.each<[string, Environment, boolean]>([
  [
    'on if there is an endpoint',
    { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:4318/v1/traces' },
    true,
  ],
  ['on if there is an exporter', { OTEL_TRACES_EXPORTER: 'otlp' }, true],
  ['off with only a service name', { OTEL_SERVICE_NAME: 'mine' }, false],
  ['off if OpenTelemetry is disabled', { OTEL_TRACES_EXPORTER: 'otlp', OTEL_SDK_DISABLED: 'true' }, false],
  [
    'off if the exporter is none',
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x', OTEL_TRACES_EXPORTER: 'none' },
    false,
  ],
])('tracing is %s', (_name, env, isTraced) => {
  const config = readConfig(env);
  expect(Array.isArray(config) ? config : config.tracing !== undefined).toBe(isTraced);
});
