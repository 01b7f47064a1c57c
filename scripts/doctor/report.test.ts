import { describe, expect, test } from 'vitest';
import { examine } from './examine.ts';
import { exitCodeOf, reportOf } from './report.ts';
import { healthy, NOW_MS, ok } from './testing/healthy-state.ts';

describe('the report', () => {
  test('contains the next step and the runbook of each finding, and the exit code is 1', () => {
    const checks = examine({ ...healthy, missingSecrets: ok(['grafana-admin']) }, NOW_MS);
    const text = reportOf({ namespace: 'sentiment-analysis' }, checks);
    expect(text).toContain('✗ secrets');
    expect(text).toContain('secret grafana-admin: it does not exist, and grafana-1 cannot start without it');
    expect(text).toContain('next: create it');
    expect(text).toContain('docs/runbooks/Kubernetes.md#secrets');
    expect(text).toMatch(/\n1 finding\n$/);
    expect(exitCodeOf(checks)).toBe(1);
  });

  test('contains commands that can be copied', () => {
    const checks = examine({ ...healthy, slices: ok([]) }, NOW_MS);
    expect(reportOf({ namespace: 'a', context: 'b' }, checks)).toContain(
      'next: find out why: kubectl --context b -n a get pods -l app.kubernetes.io/name=sentiment-api',
    );
  });

  test('lists what could not be checked, and the exit code is 3', () => {
    const why = 'Error from server (Forbidden): nodes "one" is forbidden';
    const checks = examine({ ...healthy, throttling: { ok: false, kind: 'forbidden', why } }, NOW_MS);
    const text = reportOf({ namespace: 'sentiment-analysis' }, checks);
    expect(text).toMatch(/\? CPU limits +not checked: Error from server \(Forbidden\)/);
    expect(text).toContain('nothing found; 1 of 10 checks could not be made');
    expect(exitCodeOf(checks)).toBe(3);
  });
});
