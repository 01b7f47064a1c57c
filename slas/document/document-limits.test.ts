import { describe, expect, test } from 'vitest';
import { parseDocument } from './document.ts';

/**
 * Loads, limits and alerts of documents: what is rejected, with code and path, and what is only just
 * accepted.
 */

const HEAD = 'apiVersion: sla-harness/v1\nkind: SLA\nname: n\n';
const SERVICE = 'service: { selector: { job: j }, buckets: { h_seconds: [0.1, 0.2, 0.3] } }\n';
const UP = '{ id: up, target: ">= 99%", uptime: { gauge: g } }';

function problems(yaml: string): readonly string[] {
  const parsed = parseDocument(yaml);
  return parsed.ok ? [] : parsed.error.map(({ code, path, message }) => `${code} ${path}: ${message}`);
}

const ofScenario = (text: string) =>
  problems(`${HEAD}${SERVICE}objectives: [${UP}]\nscenarios:\n  a: ${text}\n`);
const ofObjective = (text: string) => problems(`${HEAD}${SERVICE}objectives:\n- ${text}\n`);
const RATE = 'is not a valid rate (0.01/s to 10000/s): write it as 20/s';
const DURATION = 'is not a valid duration (1s to 24h): write it as 60s';

describe('a load', () => {
  test.each([
    '{ rate: 0.01/s, duration: 1s }',
    '{ rate: 10000/s, duration: 24h }',
    '{ rate: " 5/s ", duration: 60s, requestTimeout: 1ms, script: loadtests/a..b.ts }',
    '{ phases: [{ name: up, rate: 5/s, duration: 60s }, { name: down, rate: 1/s, duration: 60s }], objectives: [up] }',
  ])('%s is accepted', (text) => expect(ofScenario(text)).toEqual([]));

  test.each([
    ['{ rate: 0.009/s, duration: 5s }', `scenarios.a.rate: "0.009/s" ${RATE}`],
    ['{ rate: 10001/s, duration: 5s }', `scenarios.a.rate: "10001/s" ${RATE}`],
    ['{ rate: some, duration: 5s }', `scenarios.a.rate: "some" ${RATE}`],
    ['{ rate: 5/s, duration: 999ms }', `scenarios.a.duration: "999ms" ${DURATION}`],
    ['{ rate: 5/s, duration: 86401s }', `scenarios.a.duration: "86401s" ${DURATION}`],
    ['{ rate: 5/s, duration: long }', `scenarios.a.duration: "long" ${DURATION}`],
    [
      '{ rate: 5/s, duration: 5s, requestTimeout: 0s }',
      'scenarios.a.requestTimeout: "0s" is not a valid duration: write it as 10s',
    ],
    [
      '{ rate: 5/s, duration: 5s, requestTimeout: x }',
      'scenarios.a.requestTimeout: "x" is not a valid duration: write it as 10s',
    ],
    ...['/etc/x.ts', '../x.ts', 'a/../../x.ts'].map((script) => [
      `{ rate: 5/s, duration: 5s, script: ${script} }`,
      `scenarios.a.script: "${script}" is not a path inside the project: write it as loadtests/peak.ts`,
    ]),
    ...[
      '{}',
      '{ rate: 5/s }',
      '{ duration: 5s }',
      '{ rate: 5/s, duration: 5s, phases: [{ name: up, rate: 5/s, duration: 60s }] }',
      '{ rate: 5/s, phases: [{ name: up, rate: 5/s, duration: 60s }] }',
      '{ duration: 5s, phases: [{ name: up, rate: 5/s, duration: 60s }] }',
    ].map((text) => [text, 'scenarios.a: scenario "a" needs either rate and duration, or phases']),
    ['{ phases: [{ name: up, rate: x, duration: 60s }] }', `scenarios.a.phases[0].rate: "x" ${RATE}`],
    [
      '{ phases: [{ name: up, rate: 5/s, duration: 60s }, { name: b, rate: 5/s, duration: x }] }',
      `scenarios.a.phases[1].duration: "x" ${DURATION}`,
    ],
  ])('%s is rejected', (text, expected) => expect(ofScenario(text!)).toEqual([`bad-load ${expected}`]));

  test('must have phases with distinct names', () => {
    const phase = (name: string) => `{ name: ${name}, rate: 5/s, duration: 60s }`;
    expect(ofScenario(`{ phases: [${phase('up')}, ${phase('a/b')}, ${phase('up')}] }`)).toEqual([
      'bad-name scenarios.a.phases[1].name: "a/b" is not a valid phase name: use letters, digits, - and _, at most 64',
      'duplicate-name scenarios.a.phases[2].name: phase name "up" is used twice: names must be unique',
    ]);
    expect(ofScenario(`{ phases: [${phase('a'.repeat(64))}] }`)).toEqual([]);
    expect(ofScenario(`{ phases: [${phase('a'.repeat(65))}] }`)).toHaveLength(1);
  });

  test('reports an unknown objective next to a known one', () => {
    const yaml = `${HEAD}${SERVICE}objectives: [${UP}, null]\nscenarios: { a: { rate: 5/s, duration: 5s, objectives: [up, gone] } }\n`;
    expect(problems(yaml)).toEqual([
      'wrong-value objectives[1]: objectives[1] must be an object, but is null',
      'unknown-objective scenarios.a.objectives[1]: scenario "a" names objective "gone", which the document does not define',
    ]);
  });
});

