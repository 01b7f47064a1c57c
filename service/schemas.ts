import { Type } from 'typebox';
import type { Config } from './config.ts';
import { type Sentiment, sentiments } from './metric-names.ts';

type Limits = Pick<Config, 'maxTextChars' | 'maxBatchTexts'>;

/** At least one letter, number, punctuation mark or symbol: what has none is blank, however many spaces it holds. */
const visible = '[\\p{L}\\p{N}\\p{P}\\p{S}]';

const oneSentiment = Type.Unsafe<Sentiment>({ type: 'string', enum: [...sentiments] });
const confidence = Type.Number({ minimum: 0, maximum: 1 });
const truncated = Type.Boolean({
  description: 'The text was longer than the model reads; its end was not seen.',
});

const prediction = Type.Object({ sentiment: oneSentiment, confidence, truncated });

const errorSchema = Type.Object({
  error: Type.Object({ code: Type.String(), message: Type.String() }),
});

function textSchema({ maxTextChars }: Limits) {
  return Type.String({ minLength: 1, maxLength: maxTextChars, pattern: visible });
}

export function predictSchema(limits: Limits) {
  return {
    body: Type.Object({ text: textSchema(limits) }, { additionalProperties: false }),
    response: {
      200: Type.Object({ sentiment: oneSentiment, confidence, truncated, model: Type.String() }),
      default: errorSchema,
    },
  };
}

export function batchSchema(limits: Limits) {
  const texts = Type.Array(textSchema(limits), { minItems: 1, maxItems: limits.maxBatchTexts });
  return {
    body: Type.Object({ texts }, { additionalProperties: false }),
    response: {
      200: Type.Object({ predictions: Type.Array(prediction), model: Type.String() }),
      default: errorSchema,
    },
  };
}

export const liveSchema = { response: { 200: Type.Object({ live: Type.Boolean() }) } };

const readiness = Type.Object({
  ready: Type.Boolean(),
  reason: Type.Optional(Type.String()),
  model: Type.String(),
  faults: Type.Optional(Type.String()),
});

export const readySchema = { response: { 200: readiness, 503: readiness } };

/** Bytes that the largest valid body can need: every UTF-16 unit of a text as `\\uXXXX`, and the JSON around it. */
export function bodyLimitBytes(limits: Limits, texts: number): number {
  const bytesPerChar = 12;
  const bytesAround = 16;
  return Math.max(1024 * 1024, texts * (limits.maxTextChars * bytesPerChar + bytesAround) + 1024);
}
