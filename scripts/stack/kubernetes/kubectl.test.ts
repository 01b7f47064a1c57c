import { existsSync } from 'node:fs';
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { slaHere, temporaryFolder } from '../../testing/sla.ts';
import { kubectlOf } from './kubectl.ts';
import { forward } from './port-forward.ts';

/** A replacement for kubectl that records its environment and its arguments. */
const PROGRAM = `#!/bin/sh
tr '\\0' '\\n' </proc/$$/environ >"$NOTES/$$.env"
printf '%s\\n' "$@" >"$NOTES/$$.args"
case "$*" in
  *port-forward*no-such*) echo 'Error from server (NotFound): services "no-such" not found' >&2; exit 1 ;;
  *port-forward*silent*) exec sleep 60 ;;
  *port-forward*) echo 'Forwarding from 127.0.0.1:4242 -> 9090'; exec sleep 60 ;;
  *echo-input*) cat ;;
  *) echo '{"metadata":{"name":"x"},"items":[]}' ;;
esac
`;

/** Secrets of the harness and the service. kubectl must not receive any of them. */
const SECRETS = {
  SLA_TARGET_TOKEN: 'secret-of-the-target',
  SLA_LISTEN_TOKEN: 'secret-of-the-verifier',
  PROMETHEUS_USER: 'sla-1',
  PROMETHEUS_PASSWORD: 'secret-of-prometheus',
  PROMETHEUS_HEADERS: 'X-Scope: secret-of-a-header',
  GRAFANA_TOKEN: 'secret-of-grafana',
  METRICS_TOKENS: 'secret-of-metrics-0123456789',
  API_TOKENS: 'secret-of-the-api-0123456789',
  ALERT_WEBHOOK_URL: 'https://hooks.example.org/secret-of-the-hook',
};

async function noting() {
  const folder = await temporaryFolder();
  const program = join(folder.path, 'my-kubectl');
  await writeFile(program, PROGRAM);
  await chmod(program, 0o755);
  const notes = await temporaryFolder();
  const read = async (suffix: string) => {
    const files = (await readdir(notes.path)).filter((name) => name.endsWith(suffix));
    return await Promise.all(files.map((name) => readFile(join(notes.path, name), 'utf8')));
  };
  const { PATH = '' } = process.env;
  return {
    env: { ...SECRETS, PATH, KUBECTL_BIN: program, NOTES: notes.path, KUBECONFIG: '/nowhere/config' },
    environments: () => read('.env'),
    args: () => read('.args'),
    [Symbol.asyncDispose]: async () => {
      await folder[Symbol.asyncDispose]();
      await notes[Symbol.asyncDispose]();
    },
  };
}

const signal = AbortSignal.timeout(60_000);

test.each([
  ['doctor', '--kubernetes'],
  ['kubernetes', 'secrets'],
  ['gate', '--stack', 'kubernetes', '--scenario', 'smoke'],
])(
  '%s %s: the program of KUBECTL_BIN gets no secret, neither in its environment nor in its arguments',
  async (...args) => {
    await using kubectl = await noting();
    await slaHere(args, undefined, { env: { ...process.env, ...kubectl.env }, signal });
    const environments = await kubectl.environments();
    expect(environments.length).toBeGreaterThan(0);
    for (const text of [...environments, ...(await kubectl.args())])
      expect(text).not.toMatch(/secret-of|PROMETHEUS_|SLA_/);
    // kubectl still gets the variables that its login plugins need.
    for (const text of environments) expect(text).toContain('KUBECONFIG=/nowhere/config');
  },
  60_000,
);

test('kubectl reads the object to create from standard input, not from its arguments', async () => {
  await using kubectl = await noting();
  const text = await kubectlOf({ env: kubectl.env, context: 'there' }).run(['echo-input'], { input: 'x' });
  expect(text).toBe('x');
  expect(await kubectl.args()).toEqual(['--context\nthere\necho-input\n']);
});

test('a forwarded port stays open until it is disposed of, and then its kubectl process has ended', async () => {
  await using kubectl = await noting();
  const target = { namespace: 'a', service: 'prometheus', port: 9090 };
  const open = await forward(kubectlOf({ env: kubectl.env }), target, signal);
  expect(open).toMatchObject({ url: 'http://127.0.0.1:4242' });
  expect(open.isOpen()).toBe(true);
  await open[Symbol.asyncDispose]();
  expect(open.isOpen()).toBe(false);
  expect(await kubectl.environments()).toHaveLength(1);
  expect((await kubectl.environments())[0]).not.toContain('secret-of');
});

test('if a port cannot be forwarded, the error quotes kubectl', async () => {
  await using kubectl = await noting();
  const target = { namespace: 'a', service: 'no-such', port: 9090 };
  await expect(forward(kubectlOf({ env: kubectl.env }), target, signal)).rejects.toMatchObject({
    code: 'kubectl',
    message: expect.stringContaining('services "no-such" not found'),
  });
});

test('Ctrl-C ends a kubectl that has not yet forwarded its port', async () => {
  await using kubectl = await noting();
  const stop = new AbortController();
  const target = { namespace: 'a', service: 'silent', port: 9090 };
  const opening = forward(kubectlOf({ env: kubectl.env }), target, stop.signal);
  const [file] = await notesIn(kubectl.env.NOTES);
  stop.abort(new Error('interrupted'));
  await expect(opening).rejects.toThrow('interrupted');
  expect(existsSync(`/proc/${file!.split('.')[0]}`)).toBe(false);
});

/** The names of the files that a started kubectl replacement has written. */
async function notesIn(folder: string): Promise<readonly string[]> {
  for (;;) {
    const files = (await readdir(folder)).filter((name) => name.endsWith('.args'));
    if (files.length > 0) return files;
    signal.throwIfAborted();
    await delay(20);
  }
}
