import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { renderMarkdown } from '../../slas/render/markdown.ts';
import { buildPackage } from '../package/build.ts';
import { serve, type TestServer } from '../testing/http-server.ts';
import { FAULTY, finishMadeRun, HEALTHY, type MadeRun, makeRun } from '../testing/simulated-run.ts';
import { type Done, ROOT } from '../testing/sla.ts';

/**
 * Runs the steps of action.yml as GitHub's runner does, with a server on this machine that implements the comment API of GitHub
 * and GitLab.
 */

// The folder is inside the checkout, so that the packages that the gate imports are found.
const PLACE = join(ROOT, '.sla', `ci-steps-test-${process.pid}`);
const TOOL = join(PLACE, 'sla-harness');
const USER = join(PLACE, 'user');
const STEPS = join(ROOT, 'ci', 'steps.sh');
const SHIPPED = 'slas/documents/sentiment-api.yaml';

let passed: MadeRun;
let failed: MadeRun;
let api: TestServer;

// ---------------------------------------------------------------------------------------------- the comment API

interface Stored {
  readonly id: number;
  body: string;
  readonly user: { readonly id: number; readonly type: string };
}

const BOT = { id: 41, type: 'Bot' };
const PERSON = { id: 7, type: 'User' };
const world = {
  comments: [] as Stored[],
  requests: [] as string[],
  tokens: new Set<unknown>(),
  refuses: 0,
  user: null as object | null,
};

async function answer(method: string, url: URL, body: string): Promise<[number, unknown]> {
  if (url.pathname === '/user')
    return world.user === null
      ? [403, { message: 'Resource not accessible by integration' }]
      : [200, world.user];
  if (world.refuses > 0 && method !== 'GET')
    return [world.refuses, { message: 'Resource not accessible by integration' }];
  const id = Number(url.pathname.split('/').at(-1));
  const { body: text } = body === '' ? { body: '' } : (JSON.parse(body) as { body: string });
  if (method === 'POST') {
    world.comments.push({ id: 1000 + world.comments.length, body: text, user: BOT });
    return [201, {}];
  }
  if (method === 'PATCH' || method === 'PUT') {
    world.comments.find((one) => one.id === id)!.body = text;
    return [200, {}];
  }
  const [page, size] = [Number(url.searchParams.get('page')), Number(url.searchParams.get('per_page'))];
  return [200, world.comments.slice((page - 1) * size, page * size)];
}

const several = (count: number): Stored[] =>
  Array.from({ length: count }, (_, index) => ({ id: index + 1, body: `remark ${index}`, user: PERSON }));

beforeAll(async () => {
  await buildPackage({
    root: ROOT,
    tsc: join(ROOT, 'node_modules', '.bin', 'tsc'),
    folder: join(TOOL, 'package'),
  });
  await mkdir(join(TOOL, 'node_modules', '.bin'), { recursive: true });
  await symlink('../../package/scripts/package/bin.js', join(TOOL, 'node_modules', '.bin', 'sla-harness'));
  await mkdir(USER);
  passed = await made(HEALTHY);
  failed = await made(FAULTY);
  api = await serve(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const url = new URL(request.url!, 'http://api');
    world.requests.push(`${request.method} ${url.pathname}`);
    world.tokens.add(request.headers.authorization ?? request.headers['private-token']);
    const [status, content] = await answer(request.method!, url, body);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(content));
  });
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await rm(PLACE, { recursive: true, force: true });
});
beforeEach(() => {
  Object.assign(world, { comments: [], requests: [], tokens: new Set(), refuses: 0, user: null });
});

async function made(options: typeof HEALTHY): Promise<MadeRun> {
  const run = await makeRun(join(USER, 'runs'), options);
  const { stored, verdict } = run;
  await writeFile(join(stored.path, 'summary.md'), renderMarkdown(verdict, stored.plan));
  await finishMadeRun(run, null);
  return run;
}

