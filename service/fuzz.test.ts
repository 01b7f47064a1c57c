import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type FuzzedRequest, requestsOf } from './testing/fuzz.ts';
import { appOf, readSeries, startClassifier } from './testing/service.ts';

const requests = Number(process.env.FUZZ_REQUESTS ?? 2000);
const seed = Number(process.env.FUZZ_SEED ?? 1);

// biome-ignore lint/suspicious/noExplicitAny: the document is plain JSON
type Json = any;

/** Checks whether the document describes a response body. */
function describer(document: Json) {
  const ajv = new Ajv2020({ strict: false, unicodeRegExp: true });
  const compiled = new Map<string, ValidateFunction>();
  const schemas = JSON.stringify(document.components.schemas);
  return (path: string, method: string, status: number) => {
    const responses = document.paths[path]?.[method.toLowerCase()]?.responses ?? {};
    const schema = (responses[status] ?? responses.default)?.content?.['application/json']?.schema;
    if (schema === undefined) return undefined;
    const key = `${path} ${method} ${status}`;
    const whole = JSON.stringify({ ...schema, $defs: JSON.parse(schemas) });
    const made =
      compiled.get(key) ?? ajv.compile(JSON.parse(whole.replaceAll('#/components/schemas/', '#/$defs/')));
    compiled.set(key, made);
    return made;
  };
}

test(`${requests} fuzzed requests cause no 500, no hang, and no response that the document does not describe`, {
  timeout: 60_000 + requests * 100,
}, async () => {
  await using classifier = await startClassifier();
  await using app = appOf(classifier, { MAX_TEXT_CHARS: '60', MAX_BATCH_TEXTS: '6', EXPLAIN_MAX_WORDS: '6' });
  const document = (await app.inject('/docs/json')).json();
  const schemaOf = describer(document);
  const seen = new Map<number, number>();
  const ours = async () =>
    [...(await readSeries(app)).keys()].filter((name) => /^(sentiment|http)_/.test(name));
  const names = await ours();

  const property = fc.asyncProperty(requestsOf(document), async (request: FuzzedRequest) => {
    const { path, method, headers, payload } = request;
    const answer = await app.inject({
      url: path,
      method: method as 'GET',
      headers,
      ...(payload !== undefined && { payload }),
    });
    const { statusCode: status } = answer;
    seen.set(status, (seen.get(status) ?? 0) + 1);
    // A client may set a deadline that cannot be met; no other 5xx is justified here.
    expect(status >= 500 && !(status === 504 && 'x-request-deadline-ms' in headers)).toBe(false);
    if (method === 'HEAD' || status === 405) return;
    const described = schemaOf(path, method, status);
    if (described !== undefined) expect([described(answer.json()), described.errors]).toEqual([true, null]);
    else expect([path, status]).toEqual(['/metrics', 200]);
  });
  await fc.assert(property, { seed, numRuns: requests });

  // The fuzzer covers both sides: many successful responses, and every refusal that a body can cause.
  for (const status of [200, 400, 404, 405, 415])
    expect([status, seen.get(status) ?? 0]).not.toEqual([status, 0]);
  expect(seen.get(200)!).toBeGreaterThan(requests / 10);
  const more = (await ours()).filter((name) => !names.includes(name));
  expect(more).toEqual([]);
});
