import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { ApiError } from './errors.ts';
import type { Ledger } from './ledger.ts';
import { errorSchema, predictionId } from './schemas.ts';

const feedbackSchema = {
  summary: 'Was a prediction right?',
  tags: ['predictions'],
  body: Type.Object(
    {
      id: predictionId,
      agrees: Type.Boolean({ description: 'Whether the person agrees with the sentiment.' }),
    },
    { additionalProperties: false },
  ),
  response: {
    200: Type.Object(
      { counted: Type.Boolean({ description: 'False if the same had been told before: it counts once.' }) },
      { description: 'It is known' },
    ),
    default: errorSchema,
  },
};

const mostBytes = 1024;

/** `POST /feedback`: each prediction is agreed or disagreed with once; telling it again changes nothing. */
export function feedbackRoute(scope: FastifyInstance, ledger: Ledger): void {
  const app = scope.withTypeProvider<TypeBoxTypeProvider>();
  app.post(
    '/feedback',
    { schema: feedbackSchema, bodyLimit: mostBytes },
    async ({ body: { id, agrees } }) => {
      const outcome = ledger.feedback(id, agrees ? 'agree' : 'disagree');
      switch (outcome.kind) {
        case 'counted':
          return { counted: true };
        case 'known':
          return { counted: false };
        case 'contradicted':
          throw new ApiError(
            'feedback_conflict',
            'The opposite was told of this prediction before; that counts.',
          );
        case 'unknown':
          throw new ApiError(
            'unknown_prediction',
            'There is no such prediction here, or it is too long ago.',
          );
        default:
          return outcome satisfies never;
      }
    },
  );
}
