import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { SlaDocument } from '../model/model.ts';
import { unwrap } from '../model/result.ts';
import { SHIPPED_YAML } from '../testing/cases.ts';
import { parseDocument, warningsOf } from './document.ts';
import { isGeneral } from './objectives.ts';
import { DocumentSchema } from './schema.ts';

function parsed(yaml: string): SlaDocument {
  return unwrap(parseDocument(yaml));
}

/** The problems as `./sla check` prints them, without the file's name: `line:column: message`, and their codes. */
function problemsOf(yaml: string) {
  const result = parseDocument(yaml);
  if (result.ok) return [];
  return result.error.map(({ code, path, message, line, column }) => ({
    code,
    path,
    text: `${line}:${column}: ${message}`,
  }));
}

/** The shipped document with one text replaced; throws if the text is not in it. */
function changed(from: string, to: string): string {
  expect(SHIPPED_YAML).toContain(from);
  return SHIPPED_YAML.replace(from, to);
}

/** The position of a text in the changed document, as `line:column`. */
function placeOf(yaml: string, text: string): string {
  const before = yaml.slice(0, yaml.indexOf(text)).split('\n');
  return `${before.length}:${before.at(-1)!.length + 1}`;
}

describe('the shipped document', () => {
  test("matches the user's table", () => {
    const { name, objectives, scenarios, defaultScenario } = parsed(SHIPPED_YAML);
    expect(name).toBe('sentiment-api');
    const general = objectives.filter(isGeneral);
    expect(general.map(({ id, target, alert }) => [id, target.text, alert?.text])).toEqual([
      ['latency-p95', '< 200ms', '> 300ms'],
      ['latency-p99', '< 500ms', '> 1s'],
      ['error-rate', '< 1%', '> 5%'],
      ['throughput', '> 15/s', '< 5/s'],
      ['model-uptime', '>= 99.9%', '< 99%'],
      ['confidence', '> 0.85', '< 0.70'],
    ]);
    expect(general.map(({ target }) => target.value)).toEqual([0.2, 0.5, 0.01, 15, 0.999, 0.85]);
    expect(
      scenarios
        .slice(0, 2)
        .map((one) => [one.name, one.phases[0]!.ratePerSecond, one.phases[0]!.durationSeconds]),
    ).toEqual([
      ['smoke', 20, 20],
      ['steady', 25, 60],
    ]);
    expect(defaultScenario).toBe('steady');
  });

  test('has the published schema', async () => {
    const published = `${JSON.stringify(DocumentSchema, null, 2)}\n`;
    await expect(published).toMatchFileSnapshot('../documents/sla-document.schema.json');
  });

  test('is valid by that schema in another validator, and a broken document is not', () => {
    const validate = new Ajv({ strict: false, allErrors: true }).compile(
      JSON.parse(JSON.stringify(DocumentSchema)),
    );
    expect(validate(parse(SHIPPED_YAML)), JSON.stringify(validate.errors)).toBe(true);
    expect(validate(parse(changed('percentile: 95', 'percentil: 95')))).toBe(false);
    expect(validate.errors!.map(({ keyword }) => keyword).sort()).toEqual([
      'additionalProperties',
      'required',
    ]);
  });
});

