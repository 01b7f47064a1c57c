import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { parseDocument } from '../../document/document.ts';
import { planScenario, planWindow } from '../../plan/plan.ts';
import { SHIPPED_YAML } from '../../testing/cases.ts';

/** How many of the load script's checks must pass: `checks` in the document and in a scenario. */

function documentWith(checks: unknown, ofSteady?: unknown) {
  const raw = parse(SHIPPED_YAML) as { scenarios: { steady: object } };
  const steady = { ...raw.scenarios.steady, ...(ofSteady === undefined ? {} : { checks: ofSteady }) };
  return parseDocument(
    stringify({
      ...raw,
      ...(checks === undefined ? {} : { checks }),
      scenarios: { ...raw.scenarios, steady },
    }),
  );
}

const plannedOf = (scenario: string, checks?: string, ofSteady?: string) => {
  const parsed = documentWith(checks, ofSteady);
  if (!parsed.ok) throw new Error(parsed.error[0]!.message);
  const plan = planScenario(parsed.value, scenario);
  return plan.ok ? plan.value.checks?.text : plan.error[0]!.message;
};

test("the document's value applies to every scenario without its own", () => {
  expect(plannedOf('steady')).toBeUndefined();
  expect(plannedOf('steady', '> 99%')).toBe('> 99%');
  expect(plannedOf('steady', '> 99%', '>= 100%')).toBe('>= 100%');
  expect(plannedOf('smoke', '> 99%', '>= 100%')).toBe('> 99%');
  expect(plannedOf('smoke', undefined, '> 0.5')).toBeUndefined();
});

test('a window without a load has no checks', () => {
  const parsed = documentWith('> 99%');
  expect(parsed.ok && planWindow(parsed.value).checks).toBeUndefined();
});

test.each(['< 99%', '99%', '> 100%', '>= 0%', '> 101%', '> often', '> 99.9999999%', '> 0%', '> 0.99%'])(
  '"%s" is rejected with its position',
  (text) => {
    const problemsOf = (parsed: ReturnType<typeof documentWith>) =>
      parsed.ok ? [] : parsed.error.map(({ path }) => path);
    expect(problemsOf(documentWith(text))).toEqual(['checks']);
    expect(problemsOf(documentWith(undefined, text))).toEqual(['scenarios.steady.checks']);
  },
);

test('the message names the value and what to write instead', () => {
  const parsed = documentWith('99%');
  expect(parsed.ok ? '' : parsed.error[0]!.message).toBe(
    '"99%" is not a share of checks that must pass: write > or >= and a share of 50% or more, for example "> 99%"; "100%" only with >=',
  );
});
