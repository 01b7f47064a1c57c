import { expect, test } from 'vitest';
import { reportsNoError } from './bodies.ts';

test.each([
  [{ error: 'no such basket' }],
  [{ error: { code: 'not_found' } }],
  [{ errors: [{ message: 'Cannot query field' }], data: null }],
  [{ success: false }],
  [{ ok: false, result: null }],
  [{ status: 'error', message: 'try again' }],
  [{ status: 'FAILED' }],
  [{ code: 500, message: 'Internal Server Error' }],
  [{ statusCode: 404 }],
  [[{ id: 1 }, { error: 'no such basket' }]],
  [undefined],
  [null],
  ['please log in'],
  [7],
])('%j is not accepted as a correct body', (body) => {
  expect(reportsNoError(body)).toBe(false);
});

test.each([
  [{ id: 1 }],
  [{ error: null, data: { id: 1 } }],
  [{ errors: [], ok: true }],
  [{ status: 'ok', code: 200 }],
  [{ status: 200, error: false }],
  [{ sentiment: 'POSITIVE', confidence: 0.9 }],
  [[]],
  [[1, 2, 3]],
  [{}],
])('%j reports no error', (body) => {
  expect(reportsNoError(body)).toBe(true);
});
