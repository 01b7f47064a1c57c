import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import fastify, { type FastifyInstance, type FastifyServerOptions, LogController } from 'fastify';
import { withCache } from './classifier/cached.ts';
import type { Classifier } from './classifier/classifier.ts';
import type { Config } from './config.ts';
import { referenceOf } from './drift/reference.ts';
import {
  answerBrokenHttp,
  badUrl,
  handleErrors,
  refuseBrokenRequests,
  refuseMissingFiles,
  refuseUnmatched,
} from './error-handling.ts';
import { ApiError } from './errors.ts';
import { explainRoute } from './explain.ts';
import { injectFaults, withConfidenceMean } from './faults.ts';
import { feedbackRoute } from './feedback.ts';
import { Ledger } from './ledger.ts';
import { jsonLogs } from './log-format.ts';
import { routeOutcomes, unmatchedHandler } from './metric-names.ts';
import { Metrics } from './metrics.ts';
import { type Model, serveModels, workOf } from './models.ts';
import { describeRoutes } from './openapi.ts';
import { pageRoute } from './page.ts';
import { observeRequests, observeWithoutHooks } from './requests.ts';
import { healthRoutes, metricsRoute, predictionRoutes, type RouteParts } from './routes.ts';
import { limitRate, requireToken, securityHeaders, sendSecurityHeaders, shedLoad } from './security.ts';
import type { Tokens } from './tokens.ts';
import type { Tracing } from './tracing.ts';
import { cacheCounter, observeWork } from './work-metrics.ts';

export interface AppOptions {
  /** Destination of log lines; standard output by default. */
  readonly logStream?: { write(line: string): void };
  /** Tokens for predictions and for metrics; by default none are required. */
  readonly tokens?: Tokens;
  /** The second model (MODEL_B_DIR), if there is one. */
  readonly modelB?: Model | undefined;
  /** By default the service sends no traces. */
  readonly tracing?: Tracing | undefined;
}

/** An idle connection is closed after this time, even if the client has not read its response. */
const silenceLimitMs = 150_000;

/**
 * The service without a socket: call `listen`, or `inject` requests. Closing the service makes it report not ready,
 * stops accepting requests, and waits for requests in flight. The caller must dispose of the classifier.
 */
export function buildApp(config: Config, classifier: Model, options: AppOptions = {}): FastifyInstance {
  const { modelB, tracing } = options;
  const isLoaded = () => classifier.isLoaded() && modelB?.isLoaded() !== false;
  const metrics = new Metrics(isLoaded, classifier);
  const app = fastify(serverOptions(config, metrics, options));
  let draining = false;
  const closeSilent = trackSilentConnections(app);
  app.addHook('preClose', async () => {
    draining = true;
    closeSilent();
  });
  refuseBrokenRequests(app);
  observeRequests(app, metrics, tracing);
  answerUnderSameId(app);
  sendSecurityHeaders(app);
  closeConnectionsWhile(app, () => draining);
  refuseUnmatched(app, allowedMethods());
  refuseMissingFiles(app);
  handleErrors(app, config, metrics);
  readJsonOnly(app);

  observeWork(metrics.registry, workOf(classifier, modelB));
  const wrap = settingsAround(config, metrics);
  const models = serveModels(classifier, modelB, config.recording.modelB?.percent ?? 0, wrap, metrics);
  const ledger = new Ledger(
    metrics.registry,
    config.recording,
    referenceOf(config.model, classifier.version),
  );
  describeRoutes(app, ledger);
  const health = { model: classifier.model, isLoaded };
  registerRoutes(
    app,
    { config, metrics, models, ledger },
    options.tokens ?? noTokens,
    health,
    () => draining,
  );
  return app;
}

const noTokens: Tokens = { predict: [], metrics: [] };

/** A hook applies to its whole scope, so routes that need fewer hooks are registered outside it. */
function registerRoutes(
  app: FastifyInstance,
  parts: RouteParts,
  tokens: Tokens,
  health: Pick<Classifier, 'model' | 'isLoaded'>,
  isDraining: () => boolean,
): void {
  const { config, metrics, models, ledger } = parts;
  app.register(async (scope) => {
    // The rate limit comes first, so that it also limits guessing at tokens.
    await limitRate(scope, config.rateLimitPerMinute);
    await requireToken(scope, tokens.predict);
    feedbackRoute(scope, ledger);
    scope.register(async (inferring) => {
      shedLoad(inferring, models);
      explainRoute(inferring, parts);
      inferring.register(async (predicting) => {
        if (config.faults !== undefined) injectFaults(predicting, config.faults);
        predictionRoutes(predicting, parts);
      });
    });
  });
  app.register(async (scope) => {
    await requireToken(scope, tokens.metrics);
    metricsRoute(scope, metrics);
  });
  app.register(async (scope) => {
    healthRoutes(scope, config, health, isDraining);
    pageRoute(scope, ledger);
  });
}

