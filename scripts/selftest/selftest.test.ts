import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseDocument } from '../../slas/document/document.ts';
import type { VerdictDocument } from '../../slas/render/json.ts';
import { SHIPPED_DOCUMENT } from '../cli/inputs.ts';
import { childrenOf } from '../process/processes.ts';
import { serve } from '../testing/http-server.ts';
import { isAlive, ROOT, startSla, temporaryFolder } from '../testing/sla.ts';
import { deriveDocument } from './document.ts';
import { MATRIX } from './matrix.ts';
import { admit, dropSeries, refuseShare, renameMetric, shiftClock } from './misbehaviour.ts';
import { thresholdsOf } from './plain-k6.ts';
import { type Behaviour, startRelay } from './relay.ts';
import { resultOf } from './result.ts';
import type { Row } from './row.ts';

test('the document is the shipped document except for its load', async () => {
  const text = await readFile(join(ROOT, SHIPPED_DOCUMENT), 'utf8');
  const { document } = deriveDocument(text);
  const shipped = parseDocument(text);
  if (!shipped.ok) throw new Error('the shipped document does not parse');
  expect({ ...document, scenarios: [], defaultScenario: null }).toEqual({
    ...shipped.value,
    scenarios: [],
    defaultScenario: null,
  });
  expect(document.scenarios.map(({ script }) => script)).toEqual(['loadtests/selftest.ts']);
  expect(thresholdsOf(document)).toEqual({
    http_req_duration: ['p(95)<200', 'p(99)<500'],
    http_req_failed: ['rate<0.01'],
    http_reqs: ['rate>15'],
    confidence: ['avg>0.85'],
  });
});

test('every row has a unique name', () => {
  expect(new Set(MATRIX.map(({ name }) => name)).size).toBe(MATRIX.length);
});