describe('optional parts', () => {
  test('a document may omit scenarios, buckets, titles and alerts', () => {
    const document = parsed(`
apiVersion: sla-harness/v1
kind: SLA
name: other
service: { selector: { job: other } }
objectives:
  - { id: errors, target: <= 0.5%, ratio: { bad: { counter: errors_total, where: { code: 500 } }, total: { counter: all_total } } }
  - { id: size, target: < 12.5, mean: { histogram: size, unit: number } }
`);
    expect(document).toStrictEqual({
      name: 'other',
      description: '',
      confidence: null,
      alerting: { runbooks: null, names: {}, drift: null, raw: [] },
      service: {
        selector: { job: 'other' },
        replicas: 'stable',
        isolated: true,
        allowedTargets: [],
        buckets: {},
      },
      objectives: [
        {
          id: 'errors',
          title: 'errors',
          target: { text: '<= 0.5%', comparison: '<=', value: 0.005 },
          measure: {
            kind: 'ratio',
            bad: { metric: 'errors_total', where: { code: '500' } },
            total: { metric: 'all_total', where: {} },
          },
        },
        {
          id: 'size',
          title: 'size',
          target: { text: '< 12.5', comparison: '<', value: 12.5 },
          measure: { kind: 'mean', histogram: { metric: 'size', where: {} }, unit: 'number' },
        },
      ],
      scenarios: [],
      defaultScenario: null,
    });
  });

  test('a document may allow other load targets, and limit the load on them', () => {
    const service = 'service:\n  allowedTargets: [api.example.org, "10.0.0.7:8080"]\n  maxRate: 600/min\n';
    expect(parsed(changed('service:\n', `${service}  maxDuration: 10m\n`)).service).toMatchObject({
      allowedTargets: ['api.example.org', '10.0.0.7:8080'],
      maxRatePerSecond: 10,
      maxDurationSeconds: 600,
    });
    expect(parsed(SHIPPED_YAML).service.allowedTargets).toEqual([]);
  });

  test.each([
    ['> 1000/min', 'a rate whose decimals do not end'],
    ['>= 0.1/s', 'a rate below one'],
  ])('a throughput of "%s": %s', (target) => {
    expect(
      problemsOf(changed('"> 15/s"', `"${target}"`)).filter(({ path }) => path.endsWith('target')),
    ).toEqual([]);
  });
});

