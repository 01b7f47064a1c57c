import { expect, test } from 'vitest';
import { apiEndpoint } from './http.ts';

const bearer = { headers: { authorization: 'Bearer a-token' } };
const tenant = { headers: { 'x-scope-orgid': 'checkout' } };
const basic = `Basic ${Buffer.from('me:s/cret').toString('base64')}`;

test.each([
  ['no credentials', 'http://127.0.0.1:9090', undefined, {}],
  ['those of the address', 'http://me:s%2Fcret@127.0.0.1:9090', undefined, { authorization: basic }],
  ['a token', 'http://127.0.0.1:9090', bearer, bearer.headers],
  ['a token before those of the address', 'http://me:s%2Fcret@127.0.0.1:9090/', bearer, bearer.headers],
  [
    'a tenant and those of the address',
    'http://me:s%2Fcret@127.0.0.1:9090',
    tenant,
    { ...tenant.headers, authorization: basic },
  ],
])('sends %s', (_, url, access, credentials) => {
  const endpoint = apiEndpoint(url, 'query', access);
  expect(endpoint.credentials).toEqual(credentials);
  // The credentials are only in the headers.
  expect(endpoint.endpoint.href).toBe('http://127.0.0.1:9090/api/v1/query');
});

test('a path prefix of the API is kept', () => {
  expect(apiEndpoint('https://example.org/prometheus', 'query_range', undefined).endpoint.href).toBe(
    'https://example.org/prometheus/api/v1/query_range',
  );
});