describe('a relay', () => {
  /** What passes through a relay with this behaviour, from a server that responds with `body`. */
  async function through(behaviour: Behaviour, body: string, paths: readonly string[]) {
    const asked: string[] = [];
    await using server = await serve((request, response) => {
      asked.push(request.url!);
      response.end(body);
    });
    await using relay = await startRelay(server.url, behaviour);
    const answers: Response[] = [];
    for (const path of paths) answers.push(await fetch(relay.url + path));
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    return { asked, texts, statuses: answers.map(({ status }) => status) };
  }

  const METRICS = '# TYPE a_total counter\na_total{x="1"} 5\na_total{x="2"} 6\nb_a_total 7\n';

  test('renames a metric on all of its lines, and no other', async () => {
    const { texts } = await through(renameMetric('a_total', 'c_total'), METRICS, ['/metrics']);
    expect(texts).toEqual(['# TYPE c_total counter\nc_total{x="1"} 5\nc_total{x="2"} 6\nb_a_total 7\n']);
  });

  test('omits a label set', async () => {
    const { texts } = await through(dropSeries(/^a_total\{x="1"/), METRICS, ['/metrics']);
    expect(texts).toEqual(['# TYPE a_total counter\na_total{x="2"} 6\nb_a_total 7\n']);
  });

  test('shifts the time of queries and of results', async () => {
    const matrix = { data: { resultType: 'matrix', result: [{ metric: {}, values: [[100, '7']] }] } };
    const shifted = await through(shiftClock(3), JSON.stringify(matrix), ['/api/v1/query?query=up&time=110']);
    expect(shifted.asked).toEqual(['/api/v1/query?query=up&time=107']);
    expect(JSON.parse(shifted.texts[0]!).data.result[0].values).toEqual([[103, '7']]);
    const scalar = { data: { resultType: 'scalar', result: [100, '100'] } };
    const clock = await through(shiftClock(-3), JSON.stringify(scalar), ['/api/v1/query?query=time()']);
    expect(JSON.parse(clock.texts[0]!).data.result).toEqual([97, '97']);
  });

  test('refuses an evenly spread share of the requests', async () => {
    const paths = Array.from({ length: 40 }, () => '/');
    const { statuses, asked } = await through(refuseShare(10), 'ok', paths);
    expect(statuses.flatMap((status, index) => (status === 503 ? [index + 1] : []))).toEqual([
      10, 20, 30, 40,
    ]);
    expect(asked).toHaveLength(36);
  });

  test('limits the rate of requests', async () => {
    const startedMs = performance.now();
    await through(admit(20), 'ok', ['/', '/', '/', '/']);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(4 * 49);
  });
});

describe('a row that runs until it is decided', () => {
  const rows = MATRIX.filter(({ name }) => name.startsWith('decided-'));
  const rowOf = (name: string) => rows.find((row) => row.name === name)!;
  const came = (verdict: string, exitCode: number, outcome: string, isLate = false) => ({
    ...{ exitCode, errorCode: null },
    verdict: {
      ...{ verdict, exitCode },
      objectives: [{ id: 'error-rate', verdict: outcome }],
      preconditions: [{ id: 'generator-on-time', ok: !isLate, detail: '' }],
    } as unknown as VerdictDocument,
  });

  test('has the fault of the row of fixed length, and no option that forbids an early stop', () => {
    expect(rows).toHaveLength(12);
    expect(rowOf('decided-errors-1.2%')).toMatchObject({ faults: 'errors=1.2%', maxSeconds: 240 });
    for (const { options } of rows) {
      expect(options).toContain('--until-decided');
      expect(options).not.toContain('--no-abort');
    }
  });

  test('may be undecided if it is close to its limit, but for no other reason, and never wrong', () => {
    const close = rowOf('decided-errors-1.2%');
    const isAsExpected = (...of: Parameters<typeof came>) => resultOf(close, came(...of), 1).isAsExpected;
    expect(isAsExpected('fail', 1, 'missed')).toBe(true);
    expect(isAsExpected('inconclusive', 3, 'undecided')).toBe(true);
    expect(isAsExpected('inconclusive', 3, 'undecided', true)).toBe(false);
    expect(isAsExpected('inconclusive', 3, 'met')).toBe(false);
    expect(isAsExpected('pass', 0, 'met')).toBe(false);
    expect(resultOf(close, came('fail', 1, 'missed'), 1).expected).toBe(
      'fail: error-rate, or undecided: error-rate',
    );
    const clear = resultOf(rowOf('decided-healthy'), came('inconclusive', 3, 'undecided'), 1);
    expect(clear.isAsExpected).toBe(false);
  });
});

describe('a result', () => {
  const row: Row = { name: 'x', fault: 'x', expected: { exitCode: 0 } };

  test('an exit code without a verdict is not a pass', () => {
    expect(resultOf(row, { exitCode: 0, verdict: null, errorCode: null }, 1).isAsExpected).toBe(false);
  });

  test('an error must be the expected error', () => {
    const failing: Row = { ...row, expected: { exitCode: 4, by: ['cannot-write'] } };
    const came = (errorCode: string) => ({ exitCode: 4, verdict: null, errorCode });
    expect(resultOf(failing, came('cannot-write'), 1).isAsExpected).toBe(true);
    expect(resultOf(failing, came('not-ready'), 1).isAsExpected).toBe(false);
  });
});

test('Ctrl-C in the middle of a row leaves nothing behind', async () => {
  await using folder = await temporaryFolder();
  const selftest = startSla(['selftest', '--only', 'scrape-blocked'], { env: { TMPDIR: folder.path } });
  await selftest.seen('scrape-blocked: ');
  const grandchildren = () => selftest.children('').flatMap((pid) => [pid, ...childrenOf(pid, '')]);
  const begun = () => selftest.children('sla.ts').length > 0;
  await expect.poll(begun, { timeout: 30_000 }).toBe(true);
  const started = grandchildren();
  selftest.child.kill('SIGINT');
  const { code, stderr } = await selftest.done;
  expect(stderr).toContain('interrupted: everything that was started has been stopped');
  expect(code).toBe(130);
  await expect.poll(() => started.filter(isAlive), { timeout: 20_000 }).toEqual([]);
  expect((await readdir(folder.path)).filter((name) => name.startsWith('sla-test'))).toEqual([]);
});