describe('objectives of a scenario and its phases', () => {
  const named = (text: string) =>
    problems(
      `${HEAD}${SERVICE}objectives:
- { id: slow, target: < 200ms, latency: { histogram: h_seconds, percentile: 95, client: /a } }
- { id: quick, target: < 100ms, latency: { histogram: h_seconds, percentile: 95 } }
- { id: back, target: < 5s, recovery: { of: slow } }
scenarios:
  a: { phases: [{ name: up, rate: 5/s, duration: 60s }, { name: down, rate: 1/s, duration: 60s }], objectives: [${text}] }
`,
    );

  test('are accepted if they exist', () => {
    expect(named('slow, { id: quick, phases: [up, down] }, { id: back, phases: [up] }')).toEqual([]);
  });

  test.each([
    [
      'slow, slow',
      'duplicate-objective scenarios.a.objectives[1]: scenario "a" names "slow" twice for the same part of the run',
    ],
    [
      'back',
      'no-phase scenarios.a.objectives[0]: "back" is a recovery objective: name the phase that it recovers from, for example { id: back, phases: [spike] }',
    ],
    [
      '{ id: slow, phases: [gone] }',
      'unknown-phase scenarios.a.objectives[0].phases[0]: the scenario has no phase "gone": it has up, down',
    ],
    [
      '{ id: back, phases: [down] }',
      'no-phase scenarios.a.objectives[0].phases[0]: "back" is measured in the phase after "down", but that is the last phase: add one after it',
    ],
  ])('%s is rejected', (text, expected) => expect(named(text)).toEqual([expected]));

  test.each([
    ['gone', 'unknown-objective objectives[1].recovery.of'],
    ['quick', 'no-client objectives[1].recovery.of'],
  ])('a recovery of %s is rejected', (of, expected) => {
    const [first, ...others] = problems(
      `${HEAD}${SERVICE}objectives:
- { id: quick, target: < 100ms, latency: { histogram: h_seconds, percentile: 95 } }
- { id: back, target: < 5s, recovery: { of: ${of} } }
`,
    );
    expect(others).toEqual([]);
    expect(first).toContain(`${expected}: `);
    expect(first).toContain(`"${of}"`);
  });
});

const latency = (limits: string) => `{ id: a, ${limits}, latency: { histogram: h_seconds, percentile: 95 } }`;
const ratio = (limits: string) =>
  `{ id: a, ${limits}, ratio: { bad: { counter: b }, total: { counter: t } } }`;
