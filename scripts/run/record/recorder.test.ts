import { describe, expect, test } from 'vitest';
import { refusedAtTarget } from './paths.ts';
import { Recorder, type SeenRequest } from './recorder.ts';

const HEADER =
  'metric_name,timestamp,metric_value,check,error,error_code,expected_response,group,method,name,proto,scenario,service,status,subproto,tls_version,url,extra_tags,metadata';
const TARGET = 'http://127.0.0.1:8000';

interface Sample {
  readonly at?: number;
  readonly value?: number;
  readonly url?: string;
  readonly name?: string;
  readonly status?: string;
  readonly scenario?: string;
  readonly check?: string;
  readonly tags?: string;
  readonly group?: string;
  readonly errorCode?: string;
}

const ORIGIN = 1_700_000_000_000_000;

function row(metric: string, sample: Sample): string {
  const { at = 0, value = 1, url = '', status = '', scenario = 'hold', check = '', tags = '' } = sample;
  const { name = url, group = '', errorCode = '' } = sample;
  return `${metric},${ORIGIN + at},${value.toFixed(6)},${check},,${errorCode},true,${group},GET,${name},HTTP/1.1,${scenario},,${status},,,${url},${tags},`;
}

/** The rows of one request, in the format of k6. */
const request = (path: string, sample: Sample & { readonly blocked?: number } = {}) => {
  const all = { status: '200', url: path.startsWith('http') ? path : `${TARGET}${path}`, ...sample };
  return [
    row('http_reqs', all),
    row('http_req_duration', all),
    row('http_req_blocked', { ...all, value: sample.blocked ?? 0 }),
    row('http_req_waiting', all),
  ];
};

function record(rows: readonly string[], selectors: readonly string[] = [], chunkBytes = 1 << 16) {
  const seen: SeenRequest[] = [];
  const recorder = new Recorder(TARGET, selectors, (one) => seen.push(one));
  const reader = recorder.readerOf();
  const bytes = Buffer.from(`${[HEADER, ...rows].join('\n')}\n`);
  for (let at = 0; at < bytes.length; at += chunkBytes) reader.push(bytes.subarray(at, at + chunkBytes));
  return { ...recorder.finish(), seen };
}

const pathsOf = (rows: readonly string[], selectors: readonly string[] = []) =>
  record(rows, selectors).seen.map(({ path }) => path);

describe('requests', () => {
  test('a request has the exact times that k6 measured, including the time to connect', () => {
    const { client, seen } = record([
      ...request('/predict', { at: 3_000_000, value: 12.345678, blocked: 0.5 }),
      ...request('/predict', { at: 2_000_000, value: 1000, status: '503' }),
    ]);
    expect(client!.originSeconds).toBeCloseTo(ORIGIN / 1e6 + 1, 5);
    expect([...client!.durationSeconds]).toEqual([1, 0.012845678]);
    expect([...client!.blockedSeconds]).toEqual([0, 0.0005]);
    expect([...client!.startSeconds]).toEqual([0, 1.987154]);
    expect([...client!.status]).toEqual([503, 200]);
    expect(seen.map(({ durationMs, scenario }) => [durationMs, scenario])).toEqual([
      [12.845678, 'hold'],
      [1000, 'hold'],
    ]);
  });

  test('chunks may end anywhere, even within a character', () => {
    const rows = [...request('/größe/ü', { value: 2 }), ...request('/b', { value: 3 })];
    const whole = record(rows);
    for (const bytes of [1, 2, 3, 7, 64, 301]) expect(record(rows, [], bytes)).toEqual(whole);
    expect(whole.client!.status).toHaveLength(2);
  });

  test('names with commas, quotes and line breaks do not shift columns', () => {
    const group = '"a, ""b""\nhttp_req_duration,c"';
    const { client, seen } = record([
      row('group_duration', { group }),
      ...request('/one', { group, value: 5 }),
      ...request('/two', { value: 6 }),
    ]);
    expect(seen.map(({ path, durationMs }) => [path, durationMs])).toEqual([
      ['/one', 5],
      ['/two', 6],
    ]);
    expect(client!.status).toHaveLength(2);
  });

  test('a name with 200,000 quotes and line breaks is read fast enough, and a longer one is reported', () => {
    const long = (count: number) => `"${'""\n'.repeat(count)}"`;
    const { client, unread } = record([...request('/a', { name: long(200_000) }), ...request('/b')]);
    expect(client!.status).toHaveLength(2);
    expect(unread).toBe(0);
    const tooLong = record([...request('/a', { name: long(600_000) }), ...request('/b')]);
    expect(tooLong.client!.status).toHaveLength(1);
    expect(tooLong.unread).toBeGreaterThan(0);
  });

  test('a row with a different number of fields is reported', () => {
    expect(record(['http_req_duration,1,2', ...request('/b')]).unread).toBe(1);
  });

  test('an incomplete row is not counted as a request', () => {
    const recorder = new Recorder(TARGET, [], () => {});
    const reader = recorder.readerOf();
    const rows = [HEADER, ...request('/a'), ...request('/b')].join('\n');
    reader.push(Buffer.from(rows.slice(0, -150)));
    expect(recorder.finish().client!.status).toHaveLength(1);
  });

  test('a request without a response has status 0', () => {
    const { client } = record(request('/a', { status: '0' }));
    expect([...client!.status]).toEqual([0]);
  });

  test('two load generators write one record', () => {
    const recorder = new Recorder(TARGET, [], () => {});
    const readers = [recorder.readerOf(), recorder.readerOf()];
    for (const reader of readers) reader.push(Buffer.from(`${HEADER}\n`));
    const [one, two] = [request('/a', { at: 5, value: 1 }), request('/b', { at: 4, value: 2 })];
    // The rows of the two load generators are read alternately.
    for (const [index, line] of one.entries()) {
      readers[0]!.push(Buffer.from(`${line}\n`));
      readers[1]!.push(Buffer.from(`${two[index]}\n`));
    }
    const { client } = recorder.finish();
    expect([...client!.path].map((index) => client!.paths[index])).toEqual(['/b', '/a']);
    expect([...client!.durationSeconds]).toEqual([0.002, 0.001]);
  });
});