/** Returns a function that wraps a model as configured: with a cache, with injected faults, or unchanged. */
function settingsAround({ cacheTexts, faults }: Config, metrics: Metrics): (model: Classifier) => Classifier {
  const onLookup = cacheCounter(metrics.registry);
  return (model) => {
    const kept = cacheTexts === 0 ? model : withCache(model, cacheTexts, onLookup);
    return faults?.confidenceMean === undefined ? kept : withConfidenceMean(kept, faults.confidenceMean);
  };
}

function serverOptions(config: Config, metrics: Metrics, { logStream }: AppOptions): FastifyServerOptions {
  return {
    logger: { ...jsonLogs(config.logLevel), ...(logStream && { stream: logStream }) },
    // requests.ts writes one line per request, without the query string and without any text.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: requestIdOf,
    ...clientLimits(config),
    trustProxy: config.trustProxy && isTheProxy,
    // Accepted requests get a response, even on a connection that stays open while the service stops.
    return503OnClosing: false,
    exposeHeadRoutes: false,
    // A body is only ever read field by field, so "__proto__" is just another unknown field.
    onProtoPoisoning: 'ignore',
    onConstructorPoisoning: 'ignore',
    // By default Fastify drops unknown fields silently and turns 1 into "1", which would hide the client's mistake.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, useDefaults: false } },
    clientErrorHandler: answerBrokenHttp,
    frameworkErrors: (_error, request, reply) => {
      observeWithoutHooks(request, reply, metrics);
      badUrl(reply.header('x-request-id', request.id).headers(securityHeaders));
    },
  };
}

/** Our proxy appends the address last. Earlier entries came with the request, and the client may have forged them. */
const isTheProxy = (_address: string, hop: number): boolean => hop === 0;

/** Time limits for slow clients. Node enforces them only at intervals. */
function clientLimits({ receiveLimitMs }: Config) {
  const connectionsCheckingInterval = Math.min(1000, Math.ceil(receiveLimitMs / 2));
  return {
    requestTimeout: receiveLimitMs,
    connectionTimeout: Math.max(silenceLimitMs, 2 * receiveLimitMs),
    // We refuse a request without `Host` ourselves, with the documented body.
    http: { headersTimeout: receiveLimitMs, connectionsCheckingInterval, requireHostHeader: false },
  };
}

/** Keeps the client's own id if it is safe to log. */
function requestIdOf(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
}

function answerUnderSameId(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id);
    done();
  });
}

/** Without this, a kept-alive connection would keep a stopping server open after its last response. */
function closeConnectionsWhile(app: FastifyInstance, isDraining: () => boolean): void {
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (isDraining()) void reply.header('connection', 'close');
    done(null, payload);
  });
}

/**
 * Node closes a stopping server's idle connections, but not those that never sent anything (browsers and pools open them
 * ahead of time). We close these one turn of the event loop later, after reading anything they have just sent.
 */
function trackSilentConnections(app: FastifyInstance): () => void {
  const open = new Set<Socket>();
  app.server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  const closeSilent = () => {
    for (const socket of open) if (socket.bytesRead === 0) socket.destroy();
  };
  return () => void setImmediate(() => setImmediate(closeSilent));
}

function readJsonOnly(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('ignore', 'ignore');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const announced = request.headers['content-length'] !== undefined;
    if (request.observation && !announced) request.observation.bodyBytes = body.length;
    if (!isInUtf8(request.headers['content-type'])) return done(otherCharset);
    // If it were decoded anyway, the model would classify a different text from the one sent.
    if (!isUtf8(body)) return done(notUtf8);
    return parse(request, body.toString(), done);
  });
}

const notUtf8 = new ApiError('malformed_json', 'The body is not valid UTF-8, which JSON requires.');
const otherCharset = new ApiError(
  'unsupported_media_type',
  'Send the body in UTF-8, with "Content-Type: application/json".',
);

const isInUtf8 = (contentType = ''): boolean => {
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(contentType)?.[1] ?? 'utf-8';
  return /^(utf-?8|us-ascii)$/i.test(charset);
};

function allowedMethods(): ReadonlyMap<string, string> {
  const known = routeOutcomes.filter((route) => route.handler !== unmatchedHandler);
  return new Map(known.map(({ handler, methods }) => [handler, methods.join(', ')]));
}