const rate = (limits: string) => `{ id: a, ${limits}, throughput: { counter: c } }`;
const uptime = (limits: string) => `{ id: a, ${limits}, uptime: { gauge: g } }`;
const mean = (limits: string, unit: string) => `{ id: a, ${limits}, mean: { histogram: m, unit: ${unit} } }`;

describe('limits', () => {
  test.each([
    latency('target: < 200ms, alert: "> 200ms"'),
    latency('target: <= 200ms, alert: ">= 300ms"'),
    rate('target: ">= 15/s", alert: <= 5/s'),
    rate('target: "> 15/s", alert: < 15/s'),
    rate('unusual: true, target: "> 0"'),
    ratio('unusual: true, target: < 100%'),
    ratio('target: <= 0%'),
    ratio('unusual: true, target: < 1%, alert: "> 100%"'),
    uptime('target: ">= 100%"'),
    uptime('target: "> 99.9999%"'),
    mean('target: ">= 0"', 'number'),
    mean('target: <= 1', 'number'),
    mean('target: "> 1"', 'number'),
    mean('target: ">= 1"', 'ratio'),
    mean('target: <= 0', 'number'),
  ])('%s is accepted', (text) => expect(ofObjective(text)).toEqual([]));

  const BAD = 'bad-limit objectives[0]';
  test.each([
    [uptime('target: ">= 99.99999%"'), 'too-fine objectives[0].target: 0.9999999 has more than 6 decimals'],
    [rate('target: ">= 0/s"'), `${BAD}.target: ">= 0/s" can never be missed`],
    [mean('target: < 0', 'number'), `${BAD}.target: "< 0" can never be met`],
    [uptime('target: "> 100%"'), `${BAD}.target: "> 100%" can never be met`],
    [ratio('target: <= 100%'), `${BAD}.target: "<= 100%" can never be missed`],
    [ratio('target: < 1%, alert: "> 101%"'), `${BAD}.alert: "> 101%" is more than 100%`],
    [
      ratio('target: < 1%, alert: soon'),
      `${BAD}.alert: "soon" has no comparison operator: write <, <=, > or >= and a value, for example "< 1%"`,
    ],
    [
      rate('target: "> 15/s", alert: < 20/s'),
      `${BAD}.alert: alert "< 20/s" must be worse than target "> 15/s"`,
    ],
    [rate('target: "> 10"'), `${BAD}.target: "10" is not a valid rate: write it as 15/s, 900/min or 54000/h`],
    [
      rate('target: "> 0.5"'),
      `${BAD}.target: "0.5" is not a valid rate: write it as 15/s, 900/min or 54000/h`,
    ],
    [
      ratio('target: rate < 1%'),
      `${BAD}.target: "rate < 1%" has no comparison operator: write <, <=, > or >= and a value, for example "< 1%"`,
    ],
    [
      latency('target: 1'),
      'wrong-value objectives[0].target: objectives[0].target must be a string, but is 1',
    ],
    [
      '{ id: a, target: < 1%, mean: { histogram: m-m } }',
      'bad-metric objectives[0].mean.histogram: "m-m" is not a valid metric name',
    ],
    [
      '{ id: a, target: < 1%, mean: { histogram: m, where: { job: x } } }',
      'bad-label objectives[0].mean.where.job: "job" is already set by service.selector',
    ],
  ])('%s is rejected', (text, expected) => expect(ofObjective(text)).toEqual([expected]));

  test('are reported for both target and alert', () => {
    expect(ofObjective(ratio('target: soon, alert: later'))).toEqual([
      expect.stringContaining('objectives[0].target: "soon" has no comparison'),
      expect.stringContaining('objectives[0].alert: "later" has no comparison'),
    ]);
  });
});

test('schema problems also have codes and paths', () => {
  const yaml = `${HEAD}${SERVICE}extra: 1\nobjectives: [{ id: Up, target: 1, oops: 2 }]\n`;
  expect(problems(yaml).toSorted()).toEqual([
    'unknown-field extra: unknown field "extra"',
    'unknown-field objectives[0].oops: unknown field "oops" in objectives[0]',
    'wrong-value objectives[0].id: objectives[0].id is "Up": it must be lower-case words joined by hyphens',
    'wrong-value objectives[0].target: objectives[0].target must be a string, but is 1',
  ]);
});