describe('paths', () => {
  test('a request is recorded under its path without the query', () => {
    expect(pathsOf(request('/search?q=1#top'))).toEqual(['/search']);
  });

  test('if the script sets a name, the name is the path', () => {
    expect(pathsOf(request('/a/1', { name: 'checkout' }))).toEqual(['checkout']);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: k6's http.url names a request by its template.
    expect(pathsOf(request('/a/1', { name: `${TARGET}/a/\${}` }))).toEqual(['/a/${}']);
  });

  test('if the script uses http.url, its template is the path, as the script wrote it', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: k6's http.url names a request by its template.
    expect(pathsOf(request(`${TARGET}/a/\${}`))).toEqual(['/a/${}']);
  });

  test('a path, name or template of an objective takes precedence', () => {
    const named = request('/checkout/17', { name: 'buy' });
    expect(pathsOf(named, ['/checkout/17'])).toEqual(['/checkout/17']);
    expect(pathsOf(named, ['buy'])).toEqual(['buy']);
    expect(pathsOf(named, ['/checkout/:id'])).toEqual(['/checkout/:id']);
    expect(pathsOf(request('/x', { name: `${TARGET}/checkout/\${}` }), ['/checkout/:id'])).toEqual([
      '/checkout/:id',
    ]);
    expect(pathsOf(request('/checkout/17/items'), ['/checkout/:id'])).toEqual(['/checkout/17/items']);
    expect(pathsOf(request('/checkout/me'), ['/checkout/:id', '/checkout/me'])).toEqual(['/checkout/me']);
  });

  test('paths with ids do not grow the record without limit, and paths of objectives are always kept', () => {
    const rows = Array.from({ length: 1_100 }, (_, id) => request(`/item/${id}`)).flat();
    const { client } = record([...rows, ...request('/predict')], ['/predict']);
    expect(client!.paths.length).toBeLessThan(1_010);
    expect(client!.paths).toContain('/predict');
    expect(client!.paths).toContain('(other paths)');
    expect(client!.status).toHaveLength(1_101);
  });
});

