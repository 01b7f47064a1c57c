import { expect, test } from 'vitest';
import { apiEndpoint } from './http.ts';

const basic = `Basic ${Buffer.from('me:s/cret').toString('base64')}`;

test.each([
  ['http://127.0.0.1:9090', undefined, {}],
  ['http://me:s%2Fcret@127.0.0.1:9090', undefined, { authorization: basic }],
  ['http://127.0.0.1:9090', 'a-token', { authorization: 'Bearer a-token' }],
  ['http://me:s%2Fcret@127.0.0.1:9090/', 'a-token', { authorization: 'Bearer a-token' }],
])('%s with the token %s', (url, token, authorization) => {
  const endpoint = apiEndpoint(url, 'query', token);
  expect(endpoint.authorization).toEqual(authorization);
  // Its credentials are only in the header.
  expect(endpoint.endpoint.href).toBe('http://127.0.0.1:9090/api/v1/query');
});

test('a path prefix of the API is kept', () => {
  expect(apiEndpoint('https://example.org/prometheus', 'query_range', undefined).endpoint.href).toBe(
    'https://example.org/prometheus/api/v1/query_range',
  );
});
