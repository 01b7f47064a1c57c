import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Load, RunRecord } from '../../slas/model/model.ts';
import { serve } from '../testing/http-server.ts';
import { asScript, loadOn } from '../testing/load-on.ts';
import { ROOT, temporaryFolder } from '../testing/sla.ts';

/** Load scripts as users write them: the run record contains what k6 reports about them, regardless of what the script exports. */

/** Responds to everything with 200 and an error body, except to `/refused` with 503. Records the requests. */
async function startService() {
  const paths: string[] = [];
  const server = await serve((request, response) => {
    paths.push(request.url!);
    request.resume();
    request.on('end', () => {
      response.statusCode = request.url === '/refused' ? 503 : 200;
      response.setHeader('content-type', 'application/json');
      response.end('{"error":"no such basket"}');
    });
  });
  return { ...server, paths };
}

const LOAD: Load = {
  scenario: 'theirs',
  script: 'theirs.ts',
  phases: [{ name: 'hold', ratePerSecond: 20, durationSeconds: 2 }],
  seed: 1,
  requestTimeoutSeconds: 5,
  budgets: [],
  warmUp: null,
  plannedRequests: 40,
  scheduledSeconds: 2,
};

const LIBRARY = `
import { check, group } from 'k6';
import exec from 'k6/execution';
import http from 'k6/http';
import { Counter } from 'k6/metrics';
import { reportsNoError } from '${ROOT}/loadtests/lib/bodies.ts';
import { eachArrival, options as planned, target } from '${ROOT}/loadtests/lib/load.ts';
import { expectAnswer, get } from '${ROOT}/loadtests/lib/request.ts';
`;
const WHOLE = { sent: 40, completed: true, stoppedBecause: null };

async function run(
  script: string,
  { generators = 1, load = LOAD }: { generators?: number; load?: Load } = {},
): Promise<RunRecord & { readonly paths: readonly string[] }> {
  await using folder = await temporaryFolder();
  await using service = await startService();
  const file = join(folder.path, 'theirs.ts');
  await writeFile(file, LIBRARY + script);
  const record = await loadOn(service.url, { ...load, script: asScript(file) }, { generators });
  return { ...record, paths: service.paths };
}

describe.concurrent('checks', () => {
  const script = `
export const options = planned();
export default eachArrival(() => {
  const response = get('/basket');
  check(response, { 'status is 200': ({ status }) => status === 200 });
  group('body, in full', () => check(response, { 'the body is right': ({ body }) => !body.includes('error') }));
});`;

  test('are counted by name, even if the script exports no handleSummary', async () => {
    const { load } = await run(script);
    expect(load).toMatchObject({ ...WHOLE, thresholds: [], failures: [] });
    expect(load!.checks).toEqual([
      { name: 'status is 200', passes: 40, fails: 0 },
      { name: 'body, in full::the body is right', passes: 0, fails: 40 },
    ]);
  });

  test('of several load generators are added up', async () => {
    const { load } = await run(script, { generators: 3 });
    expect(load).toMatchObject(WHOLE);
    expect(load!.checks).toContainEqual({ name: 'body, in full::the body is right', passes: 0, fails: 40 });
  });

  test('of the script that ./sla new writes find errors in bodies with status 200', async () => {
    const { load } = await run(`
export const options = planned();
export default eachArrival(() => expectAnswer(get('/basket'), (body) => reportsNoError(body)));`);
    expect(load).toMatchObject({ ...WHOLE, wrongAnswers: 40, lookedInto: 40 });
    expect(load!.checks).toEqual([{ name: 'the answer is what was asked for', passes: 0, fails: 40 }]);
  });
});

describe.concurrent('thresholds', () => {
  const withThresholds = (thresholds: string, visit = "get('/basket');", more = '') => `
const errors = new Counter('my_errors');
export const options = { ...planned(), thresholds: ${thresholds} };
export default eachArrival(() => { ${visit} });
${more}`;

  test('that are crossed at the end do not cut the load short', async () => {
    const { load, incidents } = await run(
      withThresholds(`{
        http_req_duration: ['p(95)<0.001', 'p(95)<10000'],
        'http_req_duration{name:/elsewhere}': ['p(95)<1'],
        'http_req_failed{name:/basket}': ['rate<0.1'],
      }`),
    );
    expect(load).toMatchObject({ ...WHOLE, failures: [] });
    expect(incidents).toBeNull();
    // k6 lists the thresholds of a metric in no particular order.
    const key = (one: { metric: string; threshold: string }) => `${one.metric}: ${one.threshold}`;
    const thresholds = load!.thresholds!.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
    expect(thresholds.map((one) => [one.metric, one.threshold, one.isCrossed, one.samples])).toEqual([
      ['http_req_duration', 'p(95)<0.001', true, 40],
      ['http_req_duration', 'p(95)<10000', false, 40],
      ['http_req_duration{name:/elsewhere}', 'p(95)<1', false, 0],
      ['http_req_failed{name:/basket}', 'rate<0.1', false, 40],
    ]);
    expect(thresholds[0]!.value).toBeGreaterThan(0.001);
  });

  test('of several load generators use total counts, and the first generator to end does not stop the others', async () => {
    const { load } = await run(
      withThresholds(
        "{ my_errors: ['count<30'], http_req_duration: ['p(95)<0.001'] }",
        "get('/basket'); errors.add(1);",
      ),
      { generators: 3 },
    );
    expect(load).toMatchObject({ ...WHOLE, failures: [] });
    expect(load!.thresholds).toEqual([
      expect.objectContaining({ metric: 'http_req_duration', isCrossed: true, samples: 40 }),
      { metric: 'my_errors', threshold: 'count<30', isCrossed: true, value: 40, samples: null },
    ]);
  });

  test('with abortOnFail end the load, and the crossed ones are reported', async () => {
    const load = {
      ...LOAD,
      phases: [{ name: 'hold', ratePerSecond: 20, durationSeconds: 20 }],
      plannedRequests: 400,
      scheduledSeconds: 20,
    };
    const { load: record } = await run(
      withThresholds("{ http_req_duration: [{ threshold: 'p(95)<0.001', abortOnFail: true }] }"),
      { load },
    );
    expect(record).toMatchObject({ completed: false, thresholds: [{ isCrossed: true }] });
    expect(record!.stoppedBecause).toContain("thresholds on metrics 'http_req_duration' were crossed");
    expect(record!.sent).toBeLessThan(300);
  });
});

