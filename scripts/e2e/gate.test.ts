import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { VerdictDocument } from '../../slas/render/json.ts';
import { SHIPPED_DOCUMENT } from '../cli/inputs.ts';
import { isAlive, ROOT, sla, startSla, temporaryFolder } from '../testing/sla.ts';

/** The gate from end to end: the real service, the real k6, a real Prometheus, as processes. */

/** Short, but with enough requests for a p99 (299) and scrapes for a census (10). */
const SHORT = ['--scenario', 'smoke', '--rate', '30', '--duration', '12s'];

const outcomes = ({ objectives }: VerdictDocument) =>
  Object.fromEntries(objectives.map(({ id, verdict }) => [id, verdict]));
const objective = (verdict: VerdictDocument, id: string): VerdictDocument['objectives'][number] =>
  verdict.objectives.find((one) => one.id === id)!;

const ALL_MET = {
  'latency-p95': 'met',
  'latency-p99': 'met',
  'error-rate': 'met',
  throughput: 'met',
  'model-uptime': 'met',
  confidence: 'met',
};

describe('a healthy service', () => {
  test('passes; k6, the service and the verdict have the same counts; the run can be judged again', async () => {
    await using folder = await temporaryFolder();
    const gated = await sla(['gate', ...SHORT, '--out', folder.path, '--json']);
    const verdict = JSON.parse(gated.stdout) as VerdictDocument;
    expect(outcomes(verdict)).toEqual(ALL_MET);
    expect(gated.code).toBe(0);

    const run = join(folder.path, 'latest');
    const k6 = JSON.parse(await readFile(join(run, 'k6-summary.json'), 'utf8'));
    const sent = k6.metrics.http_reqs.count;
    expect(sent).toBeGreaterThanOrEqual(360);
    for (const id of ['latency-p95', 'latency-p99', 'error-rate', 'throughput', 'confidence']) {
      expect(objective(verdict, id).samples).toBe(sent);
    }
    expect(verdict.preconditions.filter(({ ok }) => ok !== true)).toMatchObject([
      { id: 'thresholds-kept', ok: null, detail: 'the load script sets no thresholds' },
    ]);
    expect(verdict.preconditions.find(({ id }) => id === 'client-and-server-agree')?.detail).toBe(
      `requests: the client received ${sent} responses, the service counted ${sent}`,
    );

    expect(verdict.reconciliation.map(({ what, client, service }) => [what, client, service])).toEqual([
      ['requests', sent, sent],
      ['2xx', sent, sent],
      ['latencies of /predict', sent, sent],
      ['observations of confidence', sent, sent],
    ]);

    const again = await sla(['verify', run, '--json']);
    expect(again.stdout).toBe(gated.stdout);
    expect(again.code).toBe(0);
    const files = await readdir(run);
    expect(files).toEqual(
      expect.arrayContaining([
        'plan.json',
        'run.json',
        'k6-summary.json',
        'evidence.json',
        'verdict.json',
        'junit.xml',
        'summary.md',
        'logs',
      ]),
    );
    expect(await readFile(join(run, 'junit.xml'), 'utf8')).toContain('tests="6" failures="0" errors="0"');
    expect(await readFile(join(run, 'summary.md'), 'utf8')).toContain('PASS: all 6 objectives are met');
  });
});

describe('two gates at the same time', () => {
  test('detect a slow and a failing service, each on ports of its own', async () => {
    await using folder = await temporaryFolder();
    const gate = (faults: string) =>
      sla(['gate', ...SHORT, '--no-abort', '--out', folder.path, '--faults', faults, '--json']);
    const [slow, failing] = await Promise.all([gate('latency=250ms'), gate('errors=4%,confidence=0.78')]);
    const slowVerdict = JSON.parse(slow.stdout) as VerdictDocument;
    expect(slow.code).toBe(1);
    expect(outcomes(slowVerdict)).toMatchObject({ 'latency-p95': 'missed', 'error-rate': 'met' });
    expect(objective(slowVerdict, 'latency-p95').value).toBeGreaterThanOrEqual(0.25);

    const failingVerdict = JSON.parse(failing.stdout) as VerdictDocument;
    expect(failing.code).toBe(1);
    expect(outcomes(failingVerdict)).toMatchObject({ 'error-rate': 'missed', confidence: 'missed' });
    expect(objective(failingVerdict, 'error-rate')).toMatchObject({ severity: 'target' });
    expect(objective(failingVerdict, 'error-rate').value).toBeCloseTo(0.04, 2);
    expect(objective(failingVerdict, 'confidence').value).toBeCloseTo(0.78, 2);
  });
});

test('three load generators give the same verdict as one', { timeout: 180_000 }, async () => {
  await using folder = await temporaryFolder();
  const gate = (...more: string[]) =>
    sla(['gate', ...SHORT, '--no-abort', '--faults', 'errors=5%', '--out', folder.path, '--json', ...more]);
  const one = JSON.parse((await gate()).stdout) as VerdictDocument;
  const three = JSON.parse((await gate('--generators', '3')).stdout) as VerdictDocument;
  for (const verdict of [one, three]) {
    const { value, samples, ...errorRate } = objective(verdict, 'error-rate');
    // Faults are spread evenly: the same number of requests always fails.
    expect(errorRate).toMatchObject({ verdict: 'missed', severity: 'target' });
    expect([samples, value]).toEqual([360, 0.05]);
    expect(verdict.reconciliation.every(({ ok }) => ok)).toBe(true);
    expect(verdict.preconditions.find(({ id }) => id === 'load-delivered')?.detail).toContain('360 of 360');
  }
  expect(outcomes(three)).toEqual(outcomes(one));
});