/**
 * Runs a step as the runner does: in a shell, with the variables of the step. Of this process's variables, the step
 * gets only those that programs need.
 */
function step(name: string, env: Record<string, string>): Promise<Done> {
  const node = join(process.execPath, '..');
  const given = {
    ...{ PATH: `${node}:${process.env.PATH}`, HOME: PLACE, RUNNER_TEMP: PLACE, GITHUB_ACTIONS: 'true' },
    ...{ GITHUB_OUTPUT: join(PLACE, 'output'), GITHUB_STEP_SUMMARY: join(PLACE, 'summary') },
    ...{ GITHUB_API_URL: api.url, GITHUB_SERVER_URL: 'https://git.example', GITHUB_REPOSITORY: 'a/shop' },
    ...{
      GITHUB_REF: 'refs/pull/12/merge',
      GITHUB_SHA: 'd20ace7968ba43c0219f62d71334c1095bab1602',
      GITHUB_RUN_ID: '47',
    },
    ...{ SLA_DOCUMENT: 'sla.yaml', SLA_COMMENT_NAME: 'CI/gate', SLA_EXIT_CODE: '0' },
    ...env,
  };
  const child = spawn('sh', [STEPS, name], { cwd: USER, env: given, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}

const runOf = ({ stored }: MadeRun) => join('runs', stored.run.id);
const TOKEN = 'ghs_of-this-job-4711';

// ---------------------------------------------------------------------------------------------- the steps

describe('the comment', () => {
  const comment = (run: MadeRun, env: Record<string, string> = {}) =>
    step('comment', { GITHUB_TOKEN: TOKEN, SLA_RUN: runOf(run), ...env });

  test('is created once, and updated afterwards', async () => {
    world.comments = several(3);
    const first = await comment(passed);
    expect(first.stderr).toContain('the comment on the pull request was created');
    expect(first.code).toBe(0);
    expect(world.comments).toHaveLength(4);
    expect(world.comments[3]!.body).toMatch(/^<!-- sla-harness: CI\/gate -->\n## ✅ PASS/);
    expect(world.comments[3]!.body).toContain(
      'commit d20ace7968ba · [job](https://git.example/a/shop/actions/runs/47)',
    );
    const second = await comment(failed);
    expect(second.stderr).toContain('was updated');
    expect(world.comments).toHaveLength(4);
    expect(world.comments[3]!.body).toMatch(/^<!-- sla-harness: CI\/gate -->\n## ❌ FAIL/);
    expect(world.requests.at(-1)).toBe('PATCH /repos/a/shop/issues/comments/1003');
    expect([...world.tokens]).toEqual([`Bearer ${TOKEN}`]);
  });

  test('is found among hundreds of others', async () => {
    const own = { id: 5000, body: '<!-- sla-harness: CI/gate -->\nold', user: BOT };
    world.comments = [...several(230), own];
    expect((await comment(passed)).stderr).toContain('was updated');
    expect(world.comments).toHaveLength(231);
    expect(own.body).toContain('PASS');
  });

  test('leaves the comments of other jobs and of people alone', async () => {
    world.comments = [
      { id: 1, body: '<!-- sla-harness: CI/other -->\n', user: BOT },
      { id: 2, body: '<!-- sla-harness: CI/gate -->\nPASS, trust me', user: PERSON },
    ];
    expect((await comment(failed)).stderr).toContain('was created');
    expect(world.comments.map(({ body }) => body.split('\n')[1]!.slice(0, 6))).toEqual([
      '',
      'PASS, ',
      '## ❌ F',
    ]);
  });

  test('is found with the personal token that wrote it', async () => {
    world.user = PERSON;
    world.comments = [{ id: 2, body: '<!-- sla-harness: CI/gate -->\n', user: PERSON }];
    expect((await comment(passed)).stderr).toContain('was updated');
  });

  test('says that there is no verdict if the gate stored none, instead of keeping an earlier pass', async () => {
    world.comments = [{ id: 3, body: '<!-- sla-harness: CI/gate -->\n## ✅ PASS', user: BOT }];
    const { code } = await step('comment', { GITHUB_TOKEN: TOKEN, SLA_RUN: '', SLA_EXIT_CODE: '4' });
    expect(code).toBe(0);
    expect(world.comments[0]!.body).toContain('The gate ended with exit code 4 and stored no verdict');
    expect(world.comments[0]!.body).not.toContain('PASS');
  });

  test('without permission to write, names the missing permission and does not print the token', async () => {
    world.refuses = 403;
    const { code, stderr, stdout } = await comment(passed);
    expect(stderr).toMatch(
      /failed with 403 Resource not accessible by integration\nnext: give the job "permissions: \{ contents: read, pull-requests: write \}"/,
    );
    expect(stderr + stdout).not.toContain(TOKEN);
    expect(code).toBe(4);
  });

  test('without a token or a pull request, says what is missing', async () => {
    const without = await step('comment', { SLA_RUN: runOf(passed) });
    expect(without.stderr).toContain("comment: set GITHUB_TOKEN to the job's token");
    expect(without.code).toBe(2);
    const push = await comment(passed, { GITHUB_REF: 'refs/heads/main' });
    expect(push.stderr).toContain('this job does not belong to a pull request');
    expect(push.code).toBe(0);
    expect(world.requests).toEqual([]);
  });

  test('is written in GitLab with the token of the project', async () => {
    const gitlab = {
      ...{ GITHUB_API_URL: '', CI_API_V4_URL: api.url, CI_PROJECT_ID: '9', CI_MERGE_REQUEST_IID: '3' },
      ...{ GITLAB_TOKEN: 'glpat-of-the-project', CI_JOB_URL: 'https://git.example/jobs/1' },
    };
    expect((await comment(passed, gitlab)).stderr).toContain('the comment on the merge request was created');
    world.user = { id: BOT.id };
    expect((await comment(failed, gitlab)).stderr).toContain('was updated');
    expect(world.requests.at(-1)).toBe('PUT /projects/9/merge_requests/3/notes/1000');
    expect([...world.tokens]).toEqual(['glpat-of-the-project']);
    world.refuses = 403;
    expect((await comment(passed, gitlab)).stderr).toContain('the scope "api" and the role Reporter');
  });
});

describe('the other steps', () => {
  test('check annotates each problem at its line, and fails with exit code 2', async () => {
    await writeFile(join(USER, 'broken.yaml'), 'apiVersion: sla-harness/v1\nkind: SLO\n');
    const { code, stdout } = await step('check', { SLA_DOCUMENT: 'broken.yaml' });
    expect(code).toBe(2);
    expect(stdout).toMatch(/^::error file=broken\.yaml,line=2,col=7,title=SLA document::/m);
  });

  test('report adds the summary, and annotates each missed objective at its line in the document', async () => {
    const document = await readFile(join(ROOT, SHIPPED), 'utf8');
    await writeFile(join(USER, 'sla.yaml'), document);
    const { code, stdout } = await step('report', { SLA_RUN: runOf(failed) });
    expect(code).toBe(0);
    const summary = await readFile(join(PLACE, 'summary'), 'utf8');
    expect(summary).toBe(await readFile(join(failed.stored.path, 'summary.md'), 'utf8'));
    const missed = failed.verdict.objectives.filter(({ verdict }) => verdict === 'missed');
    expect(missed.length).toBeGreaterThan(0);
    for (const { id } of missed) {
      const line = document.split('\n').findIndex((one) => one.trim() === `- id: ${id}`) + 1;
      expect(stdout).toContain(`::error file=sla.yaml,line=${line},title=${id} missed::`);
    }
    expect((await step('report', { SLA_RUN: runOf(passed) })).stdout).not.toContain('::error');
    expect(await step('report', { SLA_RUN: '' })).toMatchObject({ code: 0, stdout: '' });
  });

  test('gate passes every input as one argument, and returns its exit code', async () => {
    const output = join(PLACE, 'output');
    await rm(output, { force: true });
    const { code, stderr } = await step('gate', {
      ...{
        SLA_DOCUMENT: 'no such $(touch hacked).yaml',
        SLA_TARGET_URL: 'http://127.0.0.1:9',
        SLA_PROMETHEUS_URL: 'http://127.0.0.1:9',
      },
      SLA_ARGUMENTS: '--max-rate\n10/s\n',
    });
    expect(stderr).toContain('no such $(touch hacked).yaml: the SLA document cannot be read');
    expect(code).toBe(2);
    expect(existsSync(join(USER, 'hacked'))).toBe(false);
    expect(await readFile(output, 'utf8')).toBe('exit-code=2\n');
  });

  test('key outputs a cache key with the versions of this checkout', async () => {
    const output = join(PLACE, 'output');
    await rm(output, { force: true });
    expect(await step('key', {})).toMatchObject({ code: 0 });
    expect(await readFile(output, 'utf8')).toMatch(/^key=\d+-\d+\n$/);
  });

  test('an unknown step is refused', () => {
    const done = spawnSync('sh', [STEPS, 'nope'], {
      env: { ...process.env, RUNNER_TEMP: PLACE },
      encoding: 'utf8',
    });
    expect(done).toMatchObject({
      status: 2,
      stderr: 'usage: ci/steps.sh key|install|check|gate|report|comment\n',
    });
  });
});

// ---------------------------------------------------------------------------------------------- action.yml

interface Action {
  readonly name?: string;
  readonly description?: string;
  readonly inputs: Record<string, { description?: string; required?: boolean; default?: string }>;
  readonly outputs: Record<string, { description?: string; value?: string }>;
  readonly runs: { using: string; steps: readonly Record<string, unknown>[] };
}

describe('action.yml', () => {
  const read = async () => {
    const text = await readFile(join(ROOT, 'action.yml'), 'utf8');
    return { text, action: parse(text) as Action };
  };

  test('is a composite action: each step has either uses, or run with a shell', async () => {
    const { action } = await read();
    expect(action.runs.using).toBe('composite');
    for (const one of action.runs.steps) {
      expect(Object.keys(one).filter((key) => key === 'uses' || key === 'run')).toHaveLength(1);
      if ('run' in one) expect(one.shell, String(one.name)).toBe('sh');
      const known = [
        'name',
        'id',
        'if',
        'uses',
        'run',
        'shell',
        'with',
        'env',
        'working-directory',
        'continue-on-error',
      ];
      expect(Object.keys(one).filter((key) => !known.includes(key))).toEqual([]);
    }
  });

  test('describes every input and output, and uses only what it declares', async () => {
    const { text, action } = await read();
    expect(action.name).toBeTruthy();
    for (const [name, input] of Object.entries({ ...action.inputs, ...action.outputs }))
      expect(input.description, name).toBeTruthy();
    for (const { value } of Object.values(action.outputs)) expect(value).toBeTruthy();
    const used = [...text.matchAll(/inputs\.([a-z-]+)/g)].map(([, name]) => name!);
    expect([...new Set(used)].toSorted()).toEqual(Object.keys(action.inputs).toSorted());
  });

  test('puts no input into a command: inputs reach the steps as environment variables', async () => {
    const { action } = await read();
    const script = await readFile(STEPS, 'utf8');
    for (const { run, env = {} } of action.runs.steps as { run?: string; env?: Record<string, string> }[]) {
      expect(run ?? '').not.toContain('${{');
      for (const name of Object.keys(env))
        if (/^SLA_(?!CACHE_DIR)/.test(name)) expect(script).toContain(name);
    }
  });
});