describe('other hosts', () => {
  test('requests to other hosts and ports are counted separately', () => {
    const { client, elsewhere, seen } = record([
      ...request('http://127.0.0.1:9000/login'),
      ...request('http://auth.example:8000/login', { status: '0', errorCode: '1110' }),
      ...request('http://auth.example:8000/login', { status: '0', errorCode: '1111' }),
      ...request('a name', { status: '0', errorCode: '1110', url: 'a name' }),
      ...request('/predict'),
    ]);
    expect(client!.status).toHaveLength(1);
    expect(seen).toHaveLength(1);
    expect([...elsewhere]).toEqual([
      ['127.0.0.1:9000', 1],
      ['auth.example:8000', 2],
      ['a host that k6 was not allowed to reach', 1],
    ]);
  });

  test('requests to the target that k6 refused because the name resolved to another address are a problem', () => {
    const refused = { status: '0', errorCode: '1110' };
    const { client, elsewhere } = record([
      ...request('http://127.0.0.1:8000/predict', refused),
      ...request('http://127.0.0.1:8000/predict', refused),
      ...request('http://auth.example:8000/login', refused),
      ...request('/predict'),
    ]);
    expect(client!.status).toHaveLength(1);
    expect(refusedAtTarget(elsewhere, 'http://127.0.0.1:8000')).toEqual([
      'k6 did not send 2 requests to 127.0.0.1:8000, because its name resolved to another address after the start',
    ]);
    expect(refusedAtTarget(elsewhere, 'http://shop.example')).toEqual([]);
  });

  test('a request whose name replaces the URL counts for the target, even if the name can be parsed as a URL', () => {
    const { client, elsewhere } = record(
      ['pay:card', 'GET:/orders', 'mailto:x'].flatMap((name) => request('', { url: name })),
    );
    expect(client!.paths).toEqual(['pay:card', 'GET:/orders', 'mailto:x']);
    expect(elsewhere.size).toBe(0);
  });

  test('a request whose name looks like another address stays in the record', () => {
    expect(pathsOf(request('https://api.example/orders', { status: '0' }))).toEqual(['/orders']);
    expect(pathsOf(request('pay:card', { url: 'pay:card' }))).toEqual(['pay:card']);
  });

  test('the names of this machine count as the same host', () => {
    expect(pathsOf(request('http://localhost:8000/predict'))).toEqual(['/predict']);
  });
});

describe('iterations and checks', () => {
  test('iterations and dropped iterations are counted for each scenario, with their start times', () => {
    const { scenarios } = record([
      row('iteration_duration', { at: 2_000_000, value: 500, scenario: 'a' }),
      row('dropped_iterations', { at: 3_000_000, value: 2, scenario: 'a' }),
      row('iteration_duration', { at: 1_000_000, value: 500, scenario: '' }),
    ]);
    expect([...scenarios.keys()]).toEqual(['a']);
    const { iterations, dropped, moments } = scenarios.get('a')!;
    expect([iterations, dropped]).toEqual([1, 2]);
    expect(moments.map((moment) => moment - ORIGIN / 1e6)).toEqual(
      [1.5, 3, 3].map((at) => expect.closeTo(at, 5)),
    );
  });

  test('only the script library’s checks count as checks of response bodies', () => {
    const { bodies } = record([
      row('checks', { check: 'right', tags: 'sla=body' }),
      row('checks', { check: 'right', value: 0, tags: 'a=b&sla=body' }),
      row('checks', { check: 'right', tags: 'sla=again' }),
      row('checks', { check: 'refused', tags: 'sla=refusal' }),
      row('checks', { check: 'their own', value: 0 }),
    ]);
    expect(bodies).toEqual({ checked: 2, wrong: 1, refusals: 1 });
    expect(record([row('checks', { check: 'their own' })]).bodies).toBeNull();
  });

  test('requests with other protocols are counted', () => {
    const { grpc, webSockets, client } = record([row('grpc_req_duration', {}), row('ws_sessions', {})]);
    expect([grpc, webSockets, client]).toEqual([1, 1, null]);
  });
});

test('the record ends where the slowest load generator’s record ends, even without requests', () => {
  const recorder = new Recorder(TARGET, [], () => {});
  const [first, second] = [recorder.readerOf(), recorder.readerOf()];
  const alive = (at: number) => Buffer.from(`${HEADER}\n${row('vus', { at })}\n`);
  first.push(alive(9_000_000));
  expect(recorder.reachesSeconds).toBe(Number.NEGATIVE_INFINITY);
  second.push(alive(4_000_000));
  expect(recorder.reachesSeconds).toBe(ORIGIN / 1e6 + 4);
});
