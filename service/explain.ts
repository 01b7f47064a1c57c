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
      'How much less probable the sentiment is without the word; below 0 for a word that speaks against it.',
  }),
  important: Type.Boolean({
    description: 'One of the fewest words with half of all weight for the sentiment.',
  }),
});

/** The words of a text that may be explained: with the text itself they must fit into an empty queue. */
const mostWords = ({ telling, queueLimit }: Config) =>
  Math.min(telling.mostExplainedWords, Math.max(1, queueLimit - 1));

function explainSchema(config: Config) {
  const words = Type.Array(word, {
    description: 'What stands between white space, in the order of the text.',
  });
  const importantWords = Type.Integer({ minimum: 0, description: 'How many words matter most.' });
  return {
    summary: 'What each word adds to the answer',
    description: `The text is predicted whole, then without each of its words in turn: at most ${mostWords(config)} words.`,
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

/** `POST /explain`: occlusion, through the same queue as predictions. docs/decisions/0005 says why this way. */
export function explainRoute(scope: FastifyInstance, { config, models, ledger }: RouteParts): void {
  const app = scope.withTypeProvider<TypeBoxTypeProvider>();
  const limits = { bodyLimit: bodyLimitBytes(config, 1) };
  app.post('/explain', { schema: explainSchema(config), ...limits }, async (request, reply) => {
    const { text } = request.body;
    const places = wordsOf(text);
    if (places.length > mostWords(config)) {
      const message = `"text" has ${places.length} words; the limit for explanations is ${mostWords(config)}.`;
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
