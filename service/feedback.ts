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
      agrees: Type.Boolean({ description: 'Whether the user agrees with the sentiment.' }),
    },
    { additionalProperties: false },
  ),
  response: {
    200: Type.Object(
      {
        counted: Type.Boolean({
          description: 'False if the same feedback was given before; it counts once.',
        }),
      },
      { description: 'The feedback is recorded' },
    ),
    default: errorSchema,
  },
};

const maxBytes = 1024;

/** `POST /feedback`: each prediction gets feedback once; repeating the same feedback changes nothing. */
export function feedbackRoute(scope: FastifyInstance, ledger: Ledger): void {
  const app = scope.withTypeProvider<TypeBoxTypeProvider>();
  app.post('/feedback', { schema: feedbackSchema, bodyLimit: maxBytes }, async ({ body: { id, agrees } }) => {
    const outcome = ledger.feedback(id, agrees ? 'agree' : 'disagree');
    switch (outcome.kind) {
      case 'counted':
        return { counted: true };
      case 'known':
        return { counted: false };
      case 'contradicted':
        throw new ApiError(
          'feedback_conflict',
          'This prediction already has the opposite feedback, which counts.',
        );
      case 'unknown':
        throw new ApiError(
          'unknown_prediction',
          'This process made no such prediction, or made it too long ago.',
        );
      default:
        return outcome satisfies never;
    }
  });
}
