import { beforeAll, describe, expect, test } from 'vitest';
import { healthy, readCaseFiles } from '../testing/cases.ts';
import { type AlertCase, type AlertTest, alertTestOf, judgeWindow, shifted } from '../testing/promtool.ts';
import { testRules } from '../testing/run-promtool.ts';

/** Alert and gate must agree on every judging case, and on values at and around each limit. */

/**
 * The gate has a plan to compare the number of responses with. An alert has none, and stays silent if
 * little was requested.
 */
const IDLE = [
  'a client that counted too few',
  '59 successful responses, none over',
  '298 requests without an error',
  'a dead service, with a confidence',
  'cut short, with nothing broken so far',
  'cut short, with a limit missed for certain',
  'cut short, one fewer over the limit',
  'a run record of a smaller load than planned',
  'no run record, and few requests so far',
  'requests in flight when the load was cut short',
  'errors before the load was cut short',
  'without a run record',
  'a load without a plan that was cut short',
  'a run that a threshold ended',
  'a run that a threshold ended, from a load generator that was late',
  'a script that aborted itself, after its requests had crossed a threshold',
  'failed checks of a load that was cut short',
];

/**
 * The objectives for which they differ, by the name of the case. An entry that no longer differs fails the
 * test.
 */
const DIFFERENT: ReadonlyMap<string, readonly string[]> = new Map([
  // Alerts match `le` as text, in the two notations of Prometheus 2 and 3, whereas the gate parses numbers.
  ['le in other notations', ['latency-p95']],
  // With few requests, the gate reports only what further successful requests could not change; an alert
  // uses the observed share.
  ['few requests, many errors', ['error-rate', 'throughput']],
  // The load was planned at 25/s, but the document promises more than 30/s.
  ['missed without an alert threshold', ['rate']],
  // To an alert, a scrape with an unknown result is down; the gate reports an emergency only if it is
  // certain.
  ['an uptime that certainly misses its target, and its alert threshold only at worst', ['up']],
  // The gate divides by the seconds in which responses arrived; an alert does not know that a load has ended.
  ['responses long after the load', ['throughput']],
  // The two targets are scraped seconds apart and have no address. The alert takes them for one target, which then seems to miss a scrape.
  ['two processes whose targets have no address', ['model-uptime']],
  // The alert counts responses over the bucket edge below its threshold, so it fires even where the severity is unknown.
  ['no bucket at the alert threshold of a limit that is missed', ['latency-p95']],
  // The alert adds up the same bucket edge of all replicas; the gate uses the nearest edge of each replica.
  ['one of two replicas lacks the edge, and the edges on both sides are enough', ['latency-p95']],
  ...IDLE.map((name) => [name, ['throughput']] as [string, readonly string[]]),
]);

/**
 * An alert sees only differences between scrapes. Only the gate accounts for counts before a replica's first scrape or after its last, so
 * elastic services are left out.
 */
const cases = [...readCaseFiles()]
  .flatMap(([file, own]) =>
    own.map((one) => ({ ...one.build(), name: `${file}: ${one.name}`, key: one.name })),
  )
  // A downsampled window is the evidence of one of these cases with fewer samples.
  .filter(({ document, evidence }) => document.service.replicas === 'stable' && !evidence.thinned);

/** Whether a counter was small enough to hide a restart depends on its earlier count. */
const HIDING_RESTARTS = ['hidden-restarts.yaml', 'one-process.yaml', 'counted-scrapes.yaml'];

interface Claim {
  readonly name: string;
  readonly test: AlertTest;
}

function claim(one: AlertCase, isClaimed: (objective: string) => boolean): readonly Claim[] {
  const made = alertTestOf(one, isClaimed);
  return made === null || made.decided.length === 0 ? [] : [{ name: one.name, test: made }];
}

const apartOf = (key: string) => DIFFERENT.get(key) ?? [];

describe('alerts compared with the judging cases', () => {
  const agree = cases.flatMap((one) => claim(one, (id) => !apartOf(one.key).includes(id)));
  const differ = cases.flatMap((one) => claim(one, (id) => apartOf(one.key).includes(id)));
  let failures: readonly string[] = [];
  beforeAll(async () => {
    failures = await testRules([...agree, ...differ].map((one) => one.test));
  });

  test('enough cases are compared, and alerts fire in enough of them', () => {
    expect(agree.length).toBeGreaterThan(200);
    expect(agree.filter((one) => one.test.expected.length > 0).length).toBeGreaterThan(40);
  });

  test.each(agree.map(({ name }, index) => [name, index] as const))('%s', (_, index) => {
    expect(failures[index]).toBe('');
  });

  test.each(differ.map(({ name }, index) => [name, agree.length + index] as const))(
    'differs, as listed: %s',
    (_, index) => expect(failures[index]).toContain('FAILED'),
  );

  test('every listed difference belongs to an existing case', () => {
    const names = cases.map(({ key }) => key);
    expect([...DIFFERENT.keys()].filter((key) => !names.includes(key))).toEqual([]);
    expect(differ.length).toBeGreaterThanOrEqual(DIFFERENT.size);
  });

  test('counts from before the window do not change the verdict', () => {
    for (const { name, document, run, evidence } of cases) {
      if (HIDING_RESTARTS.some((file) => name.startsWith(file))) continue;
      const outcomes = (of: typeof evidence) =>
        judgeWindow(document, run, of).objectives.map(({ id, verdict, severity }) => [id, verdict, severity]);
      expect(outcomes(shifted(evidence)), name).toEqual(outcomes(evidence));
    }
  });
});

