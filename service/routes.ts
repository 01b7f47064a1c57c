import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Classification, Classifier } from './classifier/classifier.ts';
import type { Config } from './config.ts';
import { ApiError } from './errors.ts';
import type { Endpoint } from './metric-names.ts';
import type { Metrics } from './metrics.ts';
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
  readonly classifier: Classifier;
  readonly metrics: Metrics;
}

/** `POST /predict` and `POST /predict/batch`. */
export function predictionRoutes(scope: FastifyInstance, parts: RouteParts): void {
  const { config, classifier, metrics } = parts;
  const app = scope.withTypeProvider<TypeBoxTypeProvider>();
  const { model } = classifier;

  const limitsOf = (texts: number) => ({ bodyLimit: bodyLimitBytes(config, texts) });
  app.post('/predict', { schema: predictSchema(config), ...limitsOf(1) }, async (request, reply) => {
    const [answer] = await predict(parts, '/predict', [request.body.text], request, reply);
    return { ...answer!, model };
  });
  app.post(
    '/predict/batch',
    { schema: batchSchema(config), ...limitsOf(config.maxBatchTexts) },
    async (request, reply) => {
      const { texts } = request.body;
      metrics.batchAccepted(texts.length);
      const predictions = await predict(parts, '/predict/batch', texts, request, reply);
      return { predictions: [...predictions], model };
    },
  );
}

async function predict(
  { config, classifier, metrics }: RouteParts,
  endpoint: Endpoint,
  texts: readonly string[],
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<readonly Classification[]> {
  const startedMs = performance.now();
  const answers = await classifier.classify(texts, {
    deadlineMs: deadlineOf(request, config.requestDeadlineMs),
    elapsedMs: startedMs - (request.observation?.arrivedMs ?? startedMs),
    isAbandoned: () => reply.raw.destroyed,
    onAbandoned: (giveUp) => void reply.raw.once('close', giveUp),
  });
  metrics.predicted(endpoint, answers, (performance.now() - startedMs) / 1000);
  return answers;
}

/** The client's own deadline, if that is shorter than ours. Throws ApiError for one that cannot be read. */
function deadlineOf(request: FastifyRequest, longestMs: number): number {
  const given = request.headers['x-request-deadline-ms'];
  if (given === undefined) return longestMs;
  if (typeof given === 'string' && /^[1-9]\d{0,8}$/.test(given)) return Math.min(Number(given), longestMs);
  throw new ApiError(
    'bad_deadline',
    '"X-Request-Deadline-Ms" must be a whole number of milliseconds from 1.',
  );
}

/** `GET /health/live` and `/health/ready`. */
export function healthRoutes(
  scope: FastifyInstance,
  { config, classifier }: RouteParts,
  isDraining: () => boolean,
): void {
  const app = scope.withTypeProvider<TypeBoxTypeProvider>();
  const { model } = classifier;
  const faults = config.faults && { faults: config.faults.spec };

  app.get('/health/live', { schema: liveSchema }, async () => ({ live: true }));
  app.get('/health/ready', { schema: readySchema }, async (_request, reply) => {
    const reason = isDraining() ? 'stopping' : classifier.isLoaded() ? undefined : 'no worker can answer yet';
    if (reason === undefined) return { ready: true, model, ...faults };
    return reply.code(503).send({ ready: false, reason, model, ...faults });
  });
}

export function metricsRoute(app: FastifyInstance, metrics: Metrics): void {
  app.get('/metrics', { schema: metricsSchema }, async (_request, reply) => {
    void reply.type(metrics.registry.contentType);
    return metrics.registry.metrics();
  });
}
