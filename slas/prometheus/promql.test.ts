import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parseDocument } from '../document/document.ts';
import { unwrap } from '../model/result.ts';
import { planScenario } from '../plan/plan.ts';
import { SHIPPED_YAML } from '../testing/cases.ts';
import { toolPath } from '../testing/prometheus-server.ts';
import { rawSamples, select, selector, selectorsOfPlan } from './promql.ts';

const format = async (query: string) =>
  (
    await promisify(execFile)(toolPath('PROMTOOL_BIN'), ['--experimental', 'promql', 'format', query], {
      timeout: 10_000,
    })
  ).stdout.trim();

describe('selectors', () => {
  test("labels keep their order, and the service's labels come first", () => {
    const selection = { metric: 'http_requests', where: { status: { matches: '2..' }, method: 'POST' } };
    expect(select({ job: 'api' }, selection, '_bucket')).toBe(
      'http_requests_bucket{job="api",status=~"2..",method="POST"}',
    );
  });

  test('without labels there are no braces', () => expect(selector('up', {})).toBe('up'));

  test.each([
    [60, 'up[60000ms]'],
    [0.5, 'up[500ms]'],
    [60.0004, 'up[60001ms]'],
  ])('selects samples of at least %d s', (seconds, query) => expect(rawSamples('up', seconds)).toBe(query));
});

describe('promtool parses', () => {
  test.each([
    'plain',
    'with "quotes"',
    'back\\slash',
    'ends in a backslash\\',
    'two\nlines',
    '"} or vector(1) or up{x="',
    'umlaut ä, emoji 🙂',
    '',
  ])('a label with the value %j, and reads the same value', async (value) => {
    const query = selector('up', { job: value });
    const formatted = await format(query);
    expect(formatted.startsWith('up{job="') && formatted.endsWith('"}')).toBe(true);
    expect(JSON.parse(formatted.slice('up{job='.length, -1))).toBe(value);
  });

  test('every query of the shipped document', async () => {
    const plan = unwrap(planScenario(unwrap(parseDocument(SHIPPED_YAML)), 'steady'));
    const queries = selectorsOfPlan(plan).map((one) => rawSamples(one, 75));
    expect(queries.length).toBeGreaterThan(8);
    const sorted = (text: string) => [...text].sort().join('');
    for (const query of queries)
      expect(sorted(await format(query)), query).toBe(sorted(query.replace('[75000ms]', '[1m15s]')));
  });
});
