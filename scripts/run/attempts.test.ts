import { execFile } from 'node:child_process';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Plan } from '../../slas/model/model.ts';
import { unwrap } from '../../slas/model/result.ts';
import type { Io } from '../cli/io.ts';
import { temporaryFolder } from '../testing/sla.ts';
import { attemptInWords, beginAttempt } from './attempts.ts';

let checkout: Awaited<ReturnType<typeof temporaryFolder>>;
const git = (...args: string[]) =>
  promisify(execFile)('git', [
    ...['-C', checkout.path, '-c', 'user.name=Seed', '-c', 'user.email=seed@example.org'],
    ...args,
  ]);
const commit = (message: string) => git('commit', '-q', '--allow-empty', '-m', message);

beforeAll(async () => {
  checkout = await temporaryFolder();
  await git('init', '-q');
  await commit('first');
});
afterAll(() => checkout[Symbol.asyncDispose]());

const ioIn = (cwd: string, env: Record<string, string> = {}) => ({ cwd, env, root: cwd }) as unknown as Io;
const planOf = ({ name = 'shop', load = 'smoke', rate = 20 } = {}) =>
  ({ sla: { name }, load: { scenario: load, phases: [{ ratePerSecond: rate }] } }) as unknown as Plan;
let files = 0;
/** Each call returns a new ledger, so that tests do not share one. */
const ledger = () => `ledger-${++files}/attempts.jsonl`;

const begin = (
  options: { ledger?: string; attempts?: string; target?: string },
  of: Parameters<typeof planOf>[0] = {},
) => beginAttempt(options, planOf(of), ioIn(checkout.path));
const numberOf = async (...args: Parameters<typeof begin>) => unwrap(await begin(...args))!.number;

describe('attempts of one commit', () => {
  test('are numbered, and the report lists the outcomes of earlier attempts', async () => {
    const file = ledger();
    const first = unwrap(await begin({ ledger: file }))!;
    expect(attemptInWords(first)).toBeNull();
    first.finish('fail');
    // The second attempt never finishes, as if it had been interrupted.
    await begin({ ledger: file });
    const third = unwrap(await begin({ ledger: file }))!;
    expect(attemptInWords(third)).toMatch(
      /^attempt 3 of commit [0-9a-f]{12} with this document and load; earlier: fail, unfinished$/,
    );
  });

  test('are counted separately for each document, load, target and commit', async () => {
    const file = ledger();
    await begin({ ledger: file });
    expect(await numberOf({ ledger: file })).toBe(2);
    expect(await numberOf({ ledger: file }, { name: 'other' })).toBe(1);
    expect(await numberOf({ ledger: file }, { load: 'spike' })).toBe(1);
    expect(await numberOf({ ledger: file, target: 'http://127.0.0.1:8080' })).toBe(1);
    expect(await numberOf({ ledger: file, target: 'http://127.0.0.1:8080/' })).toBe(2);
    // Another rate does not start a new count.
    expect(await numberOf({ ledger: file }, { rate: 1 })).toBe(3);
    await commit('second');
    expect(await numberOf({ ledger: file })).toBe(1);
  });

  test('are refused once the allowed number of attempts has ended without a pass', async () => {
    const file = ledger();
    const options = { ledger: file, attempts: '2' };
    unwrap(await begin(options))!.finish('fail');
    unwrap(await begin(options))!.finish('inconclusive');
    const refused = await begin(options);
    expect(refused).toMatchObject({ ok: false, error: [{ path: '--attempts' }] });
    expect(JSON.stringify(refused)).toContain('2 without a pass of this plan (fail, inconclusive)');
  });

  test('that were cancelled count, so that cancelling cannot hide a failing attempt', async () => {
    const file = ledger();
    await begin({ ledger: file, attempts: '1' });
    expect(await begin({ ledger: file, attempts: '1' })).toMatchObject({ ok: false });
  });

  test('are allowed after a pass, because a pipeline may run twice', async () => {
    const file = ledger();
    const options = { ledger: file, attempts: '1' };
    unwrap(await begin(options))!.finish('pass');
    expect(await numberOf(options)).toBe(2);
  });

  test('are not allowed just because the commit passed under a lower load', async () => {
    const file = ledger();
    const options = { ledger: file, attempts: '1' };
    await begin(options);
    unwrap(await begin({ ledger: file }, { rate: 1 }))!.finish('pass');
    expect(await begin(options)).toMatchObject({ ok: false });
  });
});

describe('the ledger', () => {
  test('is written by default only in CI', async () => {
    const io = (env: Record<string, string>) => ioIn(checkout.path, env);
    expect(unwrap(await beginAttempt({}, planOf(), io({})))).toBeNull();
    expect(unwrap(await beginAttempt({}, planOf(), io({ CI: 'true' })))?.number).toBe(1);
    const text = await readFile(join(checkout.path, '.sla', 'attempts.jsonl'), 'utf8');
    expect(JSON.parse(text)).toMatchObject({ outcome: 'started' });
  });

  test('is not treated as empty if it is damaged', async () => {
    const file = 'damaged.jsonl';
    await writeFile(join(checkout.path, file), '');
    unwrap(await begin({ ledger: file }))!.finish('fail');
    await appendFile(join(checkout.path, file), '{"at":');
    const refused = await begin({ ledger: file, attempts: '5' });
    expect(refused).toMatchObject({ ok: false, error: [{ path: '--ledger' }] });
    expect(JSON.stringify(refused)).toContain('line 3 of damaged.jsonl is not an attempt');
  });

  test('requires a commit', async () => {
    await using outside = await temporaryFolder();
    const begun = (options: object) => beginAttempt(options, planOf(), ioIn(outside.path, { CI: 'true' }));
    expect(await begun({ attempts: '1' })).toMatchObject({ ok: false, error: [{ path: '--attempts' }] });
    expect(await begun({})).toEqual({ ok: true, value: null });
  });

  test.each(['0', '1.5', 'many', ''])('--attempts %s is refused', async (attempts) => {
    expect(await begin({ attempts })).toMatchObject({ ok: false, error: [{ path: '--attempts' }] });
  });
});