describe('every problem has its code and place', () => {
  const rows: readonly (readonly [code: string, from: string, to: string, at: string, message: string])[] = [
    ['wrong-value', 'sla-harness/v1', 'sla-harness/v2', 'sla-harness/v2', 'must be "sla-harness/v1"'],
    ['wrong-value', 'name: sentiment-api', 'name: ""', '""', 'name'],
    ['wrong-value', 'id: throughput', 'id: Through Put', 'Through Put', 'lower-case words joined by hyphens'],
    ['bad-percentile', 'percentile: 95', 'percentile: 100', '100', 'percentile'],
    ['bad-percentile', 'percentile: 95', 'percentile: "95"', '"95"', 'write it as 95 or 95%'],
    ['wrong-value', 'rate: 20/s', 'rate: 20', '20\n', 'must be a string, but is 20'],
    ['wrong-value', 'seed: 1', 'seed: -1', '-1', 'seed'],
    ['bad-name', '  smoke:\n', '  ../smoke:\n', '../smoke', 'is not a valid scenario name'],
    ['wrong-value', '[0.001,', '[.nan,', '.nan', 'must be a number'],
    [
      'unknown-field',
      'percentile: 95',
      'percentile: 95\n      wher: {}',
      '{}',
      'unknown field "wher" in objectives[0].latency',
    ],
    ['missing-field', '      percentile: 95\n', '', 'histogram: http', 'lacks percentile'],
    [
      'one-measure',
      '    throughput:\n',
      '    uptime: { gauge: x }\n    throughput:\n',
      'id: throughput',
      'it has throughput and uptime',
    ],
    ['one-measure', '    uptime: { gauge: sentiment_model_loaded }\n', '', 'id: model-uptime', 'it has none'],
    ['duplicate-id', 'id: throughput', 'id: error-rate # again', 'error-rate # again', 'defined twice'],
    ['bad-limit', '"< 200ms"', '"200ms"', '"200ms"', 'has no comparison'],
    ['bad-limit', '"< 200ms"', '"< 200"', '"< 200"', 'is not a valid duration'],
    ['bad-limit', '"> 15/s"', '"> 15"', '"> 15"', 'is not a valid rate'],
    ['bad-limit', '"< 200ms"', '"> 200ms"', '"> 200ms"', 'a latency target must use < or <='],
    ['bad-limit', '">= 99.9%"', '"< 99.9%"', '"< 99.9%"', 'an uptime target must use > or >='],
    ['bad-limit', '"> 300ms"', '"> 100ms"', '"> 100ms"', 'must be worse than target'],
    ['bad-limit', '"< 5/s"', '"> 5/s"', '"> 5/s"', 'must be worse than target'],
    ['bad-limit', '"> 0.85"', '"> 1.85"', '"> 1.85"', 'is more than 100%'],
    ['bad-limit', '"< 1%"', '"< 0%"', '"< 0%"', 'can never be met'],
    ['bad-limit', '"< 1%"', '"<= 100%"', '"<= 100%"', 'can never be missed'],
    ['bad-limit', '">= 99.9%"', '">= 0%"', '">= 0%"', 'can never be missed'],
    ['wrong-value', 'path: /predict', 'path: nowhere', 'nowhere', 'must begin with /'],
    ['bad-limit', '">= 99.9%"', '"> 100%"', '"> 100%"', 'can never be met'],
    ['too-fine', '"< 1%"', '"< 0.12345678%"', '"< 0.12345678%"', 'more than 6 decimals'],
    ['too-fine', 'percentile: 95', 'percentile: 95.1234567', '95.1234567', 'more than 6 decimals'],
    ['bad-buckets', '0.002, 0.003', '0.003, 0.002', '0.002, 0.005', '0.002 comes after 0.003'],
    ['bad-buckets', '0.002, 0.003', '0.002, 0.002', '0.002, 0.005', '0.002 comes after 0.002'],
    ['no-status', 'matches: 2..', 'matches: 2x.', '{ matches: 2x.', 'statuses have three digits'],
    ['no-status', '{ matches: 2.. }', '"2.."', '"2.."', 'write status: { matches: "2.." }'],
    ['no-status', '5..|429|499', '5x.|429|499', '{ matches: "3..|5x.', '"5x." matches no status'],
    ['no-status', '{ matches: 2.. }', '20', '20 }', '"20" matches no status'],
    [
      'bad-regex',
      'matches: 2..',
      'matches: "2(.."',
      '{ matches: "2(.."',
      'is not a valid regular expression',
    ],
    ['bad-regex', 'matches: 2..', 'matches: "(?!5).*"', '{ matches: "(?!5)', 'RE2'],
    ['bad-regex', 'matches: 2..', 'matches: "(2)\\\\1"', '{ matches: "(2)', 'RE2'],
    [
      'bad-metric',
      'gauge: sentiment_model_loaded',
      'gauge: model-loaded',
      'model-loaded',
      'is not a valid metric name',
    ],
    [
      'bad-label',
      'selector: { job: sentiment-api }',
      'selector: { my-job: api }',
      'api }',
      '"my-job" is not a valid label name',
    ],
    [
      'bad-label',
      'where: { method: POST, handler: /predict } }',
      'where: { job: x } }',
      'x } }',
      'already set by service.selector',
    ],
    ['bad-load', 'rate: 20/s', 'rate: 0/s', '0/s', 'is not a valid rate'],
    ['bad-load', '    duration: 20s\n', '', 'description: 20 s', 'needs either rate and duration, or phases'],
    [
      'unknown-objective',
      'rate: 20/s',
      'objectives: [nope]\n    rate: 20/s',
      'nope',
      'names objective "nope"',
    ],
    [
      'unknown-scenario',
      'defaultScenario: steady',
      'defaultScenario: nope',
      'nope',
      'scenario "nope" is not defined',
    ],
    [
      'unknown-scenario',
      'defaultScenario: steady',
      'defaultScenario: constructor',
      'constructor',
      'is not defined',
    ],
  ];

  test.each(rows)('%s: %j → %j', (code, from, to, at, message) => {
    const yaml = changed(from, to);
    const found = problemsOf(yaml);
    expect(found.map((one) => one.code)).toContain(code);
    const own = found.find((one) => one.code === code && one.text.includes(message));
    expect(own?.text, JSON.stringify(found)).toMatch(new RegExp(`^${placeOf(yaml, at)}: `));
  });

  test('absent: zero is only for bad events', () => {
    const total = 'status: { matches: "[1235]..|429|499" } }';
    const yaml = changed(total, `${total}\n        absent: zero`);
    expect(problemsOf(yaml).map(({ code, path }) => [code, path])).toEqual([
      ['bad-absent', 'objectives[2].ratio.total.absent'],
    ]);
  });

  test('edges of a histogram named like a JavaScript built-in are not found', () => {
    const yaml = SHIPPED_YAML.replaceAll(
      'histogram: http_request_duration_seconds',
      'histogram: constructor\n      unit: seconds',
    );
    const codes = warningsOf(yaml, unwrap(parseDocument(yaml))).map(({ code }) => code);
    expect(new Set(codes)).toEqual(new Set(['edges-unlisted']));
  });
});

