import { describe, expect, test } from 'vitest';
import { unwrap } from '../model/result.ts';
import { storedProblems } from '../render/stored/stored-problems.ts';
import { healthy } from '../testing/cases.ts';
import { encodeClient } from './file.ts';
import { type ClientText, restored, type StoredRunRecord, storedFiles } from './stored.ts';

/** A run as stored: run.json, and client.bin next to it. */

const { run } = healthy({ client: '1490x0.05/0.01 8x0.3=503 2xlost' });
const files = storedFiles(run);
const failureOf = (stored: StoredRunRecord, bytes: Uint8Array | null) => {
  const result = restored(stored, bytes);
  return result.ok ? 'restored' : result.error;
};

test('the client record is stored in a separate file that run.json names', () => {
  expect(files.run.load!.client).toEqual({ file: 'client.bin', requests: 1500 });
  expect(storedProblems('run', JSON.parse(JSON.stringify(files.run)))).toEqual([]);
  expect(unwrap(restored(files.run, files.client))).toEqual(run);
});

test('without a record of requests, or without a load, run.json is the only file', () => {
  for (const load of [null, healthy().run.load]) {
    const stored = storedFiles({ ...run, load });
    expect(stored.client).toBeNull();
    expect(unwrap(restored(stored.run, null))).toEqual({ ...run, load });
  }
});

test('a file of requests that is missing, truncated, or from another run is rejected', () => {
  const { client } = run.load!;
  expect(failureOf(files.run, null)).toEqual({
    file: 'client.bin',
    message: 'it has only 0 bytes: it was cut off',
  });
  expect(failureOf(files.run, files.client!.subarray(0, -7))).toMatchObject({
    message: expect.stringContaining('it was cut off'),
  });
  const half = { ...client!, status: client!.status.slice(0, 750) };
  expect(failureOf(files.run, encodeClient(half))).toEqual({
    file: 'client.bin',
    message: 'it has 750 requests, but run.json says 1500',
  });
});

describe('a run stored by an earlier version, with its requests as text', () => {
  const text: ClientText = {
    originSeconds: 1000,
    ...{ startMs: '0.0 12.5 40.1', durationMs: '5.123 10000.000 7.001', blockedMs: '0 1.5 0' },
    ...{ status: '200 0 503', path: '0 1 0', paths: ['/predict', '/batch'] },
  };
  const stored = (changes: Partial<ClientText> = {}): StoredRunRecord => ({
    ...files.run,
    load: { ...files.run.load!, client: { ...text, ...changes } },
  });

  test('is read unchanged', () => {
    expect(storedProblems('run', stored())).toEqual([]);
    expect(unwrap(restored(stored(), null)).load!.client).toEqual({
      originSeconds: 1000,
      startSeconds: new Float64Array([0, 12.5 / 1000, 40.1 / 1000]),
      durationSeconds: new Float64Array([5.123 / 1000, 10, 7.001 / 1000]),
      blockedSeconds: new Float64Array([0, 0.0015, 0]),
      status: new Uint16Array([200, 0, 503]),
      path: new Uint16Array([0, 1, 0]),
      paths: ['/predict', '/batch'],
    });
  });

  test('may have no requests', () => {
    const none = { startMs: '', durationMs: '', blockedMs: '', status: '', path: '' };
    expect(unwrap(restored(stored(none), null)).load!.client!.status).toHaveLength(0);
  });

  test.each([
    [
      'columns of different lengths',
      { startMs: '0.0 12.5' },
      'load.client: its columns are of unequal length',
    ],
    [
      'a status that is not a number',
      { status: '200 lost 503' },
      'load.client: its columns status and path must have',
    ],
    ['a path that does not exist', { path: '0 2 0' }, 'load.client: request 1 names path 2, but there are 2'],
    [
      'a start that is not a number',
      { startMs: '0.0 soon 40.1' },
      'load.client: request 1 starts NaN s after the first',
    ],
    [
      'a duration that is not a number',
      { durationMs: '5 x 7' },
      'load.client: request 1 takes NaN s, which is impossible',
    ],
  ])('is refused with %s', (_, changes, message) => {
    expect(failureOf(stored(changes), null)).toMatchObject({
      file: 'run.json',
      message: expect.stringContaining(message),
    });
  });
});
