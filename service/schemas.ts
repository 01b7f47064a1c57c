import { Type } from 'typebox';
import type { Config } from './config.ts';
import { type Sentiment, sentiments, type Variant, variants } from './metric-names.ts';

type Limits = Pick<Config, 'maxTextChars' | 'maxBatchTexts'>;

/**
 * Matches a text with at least one letter, number, punctuation mark or symbol. Any other text is blank, however many
 * spaces it has.
 */
const visible = '[\\p{L}\\p{N}\\p{P}\\p{S}]';

export const oneSentiment = Type.Unsafe<Sentiment>({ type: 'string', enum: [...sentiments] });
export const confidence = Type.Number({
  minimum: 0,
  maximum: 1,
  description: 'The probability of that sentiment.',
});
export const truncated = Type.Boolean({
  description: "Whether the text was longer than the model's limit, so its end was ignored.",
});

const cached = Type.Optional(
  Type.Boolean({
    description: 'Whether the prediction came from the cache; only present if the cache is on.',
  }),
);

export const predictionId = Type.String({ description: 'The id of this prediction, for `POST /feedback`.' });
const variant = Type.Unsafe<Variant>({
  type: 'string',
  enum: [...variants],
  description: 'Which of two models made the prediction; `a` if there is only one.',
});

/** Which model responded. */
export const answeredBy = { model: Type.String(), variant };

const prediction = Type.Object({ id: predictionId, sentiment: oneSentiment, confidence, truncated, cached });

/** Every error of every route. */
export const errorSchema = Type.Object(
  {
    error: Type.Object({
      code: Type.String({ description: 'Stable; meant for programs.' }),
      message: Type.String({
        description: 'Meant for people: what is wrong, where, and what the limit is.',
      }),
    }),
  },
  { description: 'Error' },
);

export function textSchema({ maxTextChars }: Limits) {
  const examples = ['I love this, it works great and looks good'];
  return Type.String({ minLength: 1, maxLength: maxTextChars, pattern: visible, examples });
}

export function predictSchema(limits: Limits) {
  return {
    summary: 'The sentiment of one text',
    tags: ['predictions'],
    body: Type.Object({ text: textSchema(limits) }, { additionalProperties: false }),
    response: {
      200: Type.Object(
        { id: predictionId, sentiment: oneSentiment, confidence, truncated, cached, ...answeredBy },
        { description: 'The prediction' },
      ),
      default: errorSchema,
    },
  };
}

export function batchSchema(limits: Limits) {
  const texts = Type.Array(textSchema(limits), { minItems: 1, maxItems: limits.maxBatchTexts });
  return {
    summary: 'The sentiments of several texts',
    tags: ['predictions'],
    body: Type.Object({ texts }, { additionalProperties: false }),
    response: {
      200: Type.Object(
        { predictions: Type.Array(prediction), ...answeredBy },
        { description: 'The predictions, in the order of the texts' },
      ),
      default: errorSchema,
    },
  };
}

export const liveSchema = {
  summary: 'Is the process running?',
  tags: ['operation'],
  response: { 200: Type.Object({ live: Type.Boolean() }, { description: 'It runs' }) },
};

function readiness(description: string) {
  const properties = {
    ready: Type.Boolean(),
    reason: Type.Optional(Type.String()),
    model: Type.String(),
    faults: Type.Optional(Type.String()),
  };
  return Type.Object(properties, { description });
}

export const readySchema = {
  summary: 'Is the service ready?',
  tags: ['operation'],
  response: {
    200: readiness('The service is ready'),
    503: readiness('The service is not ready; `reason` says why'),
  },
};

/** The response is written as text, so this schema only documents it. */
export const metricsSchema = {
  summary: 'Metrics for Prometheus',
  tags: ['operation'],
  response: {
    200: {
      description:
        "All metrics, in the format that `Accept` asks for: Prometheus's text format, or OpenMetrics with exemplars",
      content: {
        'text/plain': { schema: Type.String() },
        'application/openmetrics-text': { schema: Type.String() },
      },
    },
  },
};

/** Bytes that the largest valid body can need: every UTF-16 unit of a text as `\\uXXXX`, and the JSON around it. */
export function bodyLimitBytes(limits: Limits, texts: number): number {
  const bytesPerChar = 12;
  const bytesAround = 16;
  return Math.max(1024 * 1024, texts * (limits.maxTextChars * bytesPerChar + bytesAround) + 1024);
}
