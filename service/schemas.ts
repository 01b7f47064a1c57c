import { Type } from 'typebox';
import type { Config } from './config.ts';
import { type Sentiment, sentiments, type Variant, variants } from './metric-names.ts';

type Limits = Pick<Config, 'maxTextChars' | 'maxBatchTexts'>;

/** At least one letter, number, punctuation mark or symbol: what has none is blank, however many spaces it holds. */
const visible = '[\\p{L}\\p{N}\\p{P}\\p{S}]';

export const oneSentiment = Type.Unsafe<Sentiment>({ type: 'string', enum: [...sentiments] });
export const confidence = Type.Number({
  minimum: 0,
  maximum: 1,
  description: 'The probability of that sentiment.',
});
export const truncated = Type.Boolean({
  description: 'The text was longer than the model reads; its end was not seen.',
});

const cached = Type.Optional(
  Type.Boolean({
    description: 'Whether the answer was kept from an earlier request; only where a cache is on.',
  }),
);

export const predictionId = Type.String({ description: 'Of this prediction, for `POST /feedback`.' });
const variant = Type.Unsafe<Variant>({
  type: 'string',
  enum: [...variants],
  description: 'Which of two models answered; `a` where there is one.',
});

/** Which model answered. */
export const answeredBy = { model: Type.String(), variant };

const prediction = Type.Object({ id: predictionId, sentiment: oneSentiment, confidence, truncated, cached });

/** Every error of every route. */
export const errorSchema = Type.Object(
  {
    error: Type.Object({
      code: Type.String({ description: 'Stable: for programs.' }),
      message: Type.String({ description: 'For people: what is wrong, where, and what the limit is.' }),
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
  summary: 'Does the process run?',
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
  summary: 'Can it answer?',
  tags: ['operation'],
  response: { 200: readiness('It can'), 503: readiness('It cannot yet, or no longer: `reason` says why') },
};

/** Written as text, so only described here. */
export const metricsSchema = {
  summary: 'Metrics for Prometheus',
  tags: ['operation'],
  response: {
    200: {
      description:
        "Every metric, in the format that `Accept` asks for: Prometheus's text, or OpenMetrics with exemplars",
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
