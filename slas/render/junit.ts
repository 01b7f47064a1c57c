import type { ObjectiveVerdict, Verdict } from '../model/model.ts';
import { formatMeasured } from './numbers.ts';
import { printable } from './printable.ts';
import { wordsOf } from './reasons/words.ts';

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** XML 1.0 cannot represent most control characters, even escaped; a visible replacement is written. */
const escapeXml = (text: string) =>
  printable(text)
    .replace(/[\ufffe\uffff]/g, '')
    .replace(/[&<>"']/g, (found) => ENTITIES[found]!);

/**
 * The verdict as JUnit XML: one test case for each objective and for each broken precondition. Missed is a
 * failure, undecided an error: CI servers show neither as passed.
 */
export function renderJUnit(verdict: Verdict): string {
  const broken = verdict.preconditions.filter(({ ok }) => ok === false);
  const cases = [
    ...verdict.objectives.map((objective) => objectiveCase(verdict, objective)),
    ...broken.map(({ id, reasons }) =>
      testCase(`${verdict.sla}.preconditions`, id, 'error', 'does not hold', wordsOf(reasons)),
    ),
    ...(verdict.objectives.length === 0
      ? [testCase(verdict.sla, 'objectives', 'error', 'none', wordsOf([verdict.summary]))]
      : []),
  ];
  const failures = verdict.objectives.filter((one) => one.verdict === 'missed').length;
  const met = verdict.objectives.filter((one) => one.verdict === 'met').length;
  const name = escapeXml(`${verdict.sla} ${verdict.scenario ?? 'window'}`);
  const counts = `tests="${cases.length}" failures="${failures}" errors="${cases.length - failures - met}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="sla-harness" ${counts}>`,
    `  <testsuite name="${name}" ${counts} timestamp="${escapeXml(verdict.window.from)}">`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function objectiveCase({ sla, scenario }: Verdict, objective: ObjectiveVerdict): string {
  const { id, verdict, severity, target, reasons } = objective;
  const reason = wordsOf(reasons);
  const group = `${sla}.${scenario ?? 'window'}`;
  if (verdict === 'met')
    return testCase(group, id, null, '', `${formatMeasured(objective)}, target ${target}: ${reason}`);
  const message =
    verdict === 'missed' ? `${formatMeasured(objective)}, target ${target} (${severity})` : 'undecided';
  return testCase(group, id, verdict === 'missed' ? 'failure' : 'error', message, reason);
}

function testCase(
  group: string,
  name: string,
  kind: 'failure' | 'error' | null,
  message: string,
  detail: string,
): string {
  const inner =
    kind === null
      ? `<system-out>${escapeXml(detail)}</system-out>`
      : `<${kind} message="${escapeXml(message)}">${escapeXml(detail)}</${kind}>`;
  return `    <testcase classname="${escapeXml(group)}" name="${escapeXml(name)}">${inner}</testcase>`;
}
