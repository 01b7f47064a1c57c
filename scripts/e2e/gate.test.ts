import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SKIPS_LONG } from '../testing/long.ts';
import { sla, temporaryFolder } from '../testing/sla.ts';
import { expectVerdict, objectiveOf, outcomesOf, preconditionOf } from '../testing/verdict.ts';

/** The gate from end to end: the real service, the real k6, a real Prometheus, as processes. */

/** A short load that still has enough requests for a p99 (299), and enough scrapes for a census (10). */
const SHORT = ['--scenario', 'smoke', '--rate', '30', '--duration', '12s'];

const ALL_MET = {
  'latency-p95': 'met',
  'latency-p99': 'met',
  'error-rate': 'met',
  throughput: 'met',
  'model-uptime': 'met',
  confidence: 'met',
};

describe('a healthy service', () => {
  test('passes with the same counts in k6, the service and the verdict, and can be judged again', async () => {
    await using folder = await temporaryFolder();
    const gated = await sla(['gate', ...SHORT, '--out', folder.path, '--json']);
    const verdict = expectVerdict(gated, (one) => expect(outcomesOf(one)).toEqual(ALL_MET));
    expect(gated.code).toBe(0);

    const run = join(folder.path, 'latest');
    const k6 = JSON.parse(await readFile(join(run, 'k6-summary.json'), 'utf8'));
    const sent = k6.metrics.http_reqs.count;
    expect(sent).toBeGreaterThanOrEqual(360);
    for (const id of ['latency-p95', 'latency-p99', 'error-rate', 'throughput', 'confidence']) {
      expect(objectiveOf(verdict, id).samples).toBe(sent);
    }
    expect(verdict.preconditions.filter(({ ok }) => ok !== true)).toMatchObject([
      { id: 'thresholds-kept', ok: null, detail: 'the load script sets no thresholds' },
    ]);
    expect(preconditionOf(verdict, 'client-and-server-agree')?.detail).toBe(
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
  test('detect a slow and a failing service, each gate on its own ports', async () => {
    await using folder = await temporaryFolder();
    const gate = (faults: string) =>
      sla(['gate', ...SHORT, '--no-abort', '--out', folder.path, '--faults', faults, '--json']);
    const [slow, failing] = await Promise.all([gate('latency=250ms'), gate('errors=4%,confidence=0.78')]);
    expectVerdict(slow, (verdict) => {
      expect(outcomesOf(verdict)).toMatchObject({ 'latency-p95': 'missed', 'error-rate': 'met' });
      expect(objectiveOf(verdict, 'latency-p95').value).toBeGreaterThanOrEqual(0.25);
    });
    expect(slow.code).toBe(1);

    expectVerdict(failing, (verdict) => {
      expect(outcomesOf(verdict)).toMatchObject({ 'error-rate': 'missed', confidence: 'missed' });
      expect(objectiveOf(verdict, 'error-rate')).toMatchObject({ severity: 'target' });
      expect(objectiveOf(verdict, 'error-rate').value).toBeCloseTo(0.04, 2);
      expect(objectiveOf(verdict, 'confidence').value).toBeCloseTo(0.78, 2);
    });
    expect(failing.code).toBe(1);
  });
});

test.skipIf(SKIPS_LONG)(
  'three load generators give the same verdict as a single one',
  { timeout: 180_000 },
  async () => {
    await using folder = await temporaryFolder();
    const gate = (...more: string[]) =>
      sla(['gate', ...SHORT, '--no-abort', '--faults', 'errors=5%', '--out', folder.path, '--json', ...more]);
    // One after the other: two services and four load generators at a time need more than two cores.
    const one = await gate();
    const three = await gate('--generators', '3');
    const verdicts = [one, three].map((done) =>
      expectVerdict(done, (verdict) => {
        const { value, samples, ...errorRate } = objectiveOf(verdict, 'error-rate');
        // Faults are spread evenly, so the same number of requests always fails.
        expect(errorRate).toMatchObject({ verdict: 'missed', severity: 'target' });
        expect([samples, value]).toEqual([360, 0.05]);
        expect(verdict.reconciliation.every(({ ok }) => ok)).toBe(true);
        expect(preconditionOf(verdict, 'load-delivered')?.detail).toContain('360 of 360');
      }),
    );
    expectVerdict(three, (verdict) => expect(outcomesOf(verdict)).toEqual(outcomesOf(verdicts[0]!)));
  },
);
