import { describe, expect, test } from 'vitest';
import { parseDocument, warningsOf } from './document.ts';
import { MEASURES } from './measure-names.ts';

/** The exact messages for a broken document, and no others: `line:column: message`, in file order. */

const TOP = 'apiVersion: sla-harness/v1\nkind: SLA\nname: n\n';
const SERVICE = 'service: { selector: { job: j } }\n';
const HEAD = `${TOP}${SERVICE}`;
const uptime = (fields: string) => `{ id: up, target: ">= 99%", uptime: { ${fields} } }`;
const objective = (text: string) => `${HEAD}objectives:\n- ${text}\n`;
const scenario = (text: string) => `${HEAD}objectives: []\nscenarios:\n  ${text}\n`;

function told(yaml: string): readonly string[] {
  const parsed = parseDocument(yaml);
  return parsed.ok ? [] : parsed.error.map(({ line, column, message }) => `${line}:${column}: ${message}`);
}

describe('texts that are not documents', () => {
  test.each([
    ['a: 1\na: 2', ['2:1: not valid YAML: Map keys must be unique']],
    ['a: &a { x: *a }', ['1:1: not valid YAML: an alias refers to a node that contains it']],
    ['- a', ['1:1: the document must be an object, but is ["a"]']],
    ['# first\n\nname: n', ['3:1: the document lacks apiVersion, kind, service, objectives']],
    [`${HEAD}objectives: []\nextra: 1`, ['6:8: unknown field "extra"']],
  ])('%j', (yaml, expected) => expect(told(yaml)).toEqual(expected));

  test('unreadable text has a code and no path', () => {
    expect(parseDocument('a: 1\na: 2')).toMatchObject({ error: [{ code: 'yaml', path: '' }] });
  });
});

describe('load bounds of an existing service', () => {
  const service = (fields: string) => `${TOP}service: { selector: { job: j }, ${fields} }\nobjectives: []\n`;
  const form =
    'it must be a host, or a host and its port, for example api.example.org or 10.0.0.7:8080, in lower case, without scheme, path or wildcard';
  test.each([
    ['*.example.org'],
    ['http://api.example.org'],
    ['api.example.org/v1'],
    ['API.example.org'],
    ['api.example.org:*'],
    ['me@api.example.org'],
    [''],
  ])('"%s" stands for no address', (entry) => {
    expect(told(service(`allowedTargets: [a, "${entry}"]`))).toEqual([
      `4:54: service.allowedTargets[1] is "${entry}": ${form}`,
    ]);
  });

  test.each([
    ['allowedTargets: [0x7f.1]', '4:51: "0x7f.1" is another spelling of 127.0.0.1: write 127.0.0.1'],
    ['allowedTargets: ["a:99999"]', '4:51: "a:99999" has a port that is not between 1 and 65535'],
    ['maxRate: lots', '4:43: "lots" is not a valid rate (0.01/s to 10000/s): write it as 100/s'],
    ['maxDuration: 2d', '4:47: "2d" is not a valid duration (1s to 24h): write it as 10m'],
  ])('%s', (fields, expected) => {
    expect(told(service(fields))).toEqual([expected]);
  });
});

