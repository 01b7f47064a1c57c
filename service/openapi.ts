import swagger, { type FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { type ApiErrorDefinition, apiErrors as errors } from './errors.ts';
import type { Ledger } from './ledger.ts';
import { clientGoneStatus, docsHandler, inferringEndpoints, routeOutcomes } from './metric-names.ts';
import { errorSchema } from './schemas.ts';

/** The version of the API in the document: raised when a response changes in a way that clients must know about. */
const apiVersion = '1.1.0';

const description = [
  'Classifies the sentiment of short English texts. The prediction for a text never depends on other requests.',
  'Every error is `{"error":{"code","message"}}`.',
].join(' ');

/**
 * The service itself serves everything: the page must work without internet access, and its visitors must not be reported to
 * third parties.
 */
const pagePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * OpenAPI 3.1 for the routes registered after this, generated from the schemas that validate requests: `/docs` is the API
 * page, `/docs/json` and `/docs/yaml` the document.
 */
export function describeRoutes(app: FastifyInstance, ledger: Ledger): void {
  app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      info: { title: 'Sentiment of short texts', version: apiVersion, description },
      tags: [
        { name: 'predictions', description: 'Sentiments, explanations and feedback' },
        { name: 'operation', description: 'For health checks and Prometheus' },
      ],
    },
    transformObject: (document) => {
      if (!('openapiObject' in document)) return document.swaggerObject;
      return withErrors(document.openapiObject as OpenApi) as typeof document.openapiObject;
    },
  } satisfies FastifyDynamicSwaggerOptions);
  app.register(swaggerUi, {
    routePrefix: docsHandler,
    staticCSP: pagePolicy,
    uiHooks: {
      onRequest: (request, _reply, done) => {
        if (request.routeOptions.url === `${docsHandler}/`) ledger.used('docs');
        done();
      },
    },
    uiConfig: { tryItOutEnabled: true, docExpansion: 'list' },
  });
}

interface OpenApi {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: { schemas?: Record<string, unknown> };
}
interface Operation {
  operationId?: string;
  parameters?: readonly unknown[];
  security?: Record<string, readonly string[]>[];
  responses: Record<string, { description: string; [more: string]: unknown }>;
}

const apiErrors: Readonly<Record<string, ApiErrorDefinition>> = errors;
/** The handler reads this header itself, so this entry only documents it. */
const ownLimits = [
  {
    name: 'X-Request-Deadline-Ms',
    in: 'header',
    required: false,
    description: 'A deadline shorter than `REQUEST_DEADLINE_MS`; after it the response is a 504.',
    schema: { type: 'integer', minimum: 1, maximum: 999_999_999 },
  },
];

const anyError = { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } };

/** A route declares only that it can fail (`default`); the tables of errors and outcomes define the errors. */
function withErrors(document: OpenApi): OpenApi {
  if (document.components?.schemas) document.components.schemas.Error = errorSchema;
  for (const [path, operations] of Object.entries(document.paths ?? {})) {
    for (const [method, operation] of Object.entries(operations)) {
      if (inferringEndpoints.some((endpoint) => endpoint === path)) operation.parameters = ownLimits;
      operation.operationId = [method, ...path.split('/').filter(Boolean)].join('_');
      const { responses } = operation;
      // `{}` makes the token optional, because a service without configured tokens requires none.
      if (errorStatuses(path).includes(401)) operation.security = [{}, { token: [] }];
      if (responses.default === undefined) continue;
      for (const status of errorStatuses(path)) {
        responses[status] ??= { description: meaningOf(status, path), content: anyError };
      }
      responses.default = { description: 'Any other error', content: anyError };
    }
  }
  return document;
}

function errorStatuses(path: string): readonly number[] {
  const statuses = routeOutcomes.find(({ handler }) => handler === path)?.statuses ?? [];
  return statuses.filter((status) => status >= 400 && status !== clientGoneStatus);
}

function meaningOf(status: number, path: string): string {
  const codes = Object.entries(apiErrors).filter(([, error]) => error.status === status);
  const here = codes.filter(([, { paths }]) => paths === undefined || paths.includes(path));
  return here.map(([code, { meaning }]) => `\`${code}\`: ${meaning}`).join(' ');
}
