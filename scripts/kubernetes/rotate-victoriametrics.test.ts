import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { compareSync } from 'bcryptjs';
import { expect, test } from 'vitest';
import { startPrometheusWith } from '../../slas/testing/prometheus-server.ts';
import { temporaryFolder } from '../testing/sla.ts';
import { named, ofKind } from './manifest.ts';
import { rotate } from './rotate.ts';
import { hashed, hashesIn, type SecretData, webConfig } from './secrets.ts';
import { objectsOf } from './testing/overlays.ts';
import { refused, StoredSecrets } from './testing/stored-secrets.ts';

/**
 * Prometheus drops samples that VictoriaMetrics refuses. VictoriaMetrics must therefore never run while the two have
 * different passwords.
 */

const CLIENT = 'victoriametrics-client.yml';

interface Settings {
  /** By pod, how many attempts of promtool fail before the Secret's new files have arrived. */
  readonly delays?: Readonly<Record<string, number>>;
  readonly isDeployed?: boolean;
  readonly client?: string;
}

/**
 * Simulates a cluster. VictoriaMetrics reads its password only when it starts. A Prometheus pod gets the new files some time
 * after the Secret has changed.
 */
class Cluster extends StoredSecrets {
  readonly lost: string[] = [];
  readonly settings: Settings;
  replicas = 1;
  private ending = 0;
  private accepted: SecretData;
  readonly sent: Record<string, { login: SecretData; web: string; waits: number }>;

  constructor(settings: Settings) {
    super((args) => this.answer(args));
    this.settings = settings;
    this.accepted = this.data('victoriametrics-login');
    const web = this.data('prometheus-login')['web-config.yml']!;
    this.sent = Object.fromEntries(
      Object.entries(settings.delays ?? { 'prometheus-a': 0 }).map(([pod, waits]) => [
        pod,
        { login: this.accepted, web, waits },
      ]),
    );
  }

  private answer(args: readonly string[]): string {
    const text = args.join(' ');
    this.look(text);
    if (text.startsWith('get deployment victoriametrics'))
      return this.settings.isDeployed === false ? '' : 'deployment.apps/victoriametrics\n';
    if (text.startsWith('get configmap'))
      return JSON.stringify({ data: { [this.settings.client ?? CLIENT]: 'basic_auth: …' } });
    if (text.includes('scale')) return this.scale(Number(/--replicas=(\d)/.exec(text)![1]));
    if (text.includes('name=victoriametrics'))
      return this.replicas > 0 || this.ending-- > 0 ? 'victoriametrics-a' : '';
    if (text.includes('name=prometheus')) return Object.keys(this.sent).join(' ');
    if (text.startsWith('exec')) return this.promtool(args);
    return '';
  }

  private scale(replicas: number): string {
    this.replicas = replicas;
    if (replicas === 0) this.ending = 2;
    else this.accepted = this.data('victoriametrics-login');
    return '';
  }

  /** Records lost samples. The last pod of VictoriaMetrics accepts connections even while it is ending. */
  private look(during: string): void {
    const isListening = this.replicas > 0 || this.ending > 0;
    for (const [pod, { login }] of Object.entries(this.sent))
      if (isListening && login.password !== this.accepted.password) this.lost.push(`${pod}: ${during}`);
    const isMounted = this.data('victoriametrics-login').password === this.accepted.password;
    // The running VictoriaMetrics would also get the new password file, because its volume is updated.
    if (isListening && !isMounted) this.lost.push(`changed while it runs: ${during}`);
  }

  private promtool(args: readonly string[]): string {
    const files = this.sent[args[3]!]!;
    if (files.waits-- > 0) throw refused('401 Unauthorized');
    files.login = this.data('victoriametrics-login');
    files.web = this.data('prometheus-login')['web-config.yml']!;
    const hash = hashesIn(files.web)[files.login.username!];
    if (hash === undefined || !compareSync(files.login.password!, hash)) throw refused('401 Unauthorized');
    return 'Prometheus is Ready.';
  }
}

