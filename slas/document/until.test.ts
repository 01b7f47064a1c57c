import { expect, test } from 'vitest';
import { parseDocument } from './document.ts';

/** A scenario that lasts until it is decided does not contradict itself. */

const problemsOf = (scenario: string) => {
  const parsed = parseDocument(
    `apiVersion: sla-harness/v1\nkind: SLA\nname: n\nservice: { selector: { job: j } }\nobjectives:\n- { id: a, target: "> 1/s", throughput: { counter: c_total } }\nscenarios: { s: { ${scenario} } }\n`,
  );
  return parsed.ok ? [] : parsed.error.map(({ code, path, message }) => `${code} ${path}: ${message}`);
};
const phase = (name: string) => `{ name: ${name}, rate: 5/s, duration: 60s }`;

test.each([
  'rate: 5/s, until: decided, maxDuration: 10m',
  'rate: 5/s, until: decided, duration: 10m, atLeast: 10m',
  `until: decided, atLeast: 30s, phases: [${phase('one')}]`,
])('%s is accepted', (scenario) => expect(problemsOf(scenario)).toEqual([]));

test.each([
  [
    'rate: 5/s, duration: 60s, maxDuration: 10m',
    'bad-load scenarios.s.maxDuration: maxDuration needs until: decided',
  ],
  ['rate: 5/s, duration: 60s, atLeast: 10s', 'bad-load scenarios.s.atLeast: atLeast needs until: decided'],
  [
    'rate: 5/s, until: decided',
    'bad-load scenarios.s: scenario "s" needs either rate and duration, or phases',
  ],
  [
    'rate: 5/s, until: decided, maxDuration: 5 parsecs',
    'bad-load scenarios.s.maxDuration: "5 parsecs" is not a valid duration',
  ],
  ['rate: 5/s, until: decided, maxDuration: 60s, duration: 60s', 'leave out duration or maxDuration'],
  [
    'rate: 5/s, until: decided, maxDuration: 60s, atLeast: 2m',
    'bad-load scenarios.s.atLeast: atLeast 2m is longer than the run may last (60s)',
  ],
  [
    'rate: 5/s, until: bored, maxDuration: 60s',
    'wrong-value scenarios.s.until: scenarios.s.until must be "decided"',
  ],
  [
    `until: decided, phases: [${phase('one')}, ${phase('two')}]`,
    'several-phases scenarios.s.until: scenario "s" has 2 phases',
  ],
])('%s is refused', (scenario, message) => {
  expect(problemsOf(scenario)).toEqual([expect.stringContaining(message)]);
});