type Changes = Parameters<typeof healthy>[0];

const latency = (le: string): Changes => ({ series: { latency: { le } } });
const errors = (bad: number): Changes => ({
  series: { 'answers 200': `400 -> ${1900 - bad}`, 'answers 500': `0 -> ${bad}` },
});
const good = (count: number): Changes => ({
  series: { 'answers 200': `400 -> ${400 + count}`, 'answers 400': `0 -> ${1500 - count}` },
});
const confidence = (sum: number): Changes => ({
  series: { 'positive sum': `0 -> ${sum - 500}`, 'negative sum': '0 -> 500' },
});
/** A thousand scrapes, of which the given number found no loaded model. */
const down = (scrapes: number): Changes => ({
  scrapes: { every: 1, first: 0, last: 1010 },
  window: { from: 2.5, to: 1000.5 },
  series: {
    'answers 200': '0 -> 20000',
    latency: { le: '0.1=19000 0.2=20000 0.3=20000 0.5=20000 1.0=20000 +Inf=20000' },
    'model loaded': scrapes === 0 ? 'always 1' : `always 1; 500..${499 + scrapes}=0`,
  },
});

const NONE = '';
const TARGET = 'target';
const BOTH = 'target alert';

/** The change to the healthy service, and which thresholds of the objective it breaks. */
const AROUND: readonly (readonly [what: string, objective: string, fires: string, changes: Changes])[] = [
  ['1,425 of 1,500 in 200 ms', 'latency-p95', NONE, latency('0.2=1425 0.3=1490 0.5=1497 1.0=1500 +Inf=1500')],
  [
    '1,424 of 1,500 in 200 ms',
    'latency-p95',
    TARGET,
    latency('0.2=1424 0.3=1490 0.5=1497 1.0=1500 +Inf=1500'),
  ],
  ['1,425 of 1,500 in 300 ms', 'latency-p95', TARGET, latency('0.2=0 0.3=1425 0.5=1497 1.0=1500 +Inf=1500')],
  ['1,424 of 1,500 in 300 ms', 'latency-p95', BOTH, latency('0.2=0 0.3=1424 0.5=1497 1.0=1500 +Inf=1500')],
  ['1,485 of 1,500 in 500 ms', 'latency-p99', NONE, latency('0.2=1450 0.3=1450 0.5=1485 1.0=1500 +Inf=1500')],
  [
    '1,484 of 1,500 in 500 ms',
    'latency-p99',
    TARGET,
    latency('0.2=1450 0.3=1450 0.5=1484 1.0=1500 +Inf=1500'),
  ],
  ['1,485 of 1,500 in 1 s', 'latency-p99', TARGET, latency('0.2=1450 0.3=1450 0.5=1450 1.0=1485 +Inf=1500')],
  ['1,484 of 1,500 in 1 s', 'latency-p99', BOTH, latency('0.2=1450 0.3=1450 0.5=1450 1.0=1484 +Inf=1500')],
  ['14 errors in 1,500', 'error-rate', NONE, errors(14)],
  ['15 errors in 1,500', 'error-rate', TARGET, errors(15)],
  ['75 errors in 1,500', 'error-rate', TARGET, errors(75)],
  ['76 errors in 1,500', 'error-rate', BOTH, errors(76)],
  ['901 good answers in 60 s', 'throughput', NONE, good(901)],
  ['900 good answers in 60 s', 'throughput', TARGET, good(900)],
  ['300 good answers in 60 s', 'throughput', TARGET, good(300)],
  ['299 good answers in 60 s', 'throughput', BOTH, good(299)],
  ['1 scrape of 1,000 without a model', 'model-uptime', NONE, down(1)],
  ['2 scrapes of 1,000 without a model', 'model-uptime', TARGET, down(2)],
  ['10 scrapes of 1,000 without a model', 'model-uptime', TARGET, down(10)],
  ['11 scrapes of 1,000 without a model', 'model-uptime', BOTH, down(11)],
  ['a mean of 0.8501', 'confidence', NONE, confidence(1275.15)],
  ['a mean of 0.85', 'confidence', TARGET, confidence(1275)],
  ['a mean of 0.7', 'confidence', TARGET, confidence(1050)],
  ['a mean of 0.6999', 'confidence', BOTH, confidence(1049.85)],
];

describe('at and around each limit', () => {
  const tests = AROUND.map(
    ([name, id, , changes]) => alertTestOf({ name, ...healthy(changes) }, (other) => other === id)!,
  );
  let failures: readonly string[] = [];
  beforeAll(async () => {
    failures = await testRules(tests);
  });

  test.each(AROUND.map(([what, id, fires], index) => [what, id, fires, index] as const))(
    '%s: %s %s',
    (_, id, fires, index) => {
      const wanted = fires === NONE ? [] : fires.split(' ').map((threshold) => `${id} ${threshold}`);
      expect(tests[index]!.decided, 'the gate decides it').toEqual([id]);
      expect(tests[index]!.expected, 'the gate').toEqual(wanted);
      expect(failures[index], 'the alert').toBe('');
    },
  );
});
