import { expect, test } from 'vitest';
import { judge } from '../judge/judge.ts';
import type { Verdict } from '../model/model.ts';
import { readCaseFiles } from '../testing/cases.ts';
import { renderJUnit } from './junit.ts';

/**
 * What Jenkins's xUnit plugin accepts as JUnit (its schema junit-10): the elements that we write, what each may contain, its
 * attributes, and whether they are required. `time` is a number of seconds; other attributes are any text.
 */
const SCHEMA: Readonly<Record<string, Element>> = {
  testsuites: {
    within: [''],
    children: ['testsuite'],
    optional: ['name', 'time', 'tests', 'failures', 'errors'],
  },
  testsuite: {
    within: ['testsuites', 'testsuite', ''],
    children: ['testsuite', 'properties', 'testcase', 'system-out', 'system-err'],
    required: ['name', 'tests', 'failures', 'errors'],
    optional: [
      ...['group', 'time', 'skipped', 'timestamp', 'hostname', 'id', 'package', 'file', 'log', 'url'],
    ],
  },
  testcase: {
    within: ['testsuite'],
    children: ['skipped', 'error', 'failure', 'system-out', 'system-err'],
    required: ['name'],
    optional: ['time', 'classname', 'group'],
  },
  failure: { within: ['testcase'], text: true, optional: ['type', 'message'] },
  error: { within: ['testcase'], text: true, optional: ['type', 'message'] },
  skipped: { within: ['testcase'], text: true, optional: ['type', 'message'] },
  'system-out': { within: ['testcase', 'testsuite'], text: true },
};
const TIME = /^\d+(\.\d*)?$/;

interface Element {
  readonly within: readonly string[];
  readonly children?: readonly string[];
  readonly required?: readonly string[];
  readonly optional?: readonly string[];
  readonly text?: true;
}

/** All violations of the schema in a document. */
function problemsOf(xml: string): readonly string[] {
  const problems: string[] = [];
  const open: string[] = [];
  const body = xml.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, '');
  for (const [, close, name, attributes, text] of body.matchAll(
    /<(\/?)([\w-]+)((?: [\w-]+="[^"<]*")*)>([^<]*)/g,
  )) {
    const parent = open.at(-1) ?? '';
    if (close === '/') {
      if (open.pop() !== name) problems.push(`</${name}> closes nothing`);
    } else {
      problems.push(...problemsAt(name!, parent, attributes!));
      open.push(name!);
    }
    if (text!.trim() !== '' && SCHEMA[open.at(-1) ?? '']?.text !== true)
      problems.push(`text after ${name}: ${text}`);
    if (/&(?!(?:amp|lt|gt|quot|apos);)/.test(text! + attributes!)) problems.push(`an unescaped & in ${name}`);
  }
  if (open.length > 0) problems.push(`not closed: ${open.join(', ')}`);
  // Any markup that the expression above could not read is not markup that we write.
  const rest = body.replace(/<(\/?)([\w-]+)((?: [\w-]+="[^"<]*")*)>([^<]*)/g, '');
  return rest.trim() === '' ? problems : [...problems, `not readable: ${rest.slice(0, 80)}`];
}

function problemsAt(name: string, parent: string, attributes: string): readonly string[] {
  const element = SCHEMA[name];
  if (element === undefined) return [`<${name}> is unknown`];
  const { within, required = [], optional = [] } = element;
  const given = [...attributes.matchAll(/([\w-]+)="([^"]*)"/g)].map(
    ([, key, value]) => [key!, value!] as const,
  );
  const names = given.map(([key]) => key);
  return [
    ...(within.includes(parent) ? [] : [`<${name}> in <${parent}>`]),
    ...required.filter((key) => !names.includes(key)).map((key) => `<${name}> without ${key}`),
    ...names.filter((key) => ![...required, ...optional].includes(key)).map((key) => `<${name} ${key}>`),
    ...given
      .filter(([key, value]) => key === 'time' && !TIME.test(value))
      .map(([, value]) => `time ${value}`),
    ...(new Set(names).size === names.length ? [] : [`<${name}> repeats an attribute`]),
  ];
}

const verdicts = [...readCaseFiles()].flatMap(([file, cases]) =>
  cases.map((one): [string, () => Verdict] => [
    `${file}: ${one.name}`,
    () => {
      const { plan, run, evidence } = one.build();
      return judge(plan, run, evidence);
    },
  ]),
);

test('the verdict of every judging case is valid by the schema of Jenkins', () => {
  for (const [name, verdictOf] of verdicts) expect(problemsOf(renderJUnit(verdictOf())), name).toEqual([]);
  expect(verdicts.length).toBeGreaterThan(300);
});

test('the counts in the XML match its test cases', () => {
  for (const [name, verdictOf] of verdicts) {
    const xml = renderJUnit(verdictOf());
    const [suite] = /<testsuite [^>]+>/.exec(xml)!;
    const count = (element: string) => xml.split(`<${element} `).length - 1;
    const expected = { tests: 'testcase', failures: 'failure', errors: 'error', skipped: 'skipped' };
    for (const [attribute, element] of Object.entries(expected))
      expect(suite, name).toContain(` ${attribute}="${count(element)}"`);
  }
});

test.each([
  ['<testsuites skipped="1"></testsuites>', '<testsuites skipped>'],
  ['<testsuites><testcase name="a"></testcase></testsuites>', '<testcase> in <testsuites>'],
  ['<testsuite name="a" tests="1" failures="0"></testsuite>', '<testsuite> without errors'],
  ['<testsuites time="a while"></testsuites>', 'time a while'],
  ['<testsuites name="a & b"></testsuites>', 'an unescaped & in testsuites'],
  ['<testsuites>', 'not closed: testsuites'],
])('the schema check rejects %s', (xml, problem) => {
  expect(problemsOf(xml)).toContain(problem);
});
