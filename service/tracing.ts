import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Context,
  type HrTime,
  type Link,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import {
  parseTraceParent,
  setGlobalErrorHandler,
  TRACE_PARENT_HEADER,
  W3CTraceContextPropagator,
} from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Inference, Journey } from './classifier/classifier.ts';
import type { TracingConfig } from './tracing-config.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Null if the request is not traced. */
    trace: RequestTrace | null;
  }
}

/**
 * The response has the header of the W3C draft, and repeats the value under the request header's name for simpler
 * clients.
 */
const answerHeaders = ['traceresponse', TRACE_PARENT_HEADER] as const;

const propagator = new W3CTraceContextPropagator();
const fromHeaders = {
  get: (headers: FastifyRequest['headers'], name: string) => headers[name],
  keys: (headers: FastifyRequest['headers']) => Object.keys(headers),
};

/** Smaller adjustments of the machine's clock are ignored: its own resolution is only a millisecond. */
const clockSetMs = 10;
let originMs = performance.timeOrigin;

/**
 * Converts times of `performance.now()` to wall-clock time. All traces use one clock, so that events shared by
 * several requests have the same time in each. The machine's clock is read again only if it was adjusted; a trace in
 * progress keeps its clock.
 */
function timeOfDay(): (atMs: number) => HrTime {
  const setMs = Date.now() - performance.now();
  if (Math.abs(setMs - originMs) > clockSetMs) originMs = setMs;
  const fromMs = originMs;
  return (atMs) => {
    const ms = fromMs + atMs;
    const seconds = Math.floor(ms / 1000);
    return [seconds, Math.round((ms - seconds * 1000) * 1e6)];
  };
}

/**
 * The spans of one request: the request itself, waiting, and inference. They contain no text and no address.
 */
export class RequestTrace implements Journey {
  readonly context: Context;
  /** Filled in by the classifier (Journey). */
  finishedMs?: number;
  readonly batches: SpanContext[] = [];
  readonly #tracer: Tracer;
  readonly #span: Span;
  /** Converts `performance.now()` to wall-clock time, using this trace's clock. */
  readonly at: (atMs: number) => HrTime;

  constructor(tracer: Tracer, span: Span, parent: Context, at: (atMs: number) => HrTime) {
    this.#tracer = tracer;
    this.at = at;
    this.#span = span;
    this.context = trace.setSpan(parent, span);
  }

  get ids(): SpanContext {
    return this.#span.spanContext();
  }

  /** The id of the trace if it is sampled, so that every exemplar links to a stored trace. */
  get exemplarId(): string | undefined {
    return isSampled(this.ids) ? this.ids.traceId : undefined;
  }

  /** The classifier has finished with the request's texts, successfully or not. */
  classified(startedMs: number, attributes: Readonly<Record<string, string | number>>): void {
    if (!this.#span.isRecording()) return;
    const ended = this.at(performance.now());
    const finished = this.finishedMs === undefined ? ended : this.at(this.finishedMs);
    this.#span.setAttributes(attributes);
    this.#tracer.startSpan('queue', { startTime: this.at(startedMs) }, this.context).end(finished);
    if (this.finishedMs === undefined) return;
    const links = this.batches.map((context) => ({ context }));
    this.#tracer.startSpan('inference', { startTime: finished, attributes, links }, this.context).end(ended);
  }

  end(status: number): void {
    this.#span.setAttribute('http.response.status_code', status);
    if (status >= 500) this.#span.setStatus({ code: SpanStatusCode.ERROR });
    this.#span.end(this.at(performance.now()));
  }
}

/**
 * The fields of a log line that identify the request's trace, with the names that Loki and Grafana look for. Without
 * tracing, the line still belongs to the caller's trace. Each line gets these fields, because a child logger per
 * request would cost more than everything else.
 */
export function traceFields({
  trace,
  headers,
}: FastifyRequest): Readonly<Record<string, string>> | undefined {
  // A request whose URL cannot be decoded lacks the properties that hooks add.
  if (trace) return { trace_id: trace.ids.traceId, span_id: trace.ids.spanId };
  const { traceparent } = headers;
  const caller = typeof traceparent === 'string' ? parseTraceParent(traceparent) : null;
  return caller === null ? undefined : { trace_id: caller.traceId };
}

/**
 * Health checks and scrapes arrive every few seconds. With little traffic they would be half of all traces, although
 * they are of no interest.
 */
const probes: ReadonlySet<string> = new Set(['/metrics', '/health/live', '/health/ready']);

const isSampled = (context: SpanContext | undefined) =>
  context !== undefined && (context.traceFlags & TraceFlags.SAMPLED) !== 0;

/** A stopping service waits no longer than this for a slow or missing collector. */
const lastExportLimitMs = 2000;

/**
 * Traces requests, and sends the spans in batches by OTLP over HTTP. Disposing of it sends the remaining
 * ones.
 */
export class Tracing implements AsyncDisposable {
  readonly #provider: TracerProvider;
  readonly #tracer: Tracer;
  readonly #onFailure: (reason: string) => void;
  readonly #tracesProbes: boolean;

