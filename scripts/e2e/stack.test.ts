import { join } from 'node:path';
import { expect, test } from 'vitest';
import { copyCheckout, sla, temporaryFolder } from '../testing/sla.ts';
import { expectVerdict, preconditionOf } from '../testing/verdict.ts';

const address = (name: string, text: string) => new RegExp(`^${name} +(\\S+)$`, 'm').exec(text)![1]!;

const answers = async (url: string) => {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2000) })).status;
  } catch {
    return null;
  }
};

test.concurrent("a stack stays up, carries a run that is judged later, serves another process's gate, and is removed completely", async () => {
  // A separate checkout: the name of its socket depends on its folder, so it does not affect other stacks.
  await using folder = await temporaryFolder();
  const root = join(folder.path, 'a checkout');
  await copyCheckout(root);
  const here = (...args: string[]) => sla(args, { root });

  expect(await here('stack', 'status')).toMatchObject({
    code: 4,
    stdout: expect.stringContaining('no stack is running'),
  });
  // Of two commands at the same time, only one starts the stack, and both report it.
  const [up, second] = await Promise.all([here('stack', 'up'), here('stack', 'up')]);
  expect(up, up.stderr).toMatchObject({ code: 0 });
  expect(second.stdout).toBe(up.stdout);
  const service = address('service', up.stdout);
  const prometheus = address('Prometheus', up.stdout);
  try {
    expect(await answers(`${service}/health/ready`)).toBe(200);
    expect((await here('stack', 'status')).stdout).toContain(service);
    expect((await here('stack', 'up')).stdout).toContain(service);

    const run = await here('run', 'smoke', '--rate', '30', '--duration', '12s');
    expect(run.stderr).toContain(`using the running stack: ${service}`);
    const verified = await here('verify', '--json');
    const verdict = expectVerdict(verified, (one) => {
      expect(run, run.stderr).toMatchObject({ code: 0 });
      expect(one).toMatchObject({ verdict: 'pass', scenario: 'smoke' });
    });

    // The same window has the same counts when it is queried again as a window without a load.
    const asked = expectVerdict(await here('verify', 'latest', '--prometheus', prometheus, '--json'));
    expect(asked.objectives).toEqual(verdict.objectives);
    expect(asked.reconciliation).toEqual(verdict.reconciliation);
    const { from, to } = verdict.window;
    const bare = expectVerdict(
      await here('verify', '--prometheus', prometheus, '--from', from, '--to', to, '--json'),
      (one) => expect(one.verdict).toBe('pass'),
    );
    expect(bare.objectives.map(({ samples }) => samples)).toEqual(
      verdict.objectives.map(({ samples }) => samples),
    );
    expect(preconditionOf(bare, 'load-delivered')).toMatchObject({ ok: null });

    const load = ['--scenario', 'smoke', '--rate', '30', '--duration', '12s'];
    const gate = await here('gate', ...load, '--target', service, '--prometheus', prometheus, '--json');
    expectVerdict(gate, (one) => expect(one.verdict).toBe('pass'));
    expect(gate.code).toBe(0);
  } finally {
    expect(await here('stack', 'down')).toMatchObject({ code: 0, stdout: 'the stack is down\n' });
  }
  expect(await answers(`${service}/health/live`)).toBeNull();
  expect(await answers(`${prometheus}/-/ready`)).toBeNull();
  expect((await here('stack', 'down')).stdout).toBe('no stack was running\n');
}, 180_000);

test.concurrent('with alerts, a stack has an Alertmanager if one is installed', async () => {
  await using folder = await temporaryFolder();
  const root = join(folder.path, 'a checkout');
  await copyCheckout(root);
  const here = (...args: string[]) => sla(args, { root });

  const up = await here('stack', 'up', '--with', 'alerts');
  try {
    expect(up, up.stderr).toMatchObject({ code: 0 });
    const rules = await fetch(`${address('Prometheus', up.stdout)}/api/v1/rules?type=alert`);
    expect(await rules.text()).toContain('"name":"HighErrorRate"');
    const alertmanager = address('Alertmanager', up.stdout);
    expect(await answers(`${alertmanager}/-/ready`)).toBe(200);
    expect(await answers(`${address('service', up.stdout)}/health/ready`)).toBe(200);
  } finally {
    await here('stack', 'down');
  }
  expect(await answers(`${address('service', up.stdout)}/health/live`)).toBeNull();
  expect(await answers(`${address('Alertmanager', up.stdout)}/-/ready`)).toBeNull();

  // A machine without an Alertmanager still evaluates the rules. If the user asked for notifications, the command says that
  // they cannot be sent.
  const env = {
    ALERTMANAGER_BIN: '',
    PATH: folder.path,
    SLA_CACHE_DIR: folder.path,
    SLA_RELEASES_URL: 'http://127.0.0.1:1',
  };
  const asked = { ...env, ALERT_WEBHOOK_URL: 'http://127.0.0.1:9/alerts' };
  expect(await sla(['stack', 'up', '--with', 'alerts'], { root, env: asked })).toMatchObject({
    code: 4,
    stderr: expect.stringContaining('ALERTMANAGER_BIN'),
  });
  const without = await sla(['stack', 'up', '--with', 'alerts'], { root, env });
  try {
    expect(without, without.stderr).toMatchObject({ code: 0 });
    expect(without.stderr).toContain(
      'no Alertmanager was found: alerts are evaluated, but no notifications are sent',
    );
    expect(without.stdout).not.toContain('Alertmanager');
  } finally {
    await here('stack', 'down');
  }
}, 180_000);