describe('all problems are reported at once, in file order', () => {
  const yaml = `apiVersion: sla-harness/v2
kind: SLB
name: ""
extra: 1
service:
  selector: {}
  buckets: { h: [2, 1] }
objectives:
  - id: Bad Id
    target: 1
    latency: { histogram: h, percentile: 200, wher: {} }
  - id: b
    target: "200ms"
    ratio: { bad: { counter: "a-b" }, total: { counter: t } }
  - id: b
    target: "< 5%"
    uptime: { gauge: g }
scenarios:
  one: { rate: fast, duration: 10s }
  two: { duration: 10s, objectives: [none] }
defaultScenario: three
`;

  test('a document with a problem on nearly every line', () => {
    const texts = problemsOf(yaml).map(({ text }) => text);
    const lines = texts.map((text) => Number(text.split(':')[0]));
    expect(lines).toEqual([...lines].sort((a, b) => a - b));
    expect(new Set(lines)).toEqual(new Set([1, 2, 3, 4, 6, 9, 10, 11, 13, 14, 15, 16, 19, 20, 21]));
    expect(new Set(texts).size).toBe(texts.length);
  });

  test('many problems of the same kind', () => {
    const bad = Array.from({ length: 40 }, (_, index) => `  - { id: "Bad ${index}", target: "< 1", x: 1 }`);
    const many = `apiVersion: sla-harness/v1\nkind: SLA\nname: n\nservice: { selector: { job: j } }\nobjectives:\n${bad.join('\n')}\n`;
    expect(problemsOf(many)).toHaveLength(80);
  });
});

describe('texts that are not documents', () => {
  test.each([
    ['', '1:1', 'must be an object'],
    ['hello', '1:1', 'must be an object'],
    ['- a', '1:1', 'must be an object'],
    ['a: 1\na: 2', '2:1', 'Map keys must be unique'],
    ['a: 1\n---\nb: 2', '2:1', 'multiple documents'],
    ['a:\n\t- b', '2:1', 'Tabs are not allowed'],
    ['a: "b', '1:', 'not valid YAML'],
    ['a: *nowhere', '1:1', 'Unresolved alias'],
    [bomb(), '1:1', 'Excessive alias count'],
  ])('%j', (yaml, at, message) => {
    const [first] = problemsOf(yaml);
    expect(first?.text.startsWith(at), first?.text).toBe(true);
    expect(first?.text).toContain(message);
  });
});

function bomb(): string {
  const tenfold = (anchor: string, of: string) => `${anchor}: &${anchor} [${Array(10).fill(of).join(', ')}]`;
  return [tenfold('a', 'x'), tenfold('b', '*a'), tenfold('c', '*b'), tenfold('d', '*c')].join('\n');
}

