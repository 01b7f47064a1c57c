import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Classification, Classifier, ClassifyOptions } from './classifier/classifier.ts';
import type { Config } from './config.ts';
import { ApiError } from './errors.ts';
import { openMetricsType, prefersOpenMetrics, textType, toOpenMetrics } from './exposition.ts';
import type { Ledger } from './ledger.ts';
import type { Endpoint } from './metric-names.ts';
import type { Metrics } from './metrics.ts';
import type { Models } from './models.ts';
import {
  batchSchema,
  bodyLimitBytes,
  liveSchema,
  metricsSchema,
  predictSchema,
  readySchema,
} from './schemas.ts';

export interface RouteParts {
  readonly config: Config;
  readonly models: Models;
  readonly metrics: Metrics;
  readonly ledger: Ledger;
}

/** `POST /predict` and `POST /predict/batch`. */
export function predictionRoutes(scope: FastifyInstance, parts: RouteParts): void {
  const { config, metrics } = parts;
  const app = scope.withTypeProvider<TypeBoxTypeProvider>();

  const limitsOf = (texts: number) => ({ bodyLimit: bodyLimitBytes(config, texts) });
  app.post('/predict', { schema: predictSchema(config), ...limitsOf(1) }, async (request, reply) => {
    const { ids, answers, model, variant } = await predict(
      parts,
      '/predict',
      [request.body.text],
      request,
      reply,
    );
    return { id: ids[0]!, ...answers[0]!, model, variant };
  });
  app.post(
    '/predict/batch',
    { schema: batchSchema(config), ...limitsOf(config.maxBatchTexts) },
    async (request, reply) => {
      const { texts } = request.body;
      metrics.batchAccepted(texts.length);
      const { ids, answers, model, variant } = await predict(parts, '/predict/batch', texts, request, reply);
      return { predictions: answers.map((answer, at) => ({ id: ids[at]!, ...answer })), model, variant };
    },
  );
}

async function predict(
  { config, models, metrics, ledger }: RouteParts,
  endpoint: Endpoint,
  texts: readonly string[],
  request: FastifyRequest,
  reply: FastifyReply,
) {
  const { variant, classifier } = models.choose(request);
  const options = classifyOptions(config, request, reply);
  const startedMs = performance.now();
  let answers: readonly Classification[];
  try {
    answers = await classifier.classify(texts, options);
  } catch (error) {
    models.metrics?.failed(variant, error);
    throw error;
  } finally {
    request.trace?.classified(startedMs, { texts: texts.length, model: classifier.model, variant });
  }
  const durationSeconds = (performance.now() - startedMs) / 1000;
  metrics.predicted(endpoint, answers, durationSeconds);
  models.metrics?.answered(variant, answers, durationSeconds);
  return { ids: ledger.predicted(endpoint, variant, answers), answers, model: classifier.model, variant };
}

/** How long a request's texts may take, and how to detect that the client has left. Throws ApiError. */
export function classifyOptions(
  config: Config,
  request: FastifyRequest,
  reply: FastifyReply,
): ClassifyOptions {
  const nowMs = performance.now();
  return {
    deadlineMs: deadlineOf(request, config.requestDeadlineMs),
    elapsedMs: nowMs - (request.observation?.arrivedMs ?? nowMs),
    isAbandoned: () => reply.raw.destroyed,
    onAbandoned: (giveUp) => void reply.raw.once('close', giveUp),
    journey: request.trace ?? undefined,
  };
}

/** The client's own deadline, if it is shorter than ours. Throws ApiError if it is not valid. */
function deadlineOf(request: FastifyRequest, longestMs: number): number {
  const given = request.headers['x-request-deadline-ms'];
  if (given === undefined) return longestMs;
  if (typeof given === 'string' && /^[1-9]\d{0,8}$/.test(given)) return Math.min(Number(given), longestMs);
  throw new ApiError(
    'bad_deadline',
    '"X-Request-Deadline-Ms" must be a whole number of milliseconds, at least 1.',
  );
}

/** `GET /health/live` and `/health/ready`. */
export function healthRoutes(
  scope: FastifyInstance,
  config: Config,
  classifier: Pick<Classifier, 'model' | 'isLoaded'>,
  isDraining: () => boolean,
): void {
  const app = scope.withTypeProvider<TypeBoxTypeProvider>();
  const { model } = classifier;
  const faults = config.faults && { faults: config.faults.spec };

  app.get('/health/live', { schema: liveSchema }, async () => ({ live: true }));
  app.get('/health/ready', { schema: readySchema }, async (_request, reply) => {
    const reason = isDraining() ? 'stopping' : classifier.isLoaded() ? undefined : 'no worker is ready yet';
    if (reason === undefined) return { ready: true, model, ...faults };
    return reply.code(503).send({ ready: false, reason, model, ...faults });
  });
}

/** `GET /metrics`: Prometheus's text format, or OpenMetrics with exemplars if the client prefers it. */
export function metricsRoute(app: FastifyInstance, metrics: Metrics): void {
  app.get('/metrics', { schema: metricsSchema }, async (request, reply) => {
    const text = await metrics.registry.text();
    const isOpenMetrics = prefersOpenMetrics(request.headers.accept);
    void reply.type(isOpenMetrics ? openMetricsType : textType).header('vary', 'accept');
    return isOpenMetrics ? toOpenMetrics(text, metrics.exemplars) : text;
  });
}
