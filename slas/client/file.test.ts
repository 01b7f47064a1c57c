import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ClientRequests } from '../model/model.ts';
import { unwrap } from '../model/result.ts';
import { type ClientRequest, columnsOf, GrowingColumns } from './columns.ts';
import { decodeClient, encodeClient } from './file.ts';
import { mergeClients } from './merge.ts';

/**
 * The file of a client's requests: what is written can be read again, and invalid files are rejected with the
 * reason.
 */

const PATHS = ['/', '/predict', '/checkout/:id', 'ä\n"'];

/** Rounded like the values in the file: starts to microseconds, durations to nanoseconds. */
const request: fc.Arbitrary<ClientRequest> = fc.record({
  startSeconds: fc.integer({ min: 0, max: 4e9 }).map((micros) => micros / 1e6),
  durationSeconds: fc.integer({ min: 0, max: 2 ** 48 - 1 }).map((nanos) => nanos / 1e9),
  blockedSeconds: fc.integer({ min: 0, max: 2 ** 33 }).map((nanos) => nanos / 1e9),
  status: fc.constantFrom(0, 200, 201, 404, 503, 599, 65_535),
  path: fc.constantFrom(...PATHS),
});
const origin = fc.integer({ min: 0, max: 2e15 }).map((micros) => micros / 1e6);
const record = fc
  .tuple(origin, fc.array(request, { maxLength: 50 }))
  .map(([originSeconds, requests]) => columnsOf(originSeconds, requests));

const endMicros = ({ originSeconds, startSeconds, durationSeconds }: ClientRequests) =>
  [...startSeconds].map((start, at) =>
    Math.round(originSeconds * 1e6 + start * 1e6 + durationSeconds[at]! * 1e6),
  );

/** Every request as text: to compare records whose origins and paths differ. */
const rowsOf = (client: ClientRequests) =>
  [...client.status].map((status, at) =>
    JSON.stringify([
      Math.round(client.originSeconds * 1e6) + Math.round(client.startSeconds[at]! * 1e6),
      client.durationSeconds[at],
      client.blockedSeconds[at],
      status,
      client.paths[client.path[at]!],
    ]),
  );

describe('a record of requests', () => {
  test('is read back unchanged', () => {
    fc.assert(
      fc.property(record, (client) => {
        expect(unwrap(decodeClient(encodeClient(client)))).toEqual(client);
      }),
    );
  });

  test('takes 24 bytes a request', () => {
    const sizeOf = (count: number) =>
      encodeClient(
        columnsOf(
          1000,
          Array.from({ length: count }, () => ({
            ...{ startSeconds: 1, durationSeconds: 1, blockedSeconds: 0, status: 200, path: '/' },
          })),
        ),
      ).length;
    expect(sizeOf(99) - sizeOf(10)).toBe(24 * 89);
  });

  test('is the same when read from part of a larger buffer', () => {
    const bytes = encodeClient(columnsOf(1000, []));
    const larger = new Uint8Array(bytes.length + 10);
    larger.set(bytes, 3);
    expect(decodeClient(larger.subarray(3, 3 + bytes.length)).ok).toBe(true);
  });
});

describe('several records', () => {
  test('merge into one record with all requests, ordered by end', () => {
    const nearby = fc.integer({ min: 0, max: 9e6 }).map((micros) => 1e9 + micros / 1e6);
    const some = fc
      .tuple(nearby, fc.array(request, { maxLength: 20 }))
      .map(([originSeconds, requests]) => columnsOf(originSeconds, requests));
    fc.assert(
      fc.property(fc.array(some, { minLength: 1, maxLength: 4 }), (clients) => {
        const merged = mergeClients(clients);
        expect(rowsOf(merged).sort()).toEqual(clients.flatMap(rowsOf).sort());
        const ends = endMicros(merged);
        expect(ends.every((end, at) => at === 0 || ends[at - 1]! <= end + 1)).toBe(true);
        expect(new Set(merged.paths).size).toBe(merged.paths.length);
        expect(merged.originSeconds).toBe(Math.min(...clients.map((one) => one.originSeconds)));
      }),
    );
  });
});