describe('alerting', () => {
  test.each([
    ['    error-rate: { name', '    error-rat: { name', 'alerting.names has objective "error-rat"'],
    ['name: HighTailLatency', 'name: HighLatency', 'alert name "HighLatency" is used twice'],
    ['name: HighLatencyRaw', 'name: DriftDetected', 'alert name "DriftDetected" is used twice'],
    ['name: LowThroughput', 'name: Low-Throughput', 'it must consist of letters, digits and _'],
    ['name: LowThroughput, severity: warning', 'name: Low, severity: loud', 'severity'],
    ['expected: 50%', 'expected: half', '"half" is not a share between 0% and 100%'],
    ['moved: 10%', 'moved: 100%', '"100%" is not a share between 0% and 100%'],
    [
      'total: { counter: sentiment_predictions_total }',
      'total: { counter: 9lives }',
      'is not a valid metric name',
    ],
  ])('%s changed to %s', (from, to, message) => {
    expect(problemsOf(changed(from, to)).map(({ text }) => text)).toEqual([expect.stringContaining(message)]);
  });
});

describe('objectives in phases', () => {
  const phased = (objectives: string) =>
    changed(
      'scenarios:\n',
      `  - { id: recovery, recovery: { of: latency-p95 }, target: "< 10s" }

scenarios:
  jolt:
    phases: [{ name: before, rate: 20/s, duration: 30s }, { name: spike, rate: 99/s, duration: 9s }, { name: after, rate: 20/s, duration: 30s }]
    objectives:
${objectives}
`,
    );

  test('are those that a scenario names; by default, all objectives except recoveries apply', () => {
    const { scenarios } = parsed(
      phased(
        '      - error-rate\n      - { id: latency-p95, phases: [before, after] }\n      - { id: recovery, phases: [spike] }',
      ),
    );
    expect(scenarios[0]!.objectives).toEqual([
      { id: 'error-rate', phases: null },
      { id: 'latency-p95', phases: ['before', 'after'] },
      { id: 'recovery', phases: ['spike'] },
    ]);
    expect(scenarios[1]!.objectives.map(({ id }) => id)).not.toContain('recovery');
    expect(scenarios[1]!.objectives).toContainEqual({ id: 'latency-p95', phases: null });
  });

  test.each([
    [
      '- { id: latency-p95, phases: [before, spkie] }',
      'spkie]',
      'unknown-phase',
      'the scenario has no phase "spkie": it has before, spike, after',
    ],
    [
      '- { id: latency-p59, phases: [before] }',
      'latency-p59',
      'unknown-objective',
      'which the document does not define',
    ],
    [
      '- { id: recovery, phases: [after] }',
      'after] }',
      'no-phase',
      'is measured in the phase after "after", but that is the last phase: add one after it',
    ],
    ['- recovery', 'recovery\n', 'no-phase', '"recovery" is a recovery objective: name the phase'],
    [
      '- { id: latency-p95, phases: [spike, spike] }',
      '{ id: latency-p95, phases: [spike',
      'duplicate-objective',
      'names "latency-p95" twice for the same part of the run',
    ],
  ])('%s is refused', (objectives, at, code, message) => {
    const text = phased(`      ${objectives}`);
    const found = problemsOf(text);
    expect(found.map((one) => one.code)).toEqual([code]);
    const from = text.indexOf('    objectives:\n');
    const place = placeOf(text, text.slice(text.indexOf(at, from)));
    expect(found[0]!.text).toContain(`${place}: `);
    expect(found[0]!.text).toContain(message);
  });

  test('a scenario with rate and duration has one phase, hold', () => {
    const named = changed(
      '    rate: 25/s\n',
      '    rate: 25/s\n    objectives: [{ id: latency-p95, phases: [hold] }]\n',
    );
    expect(parsed(named).scenarios[1]!.objectives).toEqual([{ id: 'latency-p95', phases: ['hold'] }]);
    expect(problemsOf(named.replace('[hold]', '[ramp]'))[0]!.code).toBe('unknown-phase');
  });

  test.each([
    ['no objective', 'of: p95', 'unknown-objective'],
    ['an objective that no client sees', 'of: error-rate', 'no-client'],
  ])('a recovery of %s is refused', (_, of, code) => {
    const text = phased('      - { id: recovery, phases: [spike] }').replace('of: latency-p95', of);
    expect(problemsOf(text).map((one) => one.code)).toEqual([code]);
  });
});