async function rotated(settings: Settings = {}, cluster = new Cluster(settings), limitMs = 30_000) {
  const before = cluster.data('victoriametrics-login');
  const web = cluster.data('prometheus-login')['web-config.yml'];
  const said: string[] = [];
  const io = {
    ...{ kubectl: cluster.kubectl, namespace: 'sentiment-analysis' },
    ...{ signal: AbortSignal.timeout(limitMs), progress: (line: string) => void said.push(line) },
  };
  const failure = await rotate('victoriametrics', io).then(
    () => null,
    (error: Error) => error,
  );
  return { cluster, before, web, said, failure, after: cluster.data('victoriametrics-login') };
}

test('no sample is refused, however late a replica gets the new password', async () => {
  const { cluster, before, after, web, failure } = await rotated({
    delays: { 'prometheus-a': 0, 'prometheus-b': 3 },
  });
  expect(failure).toBeNull();
  expect(after.password).not.toBe(before.password);
  expect(cluster.lost).toEqual([]);
  expect(cluster.replicas).toBe(1);
  // Prometheus no longer accepts the temporary login of VictoriaMetrics.
  expect(Object.keys(hashesIn(cluster.data('prometheus-login')['web-config.yml']!))).toEqual(
    Object.keys(hashesIn(web!)),
  );
  // Grafana is restarted last, because it reads the password when it starts.
  expect(cluster.commands.findLast((one) => one.includes('rollout restart'))).toContain('deployment/grafana');
});

test('an interrupted rotation prints the next step, and a second rotation completes it without losing a sample', async () => {
  const { cluster, said, failure } = await rotated({ delays: { 'prometheus-a': 1_000 } }, undefined, 1_000);
  expect(failure).not.toBeNull();
  expect(said.at(-1)).toContain('run it again within two hours');
  expect(cluster.replicas).toBe(0);
  cluster.sent['prometheus-a']!.waits = 1;
  expect((await rotated({}, cluster)).failure).toBeNull();
  expect(cluster.replicas).toBe(1);
  expect(cluster.lost).toEqual([]);
});

test('if VictoriaMetrics is not deployed, only the password in its Secret changes', async () => {
  const { cluster, before, after, failure } = await rotated({ isDeployed: false });
  expect(failure).toBeNull();
  expect(after.password).not.toBe(before.password);
  expect(cluster.commands.filter((one) => /scale|restart|exec/.test(one))).toEqual([]);
});

test('older manifests without the promtool configuration are refused before anything is stopped', async () => {
  const { cluster, before, after, failure } = await rotated({ client: 'client.yml' });
  expect(failure).toMatchObject({ code: 'old-manifests', nextStep: expect.stringContaining('apply') });
  expect(after).toEqual(before);
  expect(cluster.replicas).toBe(1);
});

test('promtool in the pod of Prometheus shows whether the pod has the new login files', async () => {
  await using folder = await temporaryFolder();
  const maps = ofKind(await objectsOf('production with victoriametrics'), 'ConfigMap');
  const client = named(maps, 'prometheus-config')!.data![CLIENT]!;
  const login = join(folder.path, 'victoriametrics');
  await mkdir(login);
  await writeFile(join(folder.path, 'client.yml'), client.replaceAll('/etc/prometheus', folder.path));
  await writeFile(join(folder.path, 'web.yml'), webConfig({ 'sla-1': hashed('own'), sla: hashed('new') }));
  const args = [`--web.config.file=${join(folder.path, 'web.yml')}`];
  await using server = await startPrometheusWith(async () => {}, { args });
  const isReady = async (password: string) => {
    await writeFile(join(login, 'username'), 'sla');
    await writeFile(join(login, 'password'), password);
    const check = ['check', 'ready', `--url=${server.url}`];
    const own = [`--http.config.file=${join(folder.path, 'client.yml')}`];
    return await promisify(execFile)(process.env.PROMTOOL_BIN!, [...check, ...own]).then(
      () => true,
      () => false,
    );
  };
  expect([await isReady('old'), await isReady('new')]).toEqual([false, true]);
});
