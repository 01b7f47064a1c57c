import { Ajv2020 } from 'ajv/dist/2020.js';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WorkerPool } from './classifier/worker-pool.ts';
import { docsHandler, pageHandler, routeOutcomes, unmatchedHandler } from './metric-names.ts';
import { appOf, post, startClassifier } from './testing/service.ts';

// The document has no type here, because the first test checks its shape.
// biome-ignore lint/suspicious/noExplicitAny: the document is plain JSON
type Json = any;

let classifier: WorkerPool;
let app: FastifyInstance;
let document: Json;
beforeAll(async () => {
  classifier = await startClassifier();
  app = appOf(classifier);
  document = (await app.inject('/docs/json')).json();
});
afterAll(async () => {
  await app.close();
  await classifier[Symbol.asyncDispose]();
});

/**
 * The part of OpenAPI 3.1 that the service uses. Nothing else is allowed, so a misspelt field or a field of OpenAPI
 * 3.0 is an error.
 */
const text = { type: 'string', minLength: 1 };
const mapOf = (value: object) => ({ type: 'object', additionalProperties: value });
const exactly = (properties: object, required: readonly string[]) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});
const anySchema = { $ref: 'https://json-schema.org/draft/2020-12/schema' };
const content = { ...mapOf(exactly({ schema: anySchema }, ['schema'])), minProperties: 1 };
const response = exactly({ description: text, content, headers: mapOf({ type: 'object' }) }, ['description']);
const responses = {
  type: 'object',
  patternProperties: { '^([1-5][0-9]{2}|[1-5]XX|default)$': response },
  additionalProperties: false,
  minProperties: 1,
};
const parameter = exactly(
  {
    name: text,
    in: { enum: ['query', 'header', 'path'] },
    required: { type: 'boolean' },
    description: text,
    schema: anySchema,
  },
  ['name', 'in', 'schema'],
);
const operation = exactly(
  {
    summary: text,
    description: text,
    operationId: text,
    tags: { type: 'array', items: text },
    requestBody: exactly({ required: { const: true }, content }, ['required', 'content']),
    parameters: { type: 'array', items: parameter },
    security: { type: 'array', items: mapOf({ type: 'array' }) },
    responses,
  },
  ['summary', 'operationId', 'tags', 'responses'],
);
const openApi = exactly(
  {
    openapi: { const: '3.1.0' },
    info: exactly({ title: text, version: text, description: text }, ['title', 'version']),
    tags: { type: 'array', items: exactly({ name: text, description: text }, ['name']) },
    components: exactly({ schemas: mapOf(anySchema), securitySchemes: mapOf({ type: 'object' }) }, []),
    paths: {
      type: 'object',
      patternProperties: { '^/': exactly({ get: operation, post: operation }, []) },
      additionalProperties: false,
    },
  },
  ['openapi', 'info', 'paths'],
);

/** Resolves `$ref`s in the document. */
function validatorOf(schema: object) {
  const ajv = new Ajv2020({ strict: true, allErrors: true, unicodeRegExp: true });
  return ajv.compile(rewritten({ ...schema, $defs: document.components.schemas }));
}

const rewritten = (schema: object) =>
  JSON.parse(JSON.stringify(schema).replaceAll('#/components/schemas/', '#/$defs/'));

const operations = () =>
  Object.entries<Json>(document.paths).flatMap(([path, methods]) =>
    Object.entries<Json>(methods).map(([method, operation]) => ({ path, method, operation })),
  );

test('the document is valid OpenAPI 3.1', () => {
  const isOpenApi = new Ajv2020({ strict: false, allErrors: true }).compile(openApi);
  expect([isOpenApi(document), isOpenApi.errors]).toEqual([true, null]);
  const ids = operations().map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
  const tags = document.tags.map(({ name }: Json) => name);
  for (const { operation } of operations()) expect(tags).toEqual(expect.arrayContaining(operation.tags));
});

test('every schema compiles in strict mode, and every reference resolves', () => {
  for (const { operation } of operations()) {
    const bodies = [operation.requestBody, ...Object.values<Json>(operation.responses)];
    for (const body of bodies) {
      for (const { schema } of Object.values<Json>(body?.content ?? {})) validatorOf(schema);
    }
  }
});

test('the document has every route with every status of the table, and no others', () => {
  const hidden = [unmatchedHandler, docsHandler, pageHandler];
  const known = routeOutcomes.filter(({ handler }) => !hidden.includes(handler));
  expect(Object.keys(document.paths).sort()).toEqual(known.map(({ handler }) => handler).sort());
  for (const { path, operation } of operations()) {
    const { statuses } = known.find(({ handler }) => handler === path)!;
    const told = Object.keys(operation.responses).map(Number);
    if (operation.responses.default === undefined) continue;
    for (const status of statuses.filter((each) => each !== 499)) expect(told).toContain(status);
  }
});

describe('responses match the document', () => {
  test.each([
    ['/predict', { text: 'I love it' }, 200],
    ['/predict/batch', { texts: ['I love it', 'Awful'] }, 200],
    ['/predict', { text: '' }, 400],
    ['/predict/batch', { text: 'I love it' }, 400],
  ])('%s %j: %s', async (path, body, status) => {
    const answer = await post(app, path, body);
    expect(answer.statusCode).toBe(status);
    const { content } = document.paths[path].post.responses[status];
    const isTold = validatorOf(content['application/json'].schema);
    expect([isTold(answer.json()), isTold.errors]).toEqual([true, null]);
  });

  test('the examples are valid requests', async () => {
    const { properties } = document.paths['/predict'].post.requestBody.content['application/json'].schema;
    expect((await post(app, '/predict', { text: properties.text.examples[0] })).statusCode).toBe(200);
  });
});

test('the API page loads nothing from other hosts', async () => {
  const page = await app.inject('/docs');
  expect(page.statusCode).toBe(200);
  expect(page.headers['content-security-policy']).toContain("default-src 'none'");
  const loaded = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url!);
  expect(loaded.length).toBeGreaterThan(3);
  for (const url of loaded) {
    expect(url).toMatch(/^\/docs\//);
    expect((await app.inject(url)).statusCode).toBe(200);
  }
  const yaml = await app.inject('/docs/yaml');
  expect(yaml.body).toMatch(/^openapi: 3\.1\.0$/m);
});
