import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  clientGoneStatus,
  docsHandler,
  inferringEndpoints,
  otherMethod,
  routeOutcomes,
  unmatchedHandler,
} from './metric-names.ts';
import type { Metrics, RequestLabels } from './metrics.ts';
import { type Tracing, traceFields } from './tracing.ts';

interface Observation extends RequestLabels {
  readonly arrivedMs: number;
  /** The code that reads the body sets this if the request announced no length. */
  bodyBytes: number;
  ended: boolean;
  /** The code of the error in the response. */
  error?: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    observation: Observation | null;
  }
}

const unmatchedMethods = routeOutcomes.find((route) => route.handler === unmatchedHandler)!.methods;
const loggedAtInfo: readonly string[] = [...inferringEndpoints, '/feedback'];

/**
 * Counts, times and logs every HTTP request. A request begins on arrival, before its body is read. It ends when its
 * response is handed to the operating system, or when the connection ends if that is earlier.
 */
export function observeRequests(app: FastifyInstance, metrics: Metrics, tracing?: Tracing): void {
  app.decorateRequest('observation', null);
  app.decorateRequest('trace', null);
  app.addHook('onRequest', (request, reply, done) => {
    begin(request, reply, metrics);
    if (tracing !== undefined) {
      const { handler, arrivedMs } = request.observation!;
      request.trace = tracing.begin(request, reply, handler, arrivedMs);
    }
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    end(request, reply, metrics, reply.raw.errored ? clientGoneStatus : reply.statusCode);
    done();
  });
}

/** Handles requests whose URL cannot be decoded, because Fastify responds to them without running hooks. */
export function observeWithoutHooks(request: FastifyRequest, reply: FastifyReply, metrics: Metrics): void {
  begin(request, reply, metrics);
  reply.raw.once('finish', () => end(request, reply, metrics, reply.statusCode));
}

function begin(request: FastifyRequest, reply: FastifyReply, metrics: Metrics): void {
  const observation = { ...labelsOf(request), arrivedMs: performance.now(), bodyBytes: 0, ended: false };
  request.observation = observation;
  metrics.requestBegan(observation);
  // A broken connection triggers no onResponse; without this, the gauge of requests in progress would only
  // grow.
  reply.raw.once('close', () => end(request, reply, metrics, clientGoneStatus));
}

function end(request: FastifyRequest, reply: FastifyReply, metrics: Metrics, status: number): void {
  const observation = request.observation;
  if (observation === null || observation.ended) return;
  observation.ended = true;
  const durationMs = performance.now() - observation.arrivedMs;
  const announced = request.headers['content-length'];
  const requestBytes = announced === undefined ? observation.bodyBytes : Number(announced) || 0;
  const responseBytes = Number(reply.getHeader('content-length') ?? 0);
  const { method, handler } = observation;
  metrics.requestEnded(observation, {
    status,
    durationSeconds: durationMs / 1000,
    requestBytes,
    responseBytes,
    traceId: request.trace?.exemplarId,
  });
  request.trace?.end(status);
  const line = {
    ...traceFields(request),
    method,
    handler,
    status,
    durationMs: Math.round(durationMs * 100) / 100,
    requestBytes,
    error: observation.error,
  };
  request.log[loggedAtInfo.includes(handler) ? 'info' : 'debug'](line, 'request');
}

/** Labels have a closed set of values: no request can create a new series. */
function labelsOf(request: FastifyRequest): RequestLabels {
  const { method } = request;
  const pattern = request.is404 ? undefined : request.routeOptions.url;
  if (pattern?.startsWith(docsHandler)) return { method, handler: docsHandler };
  if (pattern !== undefined) return { method, handler: pattern };
  return {
    method: unmatchedMethods.includes(method) ? method : otherMethod,
    handler: unmatchedHandler,
  };
}