describe('a problem in one part is reported once, and hides no other problem', () => {
  test.each([
    [
      'the service is missing',
      `${TOP}objectives:\n- ${uptime('gauge: a-b')}\n`,
      ['1:1: the document lacks service', '5:48: "a-b" is not a valid metric name'],
    ],
    [
      'the service has an unknown field: which edges there are is not known then',
      `${TOP}service: { selector: { job: j }, oops: 1 }\nobjectives:\n- { id: a, target: "< 1s", latency: { histogram: h-h_seconds, percentile: 95 } }\n`,
      ['4:40: unknown field "oops" in service', '6:50: "h-h_seconds" is not a valid metric name'],
    ],
    [
      'the service has no edges: they come from the evidence',
      objective('{ id: a, target: "< 1s", latency: { histogram: h_seconds, percentile: 95 } }'),
      [],
    ],
    [
      'one objective lacks its target, one is none at all',
      `${HEAD}objectives:\n- { id: a, uptime: { gauge: g } }\n- null\n- ${uptime('gauge: a-b')}\n`,
      [
        '6:3: objectives[0] lacks target',
        '7:3: objectives[1] must be an object, but is null',
        '8:48: "a-b" is not a valid metric name',
      ],
    ],
    [
      'objectives and scenarios are none',
      `${HEAD}objectives: 5\nscenarios: 5\ndefaultScenario: x\n`,
      ['5:13: objectives must be an array, but is 5', '6:12: scenarios must be an object, but is 5'],
    ],
    [
      'there are no scenarios to choose the usual one from',
      `${HEAD}objectives: []\ndefaultScenario: x\n`,
      ['6:18: scenario "x" is not defined under scenarios'],
    ],
    [
      'one scenario has a number for a rate, another no rate',
      scenario('a: { rate: 5, duration: 5s }\n  b: { rate: fast, duration: 5s }'),
      [
        '7:14: scenarios.a.rate must be a string, but is 5',
        '8:14: "fast" is not a valid rate (0.01/s to 10000/s): write it as 20/s',
      ],
    ],
    [
      'scenarios that are named by numbers',
      scenario('7: { rate: 20, duration: 5s }\n  8: { rate: fast, duration: 5s }'),
      [
        '7:14: scenarios.7.rate must be a string, but is 20',
        '8:14: "fast" is not a valid rate (0.01/s to 10000/s): write it as 20/s',
      ],
    ],
  ])('%s', (_, yaml, expected) => expect(told(yaml)).toEqual(expected));

  test('several problems on one line, from left to right', () => {
    expect(told(objective('{ target: 1, id: Bad Id, uptime: { gauge: 5 } }'))).toEqual([
      '6:13: objectives[0].target must be a string, but is 1',
      '6:20: objectives[0].id is "Bad Id": it must be lower-case words joined by hyphens',
      '6:45: objectives[0].uptime.gauge must be a string, but is 5',
    ]);
  });

  test('in the twelfth of twelve entries', () => {
    const many = Array.from(
      { length: 11 },
      (_, index) => `- { id: a${index}, target: ">= 99%", uptime: { gauge: g } }`,
    );
    expect(told(`${HEAD}objectives:\n${many.join('\n')}\n- ${uptime('gauge: a-b')}\n`)).toEqual([
      '17:48: "a-b" is not a valid metric name',
    ]);
  });
});

describe('keys of all kinds have positions', () => {
  test('including labels', () => {
    const yaml = `${TOP}service: { selector: { "a/b": 5, "c~d": 6, x1: 7, 1x: 8, 9: 9 } }\nobjectives: []\n`;
    expect(told(yaml)).toEqual([
      '4:31: service.selector.a/b must be a string, but is 5',
      '4:41: service.selector.c~d must be a string, but is 6',
      '4:48: service.selector.x1 must be a string, but is 7',
      '4:55: service.selector.1x must be a string, but is 8',
      '4:61: service.selector.9 must be a string, but is 9',
    ]);
  });
});

