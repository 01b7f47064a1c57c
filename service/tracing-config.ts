import type { Reader } from './env-reader.ts';
import type { Problem } from './problem.ts';

const samplers = [
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
  'always_on',
  'always_off',
  'traceidratio',
] as const;
export type SamplerName = (typeof samplers)[number];

/**
 * The exporter itself reads where traces go (endpoint, headers, compression, certificates) from
 * OTEL_EXPORTER_OTLP_*.
 */
export interface TracingConfig {
  /** OTEL_SERVICE_NAME. */
  readonly serviceName: string;
  /** OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG. */
  readonly sampler: SamplerName;
  readonly sampledRatio: number;
  /** TRACE_PROBES: also trace health checks and scrapes. */
  readonly tracesProbes: boolean;
  /** OTEL_BSP_SCHEDULE_DELAY, OTEL_BSP_EXPORT_TIMEOUT. */
  readonly exportEveryMs: number;
  readonly exportLimitMs: number;
  /** OTEL_BSP_MAX_QUEUE_SIZE, OTEL_BSP_MAX_EXPORT_BATCH_SIZE: spans. */
  readonly queueSpans: number;
  readonly exportSpans: number;
}

const endpoints = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'];
const protocols = ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL'];

/**
 * Reads OpenTelemetry's own variables. Undefined, and nothing is traced, unless an endpoint is set or
 * OTEL_TRACES_EXPORTER is `otlp`; OTEL_SDK_DISABLED=true and OTEL_TRACES_EXPORTER=none switch tracing off
 * regardless of other settings.
 */
export function readTracing(read: Reader, problems: Problem[]): TracingConfig | undefined {
  const exporter = read.oneOf('OTEL_TRACES_EXPORTER', ['otlp', 'none'] as const);
  const isNamed = endpoints.some((name) => read.text(name) !== undefined);
  const isOff = read.text('OTEL_SDK_DISABLED')?.toLowerCase() === 'true' || exporter === 'none';
  if (isOff || (!isNamed && exporter === undefined)) return undefined;
  checkEndpoints(read, problems);
  checkProtocol(read, problems);
  const queueSpans = read.whole('OTEL_BSP_MAX_QUEUE_SIZE', 1, 1_000_000) ?? 2048;
  return {
    serviceName: read.text('OTEL_SERVICE_NAME') ?? 'sentiment-api',
    sampler: read.oneOf('OTEL_TRACES_SAMPLER', samplers) ?? 'parentbased_always_on',
    sampledRatio: read.decimal('OTEL_TRACES_SAMPLER_ARG', 0, 1) ?? 1,
    tracesProbes: read.oneOf('TRACE_PROBES', ['0', '1'] as const) === '1',
    exportEveryMs: read.whole('OTEL_BSP_SCHEDULE_DELAY', 1, 600_000) ?? 5000,
    exportLimitMs: read.whole('OTEL_BSP_EXPORT_TIMEOUT', 1, 600_000) ?? 30_000,
    queueSpans,
    exportSpans: Math.min(queueSpans, read.whole('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 1, 1_000_000) ?? 512),
  };
}

/** The exporter would silently use its default. */
function checkEndpoints(read: Reader, problems: Problem[]): void {
  for (const path of endpoints) {
    const value = read.text(path);
    if (value === undefined || /^https?:\/\/[^/]/.test(value)) continue;
    const message = `"${value}" is not an address such as http://127.0.0.1:4318`;
    problems.push({ code: 'unreadable', path, message });
  }
}

/**
 * Over HTTP, a collector accepts JSON and protobuf at the same address; gRPC is another protocol on another
 * port.
 */
function checkProtocol(read: Reader, problems: Problem[]): void {
  for (const path of protocols) {
    const value = read.text(path);
    if (value === undefined || value === 'http/json' || value === 'http/protobuf') continue;
    const message = `"${value}" is not supported: traces are sent as http/json, to port 4318 of most collectors`;
    problems.push({ code: 'unknown_value', path, message });
  }
}