test('a record from growing columns has every request, ordered by end, and its origin is the first start', () => {
  const sent = fc.record({
    endMicros: fc.integer({ min: 1.7e15, max: 1.7e15 + 1e9 }),
    seconds: fc.integer({ min: 0, max: 60e9 }).map((nanos) => nanos / 1e9),
    status: fc.constantFrom(0, 200, 503),
    path: fc.constantFrom(...PATHS),
  });
  fc.assert(
    fc.property(fc.array(sent, { minLength: 1, maxLength: 3000 }), (all) => {
      const columns = new GrowingColumns();
      for (const one of all) columns.add(one.endMicros, one.seconds, 0, one.status, one.path);
      const client = columns.done()!;
      expect(client.status.length).toBe(all.length);
      expect(client.startSeconds.reduce((first, start) => Math.min(first, start))).toBe(0);
      const ends = endMicros(client);
      const expected = all.map((one) => one.endMicros).sort((a, b) => a - b);
      expect(ends.every((end, at) => Math.abs(end - expected[at]!) <= 1)).toBe(true);
      expect(unwrap(decodeClient(encodeClient(client)))).toEqual(client);
    }),
    { numRuns: 20 },
  );
  expect(new GrowingColumns().done()).toBeNull();
});

describe('bytes that are not a record of requests are rejected with the reason', () => {
  const one = { startSeconds: 1, durationSeconds: 0.5, blockedSeconds: 0, status: 200, path: '/predict' };
  const whole = () => encodeClient(columnsOf(1000, [one, one, one]));
  const first = whole().length - 3 * 24;
  const altered = (alter: (view: DataView) => void) => {
    const bytes = whole();
    alter(new DataView(bytes.buffer));
    return bytes;
  };
  const withHeader = (header: string) => {
    const text = new TextEncoder().encode(header);
    const bytes = new Uint8Array(16 + text.length);
    bytes.set(whole().subarray(0, 12));
    new DataView(bytes.buffer).setUint32(12, text.length, true);
    bytes.set(text, 16);
    return bytes;
  };
  test.each([
    ['nothing', new Uint8Array(), 'it has only 0 bytes: it was cut off'],
    ['a few bytes', whole().subarray(0, 5), 'it has only 5 bytes: it was cut off'],
    ['only the magic number', whole().subarray(0, 10), 'it has only 10 bytes: it was cut off'],
    [
      'another file',
      new TextEncoder().encode('{"schema":1}'),
      'it does not begin with SLACLNT, so it is not a client record',
    ],
    ['a later version', altered((view) => view.setUint32(8, 7, true)), 'its version is 7, but this version'],
    ['half a header', whole().subarray(0, 30), 'it ends within its header, so it was cut off'],
    [
      'a header without end',
      altered((view) => view.setUint32(12, 2 ** 32 - 1, true)),
      'it ends within its header',
    ],
    ['a header that is not JSON', withHeader('{'), 'its header is not {requests, originSeconds, paths}'],
    ['null', withHeader('null'), 'its header is not'],
    [
      'paths that are not text',
      withHeader('{"requests":0,"originSeconds":1,"paths":[1]}'),
      'its header is not',
    ],
    [
      'a header without an origin',
      withHeader('{"requests":0,"originSeconds":null,"paths":[]}'),
      'its header is not',
    ],
    [
      'a negative number of requests',
      withHeader('{"requests":-1,"originSeconds":1,"paths":[]}'),
      'its header is not',
    ],
    [
      'more requests than bytes',
      withHeader('{"requests":9000000000000,"originSeconds":1,"paths":[]}'),
      'its header announces 9000000000000 requests, which take',
    ],
    ['a truncated column', whole().subarray(0, -1), 'bytes, but its header announces 3 requests'],
    ['one byte too many', new Uint8Array([...whole(), 0]), 'bytes, but its header announces 3 requests'],
    [
      'a path that does not exist',
      altered((view) => view.setUint16(first + 3 * 24 - 2, 1, true)),
      'request 2 names path 1, but there is 1',
    ],
    [
      'a start that is not a number',
      altered((view) => view.setFloat64(first + 8, Number.NaN, true)),
      'request 1 starts NaN s after the first, which is impossible',
    ],
    [
      'a start in a thousand years',
      altered((view) => view.setFloat64(first, 1e18, true)),
      'request 0 starts 1000000000000 s after the first, which is impossible',
    ],
  ])('%s', (_, bytes, message) => {
    const decoded = decodeClient(bytes);
    expect(decoded.ok ? 'a record' : decoded.error.message).toContain(message);
  });
});
