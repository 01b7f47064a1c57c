import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WorkerPool } from '../../service/classifier/worker-pool.ts';
import { readConfig } from '../../service/config.ts';
import { type ApiErrorCode, apiErrors } from '../../service/errors.ts';
import { appOf, startClassifier } from '../../service/testing/service.ts';
import { feedbackConflict, LARGEST_BATCH, LONGEST_TEXT, MAX_EXPLAINED_WORDS, REFUSALS } from './refusals.ts';

/**
 * Refusals that the scenario does not request, with the reason. service/security.test.ts covers refusals because of tokens and rate limits.
 */
const NOT_SENT: Partial<Record<ApiErrorCode, string>> = {
  bad_request: 'covers whatever none of the specific errors covers',
  unauthorized: 'with tokens configured, the service would demand one from valid requests too',
  rate_limited: 'the load comes from one address, so valid requests would be refused too',
  bad_http: 'k6 sends only valid HTTP/1.1; service/raw-http.test.ts sends the rest',
  expectation_failed: 'k6 cannot send the header; service/raw-http.test.ts does',
  headers_too_large: 'no route handles it; service/raw-http.test.ts sends it',
  request_timeout: 'k6 sends complete requests; service/limits.test.ts sends incomplete ones',
};

let classifier: WorkerPool;
beforeAll(async () => {
  classifier = await startClassifier();
});
afterAll(() => classifier[Symbol.asyncDispose]());

test('every documented refusal is requested, or is on a short list with its reason', () => {
  const sent = [...REFUSALS, feedbackConflict('of-a-prediction')];
  const documented = Object.entries(apiErrors)
    .filter(([, { status }]) => status < 500)
    .map(([code, { status }]) => `${code} ${status}`);
  const known = [
    ...sent.map(({ code, status }) => `${code} ${status}`),
    ...Object.keys(NOT_SENT).map((code) => `${code} ${apiErrors[code as ApiErrorCode].status}`),
  ];
  expect([...new Set(known)].sort()).toEqual(documented.sort());
  expect(sent.filter(({ code }) => Object.hasOwn(NOT_SENT, code))).toEqual([]);
});

test.each(REFUSALS)('the service responds with $code to $request.method $request.path', async (one) => {
  await using app = appOf(classifier);
  const { method, path, headers, body } = one.request;
  const response = await app.inject({
    method: method as 'GET',
    url: path,
    ...(headers === undefined ? {} : { headers }),
    ...(body === undefined ? {} : { payload: body }),
  });
  expect([response.statusCode, response.json().error.code]).toEqual([one.status, one.code]);
});

test('the refused requests exceed the actual limits of the service', () => {
  expect(readConfig({})).toMatchObject({
    maxTextChars: LONGEST_TEXT,
    maxBatchTexts: LARGEST_BATCH,
    recording: { maxExplainedWords: MAX_EXPLAINED_WORDS },
  });
});