  /** `onFailure` receives export errors; they never fail a request. */
  constructor(config: TracingConfig, onFailure: (reason: string) => void) {
    this.#onFailure = onFailure;
    setGlobalErrorHandler((error) => onFailure(messageOf(error)));
    this.#tracesProbes = config.tracesProbes;
    const processor = new BatchSpanProcessor({
      exporter: new OTLPTraceExporter(),
      scheduledDelayMillis: config.exportEveryMs,
      exportTimeoutMillis: config.exportLimitMs,
      maxQueueSize: config.queueSpans,
      maxExportBatchSize: config.exportSpans,
    });
    this.#provider = new TracerProvider({
      resource: resourceOf(config),
      sampler: samplerOf(config),
      spanProcessors: [processor],
    });
    this.#tracer = this.#provider.getTracer('sentiment-api');
  }

  /**
   * Starts the trace of a request, or continues the caller's; the response names it. Null for a probe that is
   * not traced.
   */
  begin(
    request: FastifyRequest,
    reply: FastifyReply,
    handler: string,
    arrivedMs: number,
  ): RequestTrace | null {
    const parent = propagator.extract(ROOT_CONTEXT, request.headers, fromHeaders);
    if (!this.#tracesProbes && probes.has(handler) && !isSampled(trace.getSpanContext(parent))) return null;
    const attributes = {
      'http.request.method': request.method,
      'http.route': handler,
      'request.id': request.id,
    };
    const at = timeOfDay();
    const options = { kind: SpanKind.SERVER, startTime: at(arrivedMs), attributes };
    const span = this.#tracer.startSpan(`${request.method} ${handler}`, options, parent);
    const { traceId, spanId, traceFlags } = span.spanContext();
    const ids = `00-${traceId}-${spanId}-0${traceFlags}`;
    for (const header of answerHeaders) void reply.header(header, ids);
    return new RequestTrace(this.#tracer, span, parent, at);
  }

  /**
   * One span for texts that were inferred together: inside their first sampled request, by that trace's
   * clock, and linked to the other sampled ones.
   */
  batch({ texts, beganMs, durationMs, journeys }: Inference): void {
    const traces = [...new Set(journeys)].filter((journey) => journey instanceof RequestTrace);
    const [first, ...others] = traces.filter(({ exemplarId }) => exemplarId !== undefined);
    if (first === undefined) return;
    const links: Link[] = others.map(({ ids }) => ({ context: ids }));
    const attributes = { 'sentiment.texts': texts };
    const options = { links, startTime: first.at(beganMs), attributes };
    const span = this.#tracer.startSpan('batch', options, first.context);
    span.end(first.at(Math.min(beganMs + durationMs, performance.now())));
    for (const each of [first, ...others]) each.batches.push(span.spanContext());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const sent = this.#provider.shutdown().catch((error) => this.#onFailure(messageOf(error)));
    await Promise.race([sent, sleep(lastExportLimitMs, undefined, { ref: false })]);
  }
}

/** Identifies the replica that a span comes from; OTEL_RESOURCE_ATTRIBUTES may override it. */
function resourceOf({ serviceName }: TracingConfig): Resource {
  const ours = resourceFromAttributes({
    'service.name': serviceName,
    'service.instance.id': randomUUID(),
    'host.name': hostname(),
    'process.pid': process.pid,
  });
  return defaultResource()
    .merge(ours)
    .merge(detectResources({ detectors: [envDetector] }));
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function samplerOf({ sampler, sampledRatio }: TracingConfig): Sampler {
  switch (sampler) {
    case 'always_on':
      return new AlwaysOnSampler();
    case 'always_off':
      return new AlwaysOffSampler();
    case 'traceidratio':
      return new TraceIdRatioBasedSampler(sampledRatio);
    case 'parentbased_always_on':
      return new ParentBasedSampler({ root: new AlwaysOnSampler() });
    case 'parentbased_always_off':
      return new ParentBasedSampler({ root: new AlwaysOffSampler() });
    case 'parentbased_traceidratio':
      return new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampledRatio) });
    default:
      return sampler satisfies never;
  }
}
