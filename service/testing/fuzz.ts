import fc from 'fast-check';

/** Requests generated from an OpenAPI document: valid ones, slightly invalid ones, and very invalid ones. */

// biome-ignore lint/suspicious/noExplicitAny: the document is plain JSON
type Json = any;

export interface FuzzedRequest {
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: string | undefined;
}

const anyText = fc.string({ unit: 'binary', maxLength: 40 });
const anyJson = fc.jsonValue({ maxDepth: 3 });

/** Values that match a body's schema: the part of JSON Schema that the service's bodies use. */
function fitting(schema: Json): fc.Arbitrary<Json> {
  switch (schema.type) {
    case 'object': {
      const { properties = {}, required = [] } = schema;
      const each = Object.entries<Json>(properties).map(([name, of]) => [name, fitting(of)] as const);
      return fc.record(Object.fromEntries(each), { requiredKeys: required });
    }
    case 'array':
      return fc.array(fitting(schema.items), { minLength: schema.minItems ?? 0, maxLength: 4 });
    case 'string':
      // The only pattern in the document requires texts to have a visible character.
      return schema.pattern ? anyText.map((text) => `${text}!`) : anyText;
    case 'boolean':
      return fc.boolean();
    default:
      throw new Error(`the fuzzer does not support the type ${schema.type}: add it`);
  }
}

/** Changes one thing in a valid body. */
const mistaken = (fits: fc.Arbitrary<Json>): fc.Arbitrary<Json> =>
  fc
    .tuple(fits, fc.nat(3), fc.string({ unit: 'binary', maxLength: 10 }), anyJson)
    .map(([body, kind, name, value]) => {
      const [first] = Object.keys(body);
      if (kind === 0) return { ...body, [name]: value };
      if (kind === 1) return { ...body, [first!]: value };
      if (kind === 2) return Object.fromEntries(Object.entries(body).slice(1));
      return { ...body, [first!]: [body[first!]] };
    });

function payloadOf(schema: Json): fc.Arbitrary<string | undefined> {
  if (schema === undefined) return fc.option(fc.json(), { nil: undefined });
  const fits = fitting(schema);
  const written = (value: fc.Arbitrary<Json>) => value.map((body) => JSON.stringify(body));
  const cutShort = fc
    .tuple(written(fits), fc.nat())
    .map(([body, at]) => body.slice(0, at % (body.length + 1)));
  return fc.oneof(
    { weight: 4, arbitrary: written(fits) },
    { weight: 3, arbitrary: written(mistaken(fits)) },
    { weight: 1, arbitrary: written(anyJson) },
    { weight: 1, arbitrary: cutShort },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
    { weight: 1, arbitrary: fc.constant(undefined) },
  );
}

// Header values that an HTTP client can send: without line breaks, in printable ASCII.
const headerValue = fc.stringMatching(/^[\x21-\x7e]([\x20-\x7e]{0,30}[\x21-\x7e])?$/);
const headers = fc.record(
  {
    'x-request-id': headerValue,
    'x-request-deadline-ms': fc.oneof(headerValue, fc.integer({ min: -5, max: 10_000 }).map(String)),
    traceparent: fc.oneof(headerValue, fc.constant(`00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`)),
    tracestate: headerValue,
    accept: fc.oneof(headerValue, fc.constantFrom('application/openmetrics-text', 'text/plain;q=0.1')),
    authorization: headerValue,
  },
  { requiredKeys: [] },
);
const contentType = fc.oneof(
  { weight: 9, arbitrary: fc.constant('application/json') },
  { weight: 1, arbitrary: fc.oneof(headerValue, fc.constant('application/json; charset=x')) },
);

/** Any request to any operation of the document, and occasionally with a method that the operation does not have. */
export function requestsOf(document: Json): fc.Arbitrary<FuzzedRequest> {
  const operations = Object.entries<Json>(document.paths).flatMap(([path, methods]) =>
    Object.entries<Json>(methods).map(([method, operation]) => {
      const schema = operation.requestBody?.content['application/json'].schema;
      const own = { weight: 12, arbitrary: fc.constant(method.toUpperCase()) };
      const other = {
        weight: 1,
        arbitrary: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD'),
      };
      const request = fc.record({
        path: fc.constant(path),
        method: fc.oneof(own, other),
        headers: fc.tuple(headers, contentType).map(([more, type]) => ({ ...more, 'content-type': type })),
        payload: payloadOf(schema),
      });
      return { weight: schema === undefined ? 1 : 6, arbitrary: request };
    }),
  );
  return fc.oneof(...operations);
}