describe('values', () => {
  test.each([
    [
      'a label',
      uptime('gauge: g, where: { l: [1] }'),
      '6:63: objectives[0].uptime.where.l is [1], which is not one of the allowed forms',
    ],
    [
      'a label’s name',
      uptime('gauge: g, where: { my-label: x }'),
      '6:70: "my-label" is not a valid label name',
    ],
    [
      'the name of the metric as a label',
      uptime('gauge: g, where: { __name__: x }'),
      '6:70: "__name__" is not a valid label name',
    ],
    [
      'a counter',
      '{ id: a, target: "> 1/s", throughput: { counter: a-b } }',
      '6:52: "a-b" is not a valid metric name',
    ],
    [
      'no measure',
      '{ id: a, target: "< 1%" }',
      `6:3: objective "a" must have exactly one of ${MEASURES.join(', ')}: it has none`,
    ],
    [
      'two measures',
      '{ id: a, target: "< 1%", uptime: { gauge: g }, mean: { histogram: h_seconds } }',
      `6:3: objective "a" must have exactly one of ${MEASURES.join(', ')}: it has uptime and mean`,
    ],
    [
      'absent',
      '{ id: a, target: "> 1/s", throughput: { counter: c, absent: zero } }',
      '6:63: absent: zero is allowed for ratio.bad only: without this counter nothing is known',
    ],
  ])('%s', (_, text, expected) => expect(told(objective(text))).toEqual([expected]));

  test('bucket edges must be finite and ascending', () => {
    const buckets = (edges: string) =>
      told(`${TOP}service: { selector: { job: j }, buckets: { h_seconds: ${edges} } }\nobjectives: []\n`);
    expect(buckets('[1, .inf]')).toEqual([
      '4:60: service.buckets.h_seconds[1] must be a number, but is Infinity',
    ]);
    expect(buckets('[1, 3, 2]')).toEqual(['4:63: bucket edges must be in ascending order: 2 comes after 3']);
  });

  test('regular expressions may begin with flags, as in RE2', () => {
    const matches = (pattern: string) =>
      told(objective(uptime(`gauge: g, where: { l: { matches: "${pattern}" } }`)));
    expect([matches('(?i)ok'), matches('(?is)ok')]).toEqual([[], []]);
    expect(matches('(ok')).toEqual([expect.stringContaining('"(ok" is not a valid regular expression: ')]);
  });
});

describe('the parsed document', () => {
  const scenariosOf = (yaml: string) => {
    const parsed = parseDocument(yaml);
    return parsed.ok ? parsed.value.scenarios : [];
  };

  test('fills in defaults for a minimal scenario, and keeps all fields of a complete one', () => {
    const yaml = scenario(
      'one: { rate: 90/m, duration: 2m }\n  two: { description: d, script: loadtests/x.ts, phases: [{ name: up, rate: 5/s, duration: 1m }], seed: 7, requestTimeout: 500ms, objectives: [] }',
    );
    expect(scenariosOf(yaml)).toMatchObject([
      {
        name: 'one',
        description: '',
        script: 'loadtests/one.ts',
        phases: [{ name: 'hold', ratePerSecond: 1.5, durationSeconds: 120 }],
        seed: 1,
        requestTimeoutSeconds: 10,
        objectives: [],
      },
      {
        name: 'two',
        description: 'd',
        script: 'loadtests/x.ts',
        phases: [{ name: 'up', ratePerSecond: 5, durationSeconds: 60 }],
        seed: 7,
        requestTimeoutSeconds: 0.5,
        objectives: [],
      },
    ]);
  });

  test('has the event-loop lag', () => {
    const yaml = `${TOP}service: { selector: { job: j }, lag: { gauge: g, where: { a: b } } }\nobjectives: []\n`;
    expect(parseDocument(yaml)).toMatchObject({
      value: { service: { lag: { metric: 'g', where: { a: 'b' } } } },
    });
  });

  test('has the warm-up requests', () => {
    const warmUp = { path: '/predict', bodies: [{ text: 'a' }] };
    const parsed = parseDocument(
      `${TOP}service: { selector: { job: j }, warmUp: ${JSON.stringify(warmUp)} }\nobjectives: []\n`,
    );
    expect(parsed).toMatchObject({ ok: true, value: { service: { warmUp } } });
    const get = { path: '/', method: 'GET', headers: { accept: 'text/html' } };
    const read = (of: object) =>
      parseDocument(
        `${TOP}service: { selector: { job: j }, warmUp: ${JSON.stringify(of)} }\nobjectives: []\n`,
      );
    expect(read(get)).toMatchObject({ ok: true, value: { service: { warmUp: get } } });
    expect(read({ ...get, bodies: [{}] })).toMatchObject({
      error: [{ path: 'service.warmUp.bodies', message: expect.stringContaining('a GET has no body') }],
    });
    expect(read({ path: '/', headers: { 'a b': 'c' } })).toMatchObject({
      error: [
        { path: 'service.warmUp.headers', message: expect.stringContaining('"a b" is not a valid header') },
      ],
    });
    expect(parseDocument(`${HEAD}objectives: []\n`)).not.toHaveProperty('value.service.warmUp');
  });
});

