import { expect, test } from 'vitest';
import { judge } from '../judge/judge.ts';
import { readCaseFiles } from '../testing/cases.ts';
import { renderJUnit } from './junit.ts';
import { renderMarkdown } from './markdown.ts';
import { renderText } from './text.ts';

/** Objectives that do not decide the verdict are shown in every output, and never cause a failure. */

function rendered(name: string) {
  const { plan, run, evidence } = readCaseFiles()
    .get('exempt.yaml')!
    .find((one) => one.name === name)!
    .build();
  const verdict = judge(plan, run, evidence);
  return {
    text: renderText(verdict, plan, { colour: false, isVerbose: false }),
    coloured: renderText(verdict, plan, { colour: true, isVerbose: false }),
    markdown: renderMarkdown(verdict, plan),
    junit: renderJUnit(verdict),
  };
}

test('every output shows a waiver in force', () => {
  const { text, coloured, markdown, junit } = rendered(
    'an objective is missed on the last day of its waiver',
  );
  const words = 'waived until 2025-01-01 by team-checkout: the index is being rebuilt';
  expect(text).toMatch(/latency-p95 .* missed, waived\n/);
  expect(text).toContain(`latency-p95   ${words}`);
  expect(text).toContain(
    'PASS  all 5 decisive objectives are met; not decisive: latency-p95 (waived, missed)',
  );
  expect(coloured).toContain('\u001b[33mmissed, waived\u001b[0m');
  expect(markdown).toContain('| ⚠️ | latency-p95 |');
  expect(markdown).toContain(words);
  expect(junit).toContain('failures="0" errors="0" skipped="1"');
  expect(junit).toMatch(/name="latency-p95"><skipped message="[^"]*">waived until 2025-01-01/);
});

test('every output shows a waiver that has expired', () => {
  const { text, junit } = rendered('an objective is missed on the day after its waiver');
  expect(text).toMatch(/latency-p95 .* missed\n/);
  expect(text).toContain('its waiver expired on 2024-12-31 and no longer applies');
  expect(junit).toContain('failures="1" errors="0" skipped="0"');
});
