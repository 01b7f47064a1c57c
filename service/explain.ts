import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Config } from './config.ts';
import { ApiError } from './errors.ts';
import { occlusions, weigh, wordsOf } from './explanation.ts';
import { classifyOptions, type RouteParts } from './routes.ts';
import {
  answeredBy,
  bodyLimitBytes,
  confidence,
  errorSchema,
  oneSentiment,
  textSchema,
  truncated,
} from './schemas.ts';

const word = Type.Object({
  word: Type.String(),
  weight: Type.Number({
    minimum: -1,
    maximum: 1,
    description:
      'How much the probability of the sentiment falls without the word; negative for a word that counts against it.',
  }),
  important: Type.Boolean({
    description: 'Whether the word belongs to the smallest set with half of all weight for the sentiment.',
  }),
});

/** How many words a text to explain may have: together with the text itself they must fit into an empty queue. */
const maxWords = ({ recording, queueLimit }: Config) =>
  Math.min(recording.maxExplainedWords, Math.max(1, queueLimit - 1));

function explainSchema(config: Config) {
  const words = Type.Array(word, {
    description: 'The words, separated by white space, in the order of the text.',
  });
  const importantWords = Type.Integer({ minimum: 0, description: 'The number of important words.' });
  return {
    summary: 'How much each word contributes to the prediction',
    description: `The model predicts the text, then the text without each of its words in turn; at most ${maxWords(config)} words.`,
    tags: ['predictions'],
    body: Type.Object({ text: textSchema(config) }, { additionalProperties: false }),
    response: {
      200: Type.Object(
        { sentiment: oneSentiment, confidence, truncated, words, importantWords, ...answeredBy },
        { description: 'The prediction, and the weight of each word' },
      ),
      default: errorSchema,
    },
  };
}

/** `POST /explain`: occlusion, through the same queue as predictions. docs/decisions/0005 explains why. */
export function explainRoute(scope: FastifyInstance, { config, models, ledger }: RouteParts): void {
  const app = scope.withTypeProvider<TypeBoxTypeProvider>();
  const limits = { bodyLimit: bodyLimitBytes(config, 1) };
  app.post('/explain', { schema: explainSchema(config), ...limits }, async (request, reply) => {
    const { text } = request.body;
    const places = wordsOf(text);
    if (places.length > maxWords(config)) {
      const message = `"text" has ${places.length} words; the limit for explanations is ${maxWords(config)}.`;
      throw new ApiError('too_many_words', message);
    }
    const { variant, plain } = models.choose(request);
    const startedMs = performance.now();
    const asked = occlusions(text, places);
    const answers = await plain
      .classify(asked, classifyOptions(config, request, reply))
      .finally(() =>
        request.trace?.classified(startedMs, { texts: asked.length, model: plain.model, variant }),
      );
    const words = weigh(text, places, answers);
    const importantWords = words.filter(({ important }) => important).length;
    ledger.explained(importantWords);
    return { ...answers[0]!, words, importantWords, model: plain.model, variant };
  });
}