describe('alerting', () => {
  const ofAlerting = (text: string, service = SERVICE) =>
    problems(`${HEAD}${service}objectives: [${UP}]\nalerting: ${text}\n`);
  const drift = (expected: string, moved: string, part = 'c') =>
    `{ drift: { name: D, severity: warning, part: { counter: ${part} }, total: { counter: t }, expected: ${expected}, moved: ${moved} } }`;

  test('accepts valid settings', () => {
    expect(ofAlerting(drift('50%', '"0.1"'))).toEqual([]);
    expect(ofAlerting('{ names: { up: { name: U, severity: warning } } }')).toEqual([]);
  });

  test.each([
    [
      drift('0%', '10%'),
      'bad-limit alerting.drift.expected: "0%" is not a share between 0% and 100%: write it as 50%',
    ],
    [
      drift('50%', '100%'),
      'bad-limit alerting.drift.moved: "100%" is not a share between 0% and 100%: write it as 50%',
    ],
    [
      drift('half', '10%'),
      'bad-limit alerting.drift.expected: "half" is not a share between 0% and 100%: write it as 50%',
    ],
    [drift('50%', '10%', 'a-b'), 'bad-metric alerting.drift.part.counter: "a-b" is not a valid metric name'],
    [
      '{ names: { gone: { name: G, severity: warning } } }',
      'unknown-objective alerting.names.gone: alerting.names has objective "gone", which the document does not define',
    ],
    [
      '{ runbooks: "docs/{Alert}.md" }',
      'bad-runbooks alerting.runbooks: "docs/{Alert}.md" contains {Alert}: only {alert}, which stands for the name of the alert, is replaced',
    ],
    [
      '{ names: { up: { name: U, severity: warning } }, raw: [{ name: U, severity: warning, expr: x, summary: s }] }',
      'duplicate-name alerting.raw[0].name: alert name "U" is used twice: names must be unique',
    ],
  ])('%s is rejected', (text, expected) => expect(ofAlerting(text)).toEqual([expected]));

  test('two objectives with the same name: the second is reported', () => {
    const other = UP.replace('id: up', 'id: other');
    const names =
      'alerting: { names: { up: { name: U, severity: warning }, other: { name: U, severity: critical } } }';
    expect(problems(`${HEAD}${SERVICE}objectives: [${UP}, ${other}]\n${names}\n`)).toEqual([
      'duplicate-name alerting.names.other.name: alert name "U" is used twice: names must be unique',
    ]);
  });

  test('a problem in the service or the objectives is reported once', () => {
    expect(ofAlerting(drift('50%', '10%'), '')).toEqual(['missing-field : the document lacks service']);
    expect(
      problems(
        `${HEAD}${SERVICE}objectives: 5\nalerting: { names: { up: { name: U, severity: warning } } }\n`,
      ),
    ).toEqual([
      'wrong-value objectives: objectives must be an array, but is 5',
      expect.stringContaining('unknown-objective alerting.names.up'),
    ]);
    expect(
      problems(
        `${HEAD}${SERVICE}objectives: [null]\nalerting: { names: { up: { name: U, severity: warning } } }\n`,
      ),
    ).toContainEqual(expect.stringContaining('unknown-objective alerting.names.up'));
  });

  test('is built into the input of the rules', () => {
    const parsed = parseDocument(`${HEAD}${SERVICE}objectives: []\nalerting: ${drift('50%', '10%')}\n`);
    expect(parsed).toMatchObject({
      ok: true,
      value: {
        alerting: {
          runbooks: null,
          names: {},
          raw: [],
          drift: {
            name: 'D',
            severity: 'warning',
            part: { metric: 'c' },
            total: { metric: 't' },
            expectedShare: 0.5,
            movedShare: 0.1,
          },
        },
      },
    });
  });
});
