import { execFileSync } from 'node:child_process';
import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunRecord } from '../../slas/model/model.ts';
import { startLocalStack } from '../stack/local.ts';
import type { Stack } from '../stack/stack.ts';
import {
  copyCheckout,
  ROOT,
  type RunningSla,
  startSla,
  type TemporaryFolder,
  temporaryFolder,
} from '../testing/sla.ts';

/**
 * Secrets are in every place where a user may have put them. None of their bytes may appear in a run folder or on the terminal.
 */

const PLANTED = {
  url: 'prom-pass-1d7e',
  remote: 'remote-pass-93bc',
  variable: 'variable-value-66f0',
  body: 'body-value-8a21',
  header: 'header-value-5c4d',
  target: 'target-token-value-70d3',
  prometheus: 'prometheus-token-value-e118',
};
const URL_HEADER = Buffer.from(`scraper:${PLANTED.url}`).toString('base64');

let folder: TemporaryFolder;
let stack: Stack;
let checkout: string;
let document: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  checkout = join(folder.path, 'checkout');
  await copyCheckout(checkout);
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@example.org', ...args], { cwd: checkout });
  git('init', '--quiet');
  git(
    'remote',
    'add',
    'origin',
    `https://someone:${PLANTED.remote}@example.org/team/harness.git?token=${PLANTED.remote}`,
  );
  git('commit', '--quiet', '--allow-empty', '--message', 'one');
  // A script that handles secrets carelessly, as scripts under development often do.
  await appendFile(
    join(checkout, 'loadtests', 'single-texts.ts'),
    `console.log(\`target \${target} with \${__ENV.DEPLOY_TOKEN} and Authorization: Bearer ${PLANTED.header}\`);\n` +
      `console.log(\`it knows \${__ENV.SLA_TARGET_TOKEN} and \${__ENV.PROMETHEUS_TOKEN}\`);\n` +
      `import { target } from './lib/load.ts';\n`,
  );
  await writeFile(join(folder.path, 'target-token'), `\n${PLANTED.target}\nanother-line\n`);
  document = join(folder.path, 'sla.yaml');
  const shipped = await readFile(join(ROOT, 'slas', 'documents', 'sentiment-api.yaml'), 'utf8');
  const body = `{ text: "${PLANTED.variable}", password: "${PLANTED.body}" }`;
  await writeFile(document, shipped.replace('bodies:\n', `bodies:\n      - ${body}\n`));
  stack = await startLocalStack({
    root: ROOT,
    env: { ...process.env, API_TOKENS: PLANTED.target },
    prometheusPath: process.env.PROMETHEUS_BIN!,
    selector: { job: 'sentiment-api' },
    folder: folder.path,
    signal: new AbortController().signal,
  });
}, 60_000);
afterAll(async () => {
  await stack[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** One token comes from a file, and the other from a variable. */
function startGate(out: string): RunningSla {
  const prometheus = stack.prometheusUrl.replace('//', `//scraper:${PLANTED.url}@`);
  const load = ['--scenario', 'smoke', '--rate', '30', '--duration', '11s', '--sla', document];
  const args = ['gate', ...load, '--target', stack.serviceUrl, '--prometheus', prometheus, '--out', out];
  const env = {
    DEPLOY_TOKEN: PLANTED.variable,
    SLA_TARGET_TOKEN_FILE: join(folder.path, 'target-token'),
    PROMETHEUS_TOKEN: PLANTED.prometheus,
  };
  return startSla(args, { root: checkout, env });
}

async function everyByte(path: string): Promise<Record<string, string>> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [file, await readFile(file, 'latin1')])),
  );
}

function secretsIn(texts: Record<string, string>): string[] {
  const secrets = [...Object.values(PLANTED), URL_HEADER];
  return Object.entries(texts).flatMap(([name, text]) =>
    secrets.filter((secret) => text.includes(secret)).map((secret) => `${secret} in ${name}`),
  );
}

describe('a run', () => {
  test('never writes or prints a secret', async () => {
    const out = join(folder.path, 'runs');
    const gate = startGate(out);
    await gate.seen(/loading http/);
    // Process arguments are public, so the test checks those of the gate and of k6.
    const processes = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,args='], { encoding: 'utf8' });
    expect(processes).toContain('scripts/cli/sla.ts gate');
    expect(secretsIn({ processes }).filter((found) => !found.startsWith(PLANTED.url))).toEqual([]);
    const { code, stdout, stderr } = await gate.done;
    const files = await everyByte(out);
    expect(secretsIn({ ...files, stdout, stderr })).toEqual([]);
    // The run must reach a verdict; which verdict does not matter.
    expect([0, 1, 3], stderr).toContain(code);
    const { load } = JSON.parse(await readFile(join(out, 'latest', 'run.json'), 'utf8')) as RunRecord;
    // Every request succeeded, so the token is correct.
    expect(load!.answered['2xx']).toBeGreaterThan(0);
    expect(load!.answered['4xx'], stderr).toBe(0);

    const named = (name: string) => Object.entries(files).find(([file]) => file.endsWith(name))![1];
    expect(named('k6.log')).toContain('with [redacted] and Authorization: Bearer [redacted]');
    expect(named('k6.log')).toContain('it knows [redacted] and undefined');
    expect(JSON.parse(named('plan.json')).load.warmUp.bodies[0]).toEqual({
      text: '[redacted]',
      password: '[redacted]',
    });
    expect(JSON.parse(named('load.json')).warmUp.bodies[0].password).toBe('[redacted]');
    expect(named('document.yaml')).toContain('{ text: "[redacted]", password: "[redacted]" }');
    expect(JSON.parse(named('environment.json')).git.remote).toBe('https://example.org/team/harness.git');
    expect(JSON.parse(named('evidence.json')).prometheus.url).toBe(`${stack.prometheusUrl}/`);
  });

  test('that fails does not print or store a secret either', async () => {
    await appendFile(
      join(checkout, 'loadtests', 'single-texts.ts'),
      "throw new Error('not with ' + __ENV.DEPLOY_TOKEN);\n",
    );
    const out = join(folder.path, 'failed runs');
    const { code, stdout, stderr } = await startGate(out).done;
    const files = await everyByte(out);
    expect(code).toBe(4);
    expect(stderr).toContain('not with [redacted]');
    expect(Object.keys(files).map((file) => file.split('/').at(-1))).toContain('k6.log');
    expect(secretsIn({ ...files, stdout, stderr })).toEqual([]);
  });
});
