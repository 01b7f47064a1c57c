import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Classification, Classifier } from './classifier/classifier.ts';
import type { Config } from './config.ts';
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
  app.post(
    '/predict',
    { schema: predictSchema(config), ...limitsOf(1) },
    async ({ body: { text } }, reply) => {
      const [answer] = await predict(parts, '/predict', [text], reply);
      return { ...answer!, model };
    },
  );
  app.post(
    '/predict/batch',
    { schema: batchSchema(config), ...limitsOf(config.maxBatchTexts) },
    async ({ body: { texts } }, reply) => {
      metrics.batchAccepted(texts.length);
      const predictions = await predict(parts, '/predict/batch', texts, reply);
      return { predictions: [...predictions], model };
    },
  );
}

async function predict(
  { config, classifier, metrics }: RouteParts,
  endpoint: Endpoint,
  texts: readonly string[],
  reply: FastifyReply,
): Promise<readonly Classification[]> {
  const startedMs = performance.now();
  const answers = await classifier.classify(texts, {
    deadlineMs: config.requestDeadlineMs,
    isAbandoned: () => reply.raw.destroyed,
  });
  metrics.predicted(endpoint, answers, (performance.now() - startedMs) / 1000);
  return answers;
}

/** `GET /health/live`, `/health/ready` and `/metrics`. */
export function operationRoutes(
  scope: FastifyInstance,
  { config, classifier, metrics }: RouteParts,
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
  app.get('/metrics', { schema: metricsSchema }, async (_request, reply) => {
    void reply.type(metrics.registry.contentType);
    return metrics.registry.metrics();
  });
}
