import { expect, test } from 'vitest';
import { parseDocument } from '../../slas/document/document.ts';

import { unwrap } from '../../slas/model/result.ts';
import { planScenario } from '../../slas/plan/plan.ts';
import { SHIPPED_YAML } from '../../slas/testing/cases.ts';
import { createTerminal } from '../cli/terminal.ts';
import { watchLoad } from './live.ts';

const plan = unwrap(planScenario(unwrap(parseDocument(SHIPPED_YAML)), 'steady', { durationSeconds: 60 }));
const { plannedRequests } = plan.load!;
const all = plannedRequests.toLocaleString('en-US');

const request = (durationMs: number, status = 200) => ({
  endMs: 1,
  durationMs,
  status,
  path: '/predict',
  scenario: 'hold',
});

test('progress shows the number of requests, the rate, and the percentiles with their SLO targets', () => {
  const live = watchLoad(plan.objectives, plan.load!);
  const see = (count: number, durationMs: number, status?: number) => {
    for (let one = 0; one < count; one++) live.see(request(durationMs, status));
  };
  expect(live.tell(0).line).toContain(`loading: 0 of 60 s, 0 of ${all} requests`);

  see(94, 20);
  see(6, 400);
  const { line, lines } = live.tell(10);
  expect(line).toContain(
    `loading: 10 of 60 s, 100 of ${all} requests, 10.0/s, none failed, latency-p95 ≈ 400 ms so far (target < 200ms), 50 s left`,
  );
  expect(lines).toHaveLength(4);
  expect(lines[3]).toMatch(/latency-p99 +≈ 400 ms so far, target < 500ms/);

  see(100, 20);
  expect(live.tell(20).line).toContain(`200 of ${all} requests, 10.0/s, none failed, latency-p95 ≈ 20 ms`);
  see(1, 30, 503);
  expect(live.tell(20).line).toContain('1 failed');
});

test('on a terminal, the progress stays in place below the scrolling lines, and its lines never wrap', () => {
  let written = '';
  const screen = {
    columns: 12,
    write: (text: string) => {
      written += text;
    },
  };
  const terminal = createTerminal(screen);
  terminal.live(['one', 'a line that is too long']);
  terminal.progress('passes by');
  terminal.live([]);
  expect(written.split('\u001b')).toEqual([
    'one\na line that\n',
    '[2A',
    '[0Jpasses by\none\na line that\n',
    '[2A',
    '[0J',
  ]);
});
