import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseDocument } from '../../slas/document/document.ts';

import { unwrap } from '../../slas/model/result.ts';
import { planScenario } from '../../slas/plan/plan.ts';
import { SHIPPED_YAML } from '../../slas/testing/cases.ts';
import { createTerminal } from '../cli/terminal.ts';
import { temporaryFolder } from '../testing/sla.ts';
import { Tail } from './k6-tail.ts';
import { watchLoad } from './live.ts';

const plan = unwrap(planScenario(unwrap(parseDocument(SHIPPED_YAML)), 'steady', { durationSeconds: 60 }));
const { plannedRequests } = plan.load!;
const all = plannedRequests.toLocaleString('en-US');

const HEADER = 'metric_name,timestamp,metric_value,status,scenario,extra_tags\n';
const line = (ms: number, status = 200) => `sla_request_ms,1,${ms},${status},hold,path=/predict&blocked=0\n`;

test("k6's progress: the number of requests, the rate, and the percentiles with their SLO targets", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'samples.csv');
  const live = watchLoad(plan.objectives, plan.load!);
  const tail = new Tail(file);
  const look = async (elapsedSeconds: number) => {
    await tail.read(live.see);
    return live.tell(elapsedSeconds);
  };
  await writeFile(file, '');
  expect((await look(0)).line).toContain(`loading: 0 of 60 s, 0 of ${all} requests`);

  await appendFile(file, HEADER + line(20).repeat(94) + line(400).repeat(6));
  const { line: shown, lines } = await look(10);
  expect(shown).toContain(
    `loading: 10 of 60 s, 100 of ${all} requests, 10.0/s, none bad, latency-p95 ≈ 400 ms so far (target < 200ms), 50 s left`,
  );
  expect(lines).toHaveLength(4);
  expect(lines[3]).toMatch(/latency-p99 +≈ 400 ms so far, target < 500ms/);

  // The first half of a line is read together with its second half.
  const [half, rest] = [line(30, 503).slice(0, 20), line(30, 503).slice(20)];
  await appendFile(file, line(20).repeat(100) + half);
  expect((await look(20)).line).toContain(`200 of ${all} requests, 10.0/s, none bad, latency-p95 ≈ 20 ms`);
  await appendFile(file, rest);
  expect((await look(20)).line).toContain('201 of ');
  expect((await look(20)).line).toContain('1 bad');
});

test('on a terminal, progress lines stay below the lines that scroll by, and never wrap', () => {
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