describe.concurrent('a script that fails', () => {
  const script = (more: string, visit = "get('/basket');") => `
export const options = planned();
export default eachArrival(() => { ${visit} });
${more}`;

  test('in setup() sends nothing, and the reason is reported', async () => {
    const { load, incidents } = await run(script("export function setup() { throw new Error('no token'); }"));
    expect(load).toMatchObject({ sent: 0, completed: false });
    expect(load!.stoppedBecause).toMatch(
      /^k6 ended with exit code 107: the load script threw an exception: Error: no token at setup \(.*theirs\.ts:\d+:\d+\)$/,
    );
    expect(load!.scriptErrors).toBeUndefined();
    expect(incidents).toBeNull();
  });

  test('in teardown() happens after all requests were sent', async () => {
    const { load } = await run(script("export function teardown() { throw new Error('cannot clean up'); }"));
    expect(load).toMatchObject(WHOLE);
    expect(load!.failures).toEqual([expect.stringContaining('Error: cannot clean up at teardown')]);
  });

  test('in handleSummary() still has its checks and thresholds', async () => {
    const { load } = await run(
      script(
        "export function handleSummary() { throw new Error('no room'); }",
        "check(get('/basket'), { fine: () => true });",
      ),
    );
    expect(load).toMatchObject({ ...WHOLE, checks: [{ name: 'fine', passes: 40, fails: 0 }] });
    expect(load!.failures).toEqual([expect.stringContaining('Error: no room at handleSummary')]);
  });

  test('to return a valid handleSummary() result is reported, and all its requests are recorded', async () => {
    const { load, incidents } = await run(script("export function handleSummary() { return 'text'; }"));
    expect(load).toMatchObject(WHOLE);
    expect(load!.failures).toEqual([expect.stringContaining('k6 wrote no summary')]);
    expect(incidents).toBeNull();
  });

  test('with exec.test.abort() is cut short', async () => {
    const visit = "get('/basket'); if (exec.scenario.iterationInTest === 5) exec.test.abort('enough');";
    const { load } = await run(script('', visit));
    expect(load!.completed).toBe(false);
    expect(load!.stoppedBecause).toContain('the load script aborted the test: test aborted: enough');
  });

  test('with exec.test.fail() has sent every request', async () => {
    const visit = "get('/basket'); if (exec.scenario.iterationInTest === 5) exec.test.fail('a bad sign');";
    const { load } = await run(script('', visit));
    expect(load).toMatchObject(WHOLE);
    expect(load!.failures).toEqual([
      'k6 ended with exit code 110: the load script marked the test as failed: test marked as failed: a bad sign',
    ]);
  });

  test('in an iteration continues, and its first exception is reported', async () => {
    const { load } = await run(script('', "get('/basket').missing.field;"));
    expect(load).toMatchObject({ ...WHOLE, scriptErrors: 40, failures: [] });
    expect(load!.firstScriptError).toMatch(/^TypeError: .* at \/.*theirs\.ts:\d+:\d+$/);
  });
});

test.concurrent('requests that the script sends without the library are in the record', async () => {
  const { load } = await run(`
export const options = planned();
export default eachArrival(() => http.get(target + '/basket'));`);
  expect(load).toMatchObject(WHOLE);
  expect(load!.client!.paths).toEqual(['/basket']);
});

test.concurrent('the value that setup() returns is passed to each arrival', async () => {
  const { load, paths } = await run(`
export const options = planned();
export const setup = () => ({ path: '/basket-7' });
export default eachArrival((data: { path: string }) => get(data.path));`);
  expect(load).toMatchObject({ ...WHOLE, failures: [] });
  expect(new Set(paths)).toEqual(new Set(['/basket-7']));
});

test.concurrent('requests in a group whose name has a comma are also recorded', async () => {
  const { load } = await run(`
export const options = planned();
export default eachArrival(() => group('log in, "then" pay', () => get('/basket')));`);
  expect(load!.client!.status).toHaveLength(40);
});

test.concurrent('one object of exec.scenario stays up to date when a virtual user runs another iteration, or another scenario', async () => {
  // loadtests/lib/load.ts reads exec.scenario only once per virtual user.
  const { paths } = await run(`
const scenario = (startTime) => ({
  ...{ executor: 'constant-arrival-rate', rate: 20, duration: '1s', startTime },
  ...{ gracefulStop: '0s', preAllocatedVUs: 4, maxVUs: 4 },
});
export const options = { scenarios: { hold: scenario('0s'), later: scenario('1.5s') } };
const seen = new Set();
let kept;
export default () => {
  kept ??= exec.scenario;
  const { name, iterationInTest, startTime } = exec.scenario;
  seen.add(name);
  const isSame = kept.name === name && kept.iterationInTest === iterationInTest && kept.startTime === startTime;
  get('/' + (isSame ? 'same' : 'different') + (seen.size > 1 ? '-reused' : ''));
};`);
  expect(new Set(paths)).toEqual(new Set(['/same', '/same-reused']));
});
