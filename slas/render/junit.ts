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
 * The verdict as JUnit XML: one test case for each objective and for each broken precondition. Missed is a failure, undecided an error: CI
 * servers show neither as passed. The XML is valid by the schema of Jenkins, which allows the attribute `skipped` only on a suite.
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
  const kinds = verdict.objectives.map(kindOf);
  const of = (kind: Kind) => kinds.filter((one) => one === kind).length;
  const name = escapeXml(`${verdict.sla} ${verdict.scenario ?? 'window'}`);
  const counts = `tests="${cases.length}" failures="${of('failure')}" errors="${cases.length - of('failure') - of('skipped') - of('passed')}"`;
  const time = `time="${secondsOf(verdict.window)}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="sla-harness" ${counts} ${time}>`,
    `  <testsuite name="${name}" ${counts} skipped="${of('skipped')}" ${time} timestamp="${escapeXml(verdict.window.from)}">`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

const secondsOf = ({ from, to }: Verdict['window']) =>
  ((Date.parse(to) - Date.parse(from)) / 1000).toFixed(3);

type Kind = 'passed' | 'failure' | 'error' | 'skipped';

/** An objective that does not decide must not make a CI server fail the build. */
function kindOf({ verdict, exempt }: ObjectiveVerdict): Kind {
  if (verdict === 'met') return 'passed';
  if (exempt !== undefined) return 'skipped';
  return verdict === 'missed' ? 'failure' : 'error';
}

function objectiveCase({ sla, scenario }: Verdict, objective: ObjectiveVerdict): string {
  const { id, verdict, severity, target, reasons } = objective;
  const reason = wordsOf(reasons);
  const group = `${sla}.${scenario ?? 'window'}`;
  const kind = kindOf(objective);
  if (kind === 'passed')
    return testCase(group, id, null, '', `${formatMeasured(objective)}, target ${target}: ${reason}`);
  const message =
    verdict === 'missed' ? `${formatMeasured(objective)}, target ${target} (${severity})` : 'undecided';
  return testCase(group, id, kind, message, reason);
}

function testCase(
  group: string,
  name: string,
  kind: Exclude<Kind, 'passed'> | null,
  message: string,
  detail: string,
): string {
  const inner =
    kind === null
      ? `<system-out>${escapeXml(detail)}</system-out>`
      : `<${kind} message="${escapeXml(message)}">${escapeXml(detail)}</${kind}>`;
  return `    <testcase classname="${escapeXml(group)}" name="${escapeXml(name)}">${inner}</testcase>`;
}