describe('a run that can no longer pass', () => {
  test('is stopped, and fails', async () => {
    await using folder = await temporaryFolder();
    const { code, stdout } = await sla(['gate', '--out', folder.path, '--faults', 'errors=20%', '--json']);
    const verdict = JSON.parse(stdout) as VerdictDocument;
    expect(code).toBe(1);
    expect(outcomes(verdict)).toMatchObject({ 'error-rate': 'missed', 'latency-p95': 'undecided' });
    expect(objective(verdict, 'error-rate').reason).toContain('certain, although');
    // Our stop interrupted the requests in flight; they are not errors of the service.
    expect(objective(verdict, 'error-rate').value).toBeCloseTo(0.2, 1);
    // 15 of the planned 1,500 are too many: the 75th request reaches that number, and k6 checks every 2 s.
    expect(objective(verdict, 'error-rate').samples).toBeLessThan(750);
  });
});

describe('a process that dies during the load is evidence', () => {
  async function gateLosing(commandLine: string): Promise<{ code: number | null; verdict: VerdictDocument }> {
    await using folder = await temporaryFolder();
    const gate = startSla(['gate', ...SHORT, '--out', folder.path, '--json']);
    // k6 is halfway through its 12 s.
    await gate.seen(/loading: \d+ of/);
    const victims = gate.children(commandLine);
    expect(victims).toHaveLength(1);
    process.kill(victims[0]!, 'SIGKILL');
    const { code, stdout } = await gate.done;
    return { code, verdict: JSON.parse(stdout) as VerdictDocument };
  }

  test('Prometheus: inconclusive', async () => {
    const { code, verdict } = await gateLosing('--config.file');
    expect(code).toBe(3);
    expect(new Set(Object.values(outcomes(verdict)))).toEqual(new Set(['undecided']));
    expect(verdict.preconditions.find(({ id }) => id === 'nothing-died')).toMatchObject({ ok: false });
  });

  test('the service: its unanswered requests break the error rate for certain', async () => {
    const { code, verdict } = await gateLosing('service/server.ts');
    expect(code).toBe(1);
    expect(outcomes(verdict)).toMatchObject({
      'error-rate': 'missed',
      'latency-p95': 'missed',
      throughput: 'undecided',
    });
  });

  test('k6: inconclusive', async () => {
    const { code, verdict } = await gateLosing('smoke.ts');
    expect(code).toBe(3);
    expect(verdict.preconditions.find(({ id }) => id === 'load-delivered')).toMatchObject({ ok: false });
  });
});

describe('Ctrl-C', () => {
  test.each<string | RegExp>(['starting the service', 'warming up', 'loading http', /loading: \d+ of/])(
    'during "%s" leaves nothing behind',
    async (moment) => {
      await using folder = await temporaryFolder();
      const gate = startSla(['gate', ...SHORT, '--out', folder.path]);
      await gate.seen(moment);
      const watchdog = gate.children('/bin/sh');
      const children = gate.children('').filter((pid) => !watchdog.includes(pid));
      gate.child.kill('SIGINT');
      const { code, stderr } = await gate.done;
      expect(code).toBe(130);
      expect(stderr).toContain('interrupted: everything that was started has been stopped');
      expect(children.filter(isAlive)).toEqual([]);
      // By design it outlives the harness, until it has seen it end.
      await expect.poll(() => watchdog.filter(isAlive), { timeout: 20_000 }).toEqual([]);
      // Prometheus's data are removed, too; everything reported so far stays.
      const logs = await readdir(join(folder.path, 'latest', 'logs'));
      expect(logs).not.toContain('prometheus-data');
    },
  );
});

test('a killed harness takes its child processes with it', async () => {
  await using folder = await temporaryFolder();
  const gate = startSla(['gate', ...SHORT, '--out', folder.path]);
  await gate.seen(/loading: \d+ of/);
  const children = gate.children('').filter((pid) => !gate.children('/bin/sh').includes(pid));
  expect(children).toHaveLength(3);
  gate.child.kill('SIGKILL');
  await gate.done;
  await expect.poll(() => children.filter(isAlive), { timeout: 20_000 }).toEqual([]);
});

describe('a run that cannot start is a harness failure', () => {
  test('a scenario whose script k6 cannot run', async () => {
    await using folder = await temporaryFolder();
    const document = join(folder.path, 'sla.yaml');
    const shipped = await readFile(join(ROOT, SHIPPED_DOCUMENT), 'utf8');
    // A k6 module that is not a script: it exports no function to run.
    await writeFile(document, shipped.replace('seed: 1', 'script: loadtests/lib/load.ts\n    seed: 1'));
    const { code, stderr } = await sla([
      'gate',
      '--sla',
      document,
      '--scenario',
      'smoke',
      '--out',
      folder.path,
    ]);
    expect(stderr).toContain('k6 cannot run loadtests/lib/load.ts');
    expect(code).toBe(4);
  });

  test('a run folder that cannot be created', async () => {
    const { code, stderr } = await sla(['gate', '--out', '/dev/null/runs']);
    expect(stderr).toContain('/dev/null/runs');
    expect(stderr).toContain('--out DIR');
    expect(code).toBe(4);
    expect(existsSync('/dev/null/runs')).toBe(false);
  });
});
