import { expect, test } from 'vitest';
import { errorsIn } from './k6-log.ts';

/** Log lines in the format of k6 2.2. */

const ITERATION = String.raw`time="2026-11-29T19:46:25Z" level=error msg="TypeError: it \"broke\"\n\tat default (file:///home/me/project/loadtests/peak.ts:2:463(13))\n" executor=constant-arrival-rate hint="script exception" scenario=hold source=stacktrace`;
const SETUP = String.raw`time="2026-11-29T19:46:23Z" level=error msg="Error: no token\n\tat fail (native)\n\tat setup (file:///home/me/project/loadtests/peak.ts:2:340(3))\n" hint="script exception" source=stacktrace`;
const CONSOLE = 'time="2026-11-29T19:46:25Z" level=error msg=mine source=console';
const CROSSED = `time="2026-11-29T19:46:26Z" level=error msg="thresholds on metrics 'checks, http_req_duration' have been crossed"`;

const read = (...lines: string[]) => errorsIn(lines.join('\n'), '/home/me/project');

test('exceptions in iterations are counted, and the first one is reported with its position', () => {
  expect(read(CONSOLE, ITERATION, ITERATION)).toEqual({
    inIterations: 2,
    firstInIteration: 'TypeError: it "broke" at default (loadtests/peak.ts:2:463)',
    outside: [],
    first: 'TypeError: it "broke" at default (loadtests/peak.ts:2:463)',
    interrupted: null,
    isCrossedAtEnd: false,
  });
});

test('errors outside iterations are reported separately, and first', () => {
  const words = 'Error: no token at setup (loadtests/peak.ts:2:340)';
  expect(read(ITERATION, SETUP)).toMatchObject({ inIterations: 1, outside: [words], first: words });
});

test('errors that the script itself logs are reported only if there are no others', () => {
  expect(read(CONSOLE)).toMatchObject({ inIterations: 0, first: 'mine' });
  expect(read('time="…" level=warning msg="Request Failed"')).toMatchObject({ first: null });
});

test('thresholds that were crossed at the end are distinguished from those that stopped the test', () => {
  expect(read(CROSSED).isCrossedAtEnd).toBe(true);
  const aborted =
    'level=error msg="thresholds on metrics \'checks\' were crossed; at least one has abortOnFail enabled, stopping test prematurely"';
  expect(read(aborted)).toMatchObject({ isCrossedAtEnd: false });
});

test('the reason for a missing summary is read from its own field', () => {
  const line =
    'time="…" level=error msg="failed to handle the end-of-test summary" error="handleSummary() should return a map"';
  expect(read(line).first).toBe(
    'failed to handle the end-of-test summary: handleSummary() should return a map',
  );
});

test('a message is reported completely or not at all, because redaction would not recognise half a secret', () => {
  const line = (length: number) => `time="…" level=error msg="${'a'.repeat(length)}"`;
  expect(read(line(2_000)).first).toHaveLength(2_000);
  expect(read(line(2_001)).first).toBe('a message of 2,001 characters, see the log');
});

test('the last line of the progress output says how many iterations k6 interrupted', () => {
  const progress = (complete: number, interrupted: number) =>
    `running (3.0s), 03/13 VUs, ${complete} complete and ${interrupted} interrupted iterations`;
  expect(read(progress(11, 3), 'a ✓ [ 100% ]', progress(11, 6)).interrupted).toBe(6);
  expect(read(CONSOLE).interrupted).toBeNull();
});
