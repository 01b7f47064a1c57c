import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { judge } from '../../slas/judge/judge.ts';
import { verdictDocument } from '../../slas/render/json.ts';
import { healthy } from '../../slas/testing/cases.ts';
import { toJson } from '../runs/bundle.ts';
import { seal } from '../runs/seal.ts';
import { ROOT, sla, startSla, type TemporaryFolder, temporaryFolder } from '../testing/sla.ts';
import { GRAFANA_IMAGE } from './grafana-docker.ts';

/**
 * `./sla review --grafana` without a URL. If the image is not available, a program stands in for Docker: it records
 * its arguments and responds as Grafana would. Grafana's own behaviour is not tested here.
 */

let folder: TemporaryFolder;
let run: string;

const STAND_IN = `#!${process.execPath}
const { appendFileSync } = require('node:fs');
const [what, ...args] = process.argv.slice(2);
const log = (line) => appendFileSync(process.env.STAND_IN_LOG, JSON.stringify(line) + '\\n');
log({ what, args, grafana: Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('GF_'))) });
if (what === 'version') console.log('29.0.0');
else if (what === 'image') process.exit(process.env.STAND_IN_HAS === '1' ? 0 : 1);
else if (what === 'pull') { console.error('pulling\\nno route to the registry'); process.exit(1); }
else if (what === 'run') {
  require('node:http').createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    if (request.url !== '/api/health')
      log({ asked: request.method + ' ' + request.url, by: request.headers.authorization, body: body && JSON.parse(body) });
    response.end(request.method === 'GET' ? '[]' : '{}');
  }).listen(Number(process.env.GF_SERVER_HTTP_PORT), '127.0.0.1');
  process.on('SIGTERM', () => process.exit(0));
}
`;

beforeAll(async () => {
  folder = await temporaryFolder();
  run = join(folder.path, '2021-11-04T05-31-02Z-steady-00aa');
  await mkdir(run);
  const { document, plan, run: record, evidence } = healthy();
  const verdict = verdictDocument(judge(plan, record, evidence));
  const files = { document, plan, run: record, evidence, verdict, environment: { faults: 'latency=5ms' } };
  for (const [name, data] of Object.entries(files)) await writeFile(join(run, `${name}.json`), toJson(data));
  await seal(run);
  await mkdir(join(folder.path, 'bin'));
  await writeFile(join(folder.path, 'bin', 'docker'), STAND_IN);
  await chmod(join(folder.path, 'bin', 'docker'), 0o755);
});
afterAll(() => folder?.[Symbol.asyncDispose]());

const played = (log: string, more: Readonly<Record<string, string>> = {}) => ({
  PATH: `${join(folder.path, 'bin')}${delimiter}${process.env.PATH}`,
  STAND_IN_LOG: join(folder.path, log),
  ...more,
});

interface Logged {
  readonly what?: string;
  readonly args: readonly string[];
  readonly grafana: Readonly<Record<string, string>>;
  readonly asked?: string;
  readonly by?: string;
  readonly body?: { readonly tags: readonly string[] };
}
const logged = async (log: string) =>
  (await readFile(join(folder.path, log), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Logged);

describe('reports what is missing, with the next step', () => {
  test.each([
    ['a Docker that does not respond', { DOCKER_HOST: 'unix:///nonexistent' }],
    ['no Docker at all', { PATH: '/nonexistent' }],
  ])('%s', async (_, env) => {
    const { code, stderr, stdout } = await sla(['review', run, '--grafana'], { env });
    expect(stderr).toContain('Docker, which starts Grafana, does not respond: ');
    expect(stderr).toMatch(/next: install and start Docker .* --grafana URL .*\(no-docker\)/);
    expect(stdout).toBe('');
    expect(code).toBe(4);
  });

  test('the image', async () => {
    const { code, stderr } = await sla(['review', run, '--grafana'], { env: played('no-image') });
    expect(stderr).toContain(`the image ${GRAFANA_IMAGE} cannot be pulled: no route to the registry`);
    expect(stderr).toMatch(/next: .*docker load.* \(no-image\)/);
    expect(code).toBe(4);
  });

  test('the samples of the run', async () => {
    const env = played('no-samples', { STAND_IN_HAS: '1' });
    const { code, stderr } = await sla(['review', run, '--grafana'], { env });
    expect(stderr).toContain('has no snapshot, and its Prometheus is no longer running');
    expect(stderr).toMatch(/next: .*--prometheus URL.*--snapshot \(no-samples\)/);
    expect(code).toBe(4);
  });

  test('an address to query, if no Grafana could use it', async () => {
    const { code, stderr } = await sla(['review', run, '--prometheus', 'http://127.0.0.1:9090']);
    expect(stderr).toContain('applies only to a Grafana that Docker starts');
    expect(code).toBe(2);
  });
});

test('Grafana starts with the data source, dashboards and annotations, its URL is printed, and Ctrl-C stops it', async () => {
  const env = played('whole', { STAND_IN_HAS: '1' });
  const prometheus = 'http://127.0.0.1:9099/';
  const running = startSla(['review', run, '--grafana', '--prometheus', prometheus], { env });
  await running.seen('press Ctrl-C to stop it');
  const given = join(ROOT, '.sla', 'grafana', 'grafana');
  const yaml = async (...path: string[]) =>
    parse(await readFile(join(given, 'provisioning', ...path), 'utf8'));
  const { datasources } = await yaml('datasources', 'sla.yaml');
  expect(datasources).toMatchObject([{ type: 'prometheus', url: prometheus, isDefault: true }]);
  const { providers } = await yaml('dashboards', 'sla.yaml');
  const log = await logged('whole');
  const ran = log.find(({ what }) => what === 'run')!;
  expect(ran.args).toContain(`${join(given, 'dashboards')}:${providers[0].options.path}:ro`);
  expect(ran.args.at(-1)).toBe(GRAFANA_IMAGE);
  expect(JSON.parse(await readFile(join(given, 'dashboards', 'sla-load-run.json'), 'utf8')).title).toBe(
    'Load run',
  );
  const password = ran.grafana.GF_SECURITY_ADMIN_PASSWORD!;
  expect(password).toMatch(/^[0-9a-f]{24}$/);
  expect(ran.args.join(' ')).not.toContain(password);
  const made = log.filter(({ asked }) => asked === 'POST /api/annotations');
  expect(made.map(({ body }) => body!.tags[2])).toEqual(['pass', 'start', 'phase', 'faults']);
  expect(new Set(made.map(({ by }) => by))).toEqual(
    new Set([`Basic ${Buffer.from(`admin:${password}`).toString('base64')}`]),
  );
  running.child.kill('SIGINT');
  const { code, stdout, stderr } = await running.done;
  const port = ran.grafana.GF_SERVER_HTTP_PORT;
  expect(stdout).toMatch(
    new RegExp(`^http://127\\.0\\.0\\.1:${port}/d/sentiment-production\\?from=\\d{13}&to=\\d{13}\\n$`),
  );
  expect(stderr).not.toContain(password);
  expect(code).toBe(0);
  const name = ran.args[ran.args.indexOf('--name') + 1];
  expect((await logged('whole')).at(-1)).toMatchObject({ what: 'rm', args: ['--force', name] });
});