describe('service-side and client-side latency', () => {
  const latency = (fields: string) =>
    objective(`{ id: slow, target: "< 200ms", latency: { percentile: 95, ${fields} } }`);
  test.each([
    [
      'unit: seconds',
      '6:43: objectives[0].latency must have a histogram of the service, or a client (the path, or k6 name, of requests to judge client-side), or both',
    ],
    [
      'client: /checkout, where: { status: "200" }',
      '6:87: where describes a histogram, and objectives[0].latency has none: name the histogram, or leave where out',
    ],
    [
      'client: /checkout, unit: seconds',
      '6:86: unit describes a histogram, and objectives[0].latency has none: name the histogram, or leave unit out',
    ],
    ['client: ""', '6:69: objectives[0].latency.client must not have fewer than 1 characters, but is ""'],
  ])('%s', (fields, expected) => expect(told(latency(fields))).toEqual([expected]));

  test('client-side latency alone is enough, and needs no bucket edges', () => {
    const parsed = parseDocument(latency('client: /checkout'));
    expect(parsed).toMatchObject({
      ok: true,
      value: { objectives: [{ measure: { kind: 'latency', histogram: null, client: '/checkout' } }] },
    });
    expect(parsed.ok && warningsOf(latency('client: /checkout'), parsed.value)).toEqual([]);
  });
});

test('a histogram has listed edges, or is native', () => {
  const service = (fields: string) => `${TOP}service: { selector: { job: j }, ${fields} }\nobjectives: []\n`;
  expect(told(service('buckets: { h_seconds: [1] }, nativeHistograms: [h_seconds]'))).toEqual([
    '4:82: "h_seconds" is also listed in service.buckets: list its edges if its buckets are classic, or name it here if Prometheus stores it as a native histogram',
  ]);
  expect(told(service('nativeHistograms: [h_seconds]'))).toEqual([]);
});

describe('a percentage is written with or without its sign', () => {
  const one = (percentile: string, confidence = '0.95') =>
    `${HEAD}confidence: ${confidence}\nobjectives:\n- { id: slow, target: "< 1s", latency: { client: /, percentile: ${percentile} } }\n`;

  test.each([
    ['95', '0.95', 95, 0.95],
    ['95%', '95%', 95, 0.95],
    ['"99.9%"', '"99.5 %"', 99.9, 0.995],
    ['99.9', '90%', 99.9, 0.9],
  ])('percentile: %s, confidence: %s', (percentile, confidence, expected, sure) => {
    expect(parseDocument(one(percentile, confidence))).toMatchObject({
      ok: true,
      value: { confidence: sure, objectives: [{ measure: { percentile: expected } }] },
    });
  });

  test.each(['9500%', '100%', '0%', '"95"', '0', '100', '-5', 'p95', '1e3'])(
    'percentile: %s is refused',
    (text) => {
      expect(told(one(text))).toEqual([
        expect.stringMatching(
          /^7:\d+: ".*" is not a valid percentile \(over 0 to under 100\): write it as 95 or 95%$/,
        ),
      ]);
    },
  );

  test.each(['9500%', '95', '100%', '89%', '0.89', '1', '"0.95"', 'high', '0.95%'])(
    'confidence: %s is refused',
    (text) => {
      expect(told(one('95', text))).toEqual([
        expect.stringMatching(
          /^5:13: ".*" is not a valid confidence \(0\.9 to less than 1\): write it as 0\.95 or 95%$/,
        ),
      ]);
    },
  );

  test('0.95% is refused, because hardly any service misses that percentile', () => {
    expect(told(one('0.95%'))).toEqual([expect.stringContaining('percentile 0.95 lets 99.05%')]);
  });
});

test('an alert cannot be named for a latency that only the client measures', () => {
  const objectives = '- { id: slow, target: "< 1s", latency: { client: /, percentile: 95 } }';
  expect(
    told(
      `${HEAD}objectives:\n${objectives}\nalerting: { names: { slow: { name: Slow, severity: warning } } }\n`,
    ),
  ).toEqual([
    `7:28: no alert can monitor objective "slow", because it is judged client-side only: remove it here, or add a histogram to the objective`,
  ]);
});
