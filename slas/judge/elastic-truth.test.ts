import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseDocument } from '../document/document.ts';
import type { Evidence, LoadRecord, Plan, RunRecord, Series } from '../model/model.ts';
import { unwrap } from '../model/result.ts';
import { planScenario } from '../plan/plan.ts';
import { selectorsOfPlan } from '../prometheus/promql.ts';
import { SHIPPED_YAML } from '../testing/cases.ts';
import { judgeInWords } from '../testing/judge-in-words.ts';
import { selects } from '../testing/notation.ts';
import { type Replica, type Request, samplesOf, spread, type World } from '../testing/openmetrics.ts';

/**
 * Random elastic services whose every request is known, including those that no scrape saw: a met objective
 * must hold over all of them, and a missed one must be broken by all of them. Seeded, so every run uses the
 * same services.
 */

const START = Date.UTC(2025, 4, 1) / 1000;
const EVERY = 5;
const FROM = START + 21.3;
const TO = FROM + 60;
const EDGES = [0.05, 0.1, 0.2, 0.3, 0.5, 1];
const RATE = 10;

const documentOf = (isIsolated: boolean) => {
  const selector = 'selector: { job: sentiment-api }';
  const parsed = parseDocument(
    SHIPPED_YAML.replace(selector, `${selector}\n  replicas: elastic\n  isolated: ${isIsolated}`),
  );
  if (!parsed.ok) throw new Error(parsed.error[0]!.message);
  return parsed.value;
};

const planOf = (isIsolated: boolean): Plan => {
  return { ...unwrap(planScenario(documentOf(isIsolated), 'steady')), load: null };
};

/** The seconds of the window at which a replica starts and ends; null if it started before the window, or ends after it. */
const processInstance = fc.record({
  phase: fc.double({ min: 0, max: EVERY - 0.01, noNaN: true }),
  born: fc.option(fc.double({ min: 1, max: 55, noNaN: true }), { freq: 3 }),
  ended: fc.option(fc.double({ min: 1, max: 58, noNaN: true }), { freq: 3 }),
  /** How many requests are bad, and how many of the requests in the replica's last seconds, which no scrape may have seen. */
  bad: fc.double({ min: 0, max: 0.06, noNaN: true }),
  badAtTheEnd: fc.constantFrom(0, 0, 1),
  badly: fc.constantFrom({ seconds: 0.25 }, { seconds: 0.6 }, { seconds: 0.01, status: '500' }),
});
type ProcessInstance = typeof processInstance extends fc.Arbitrary<infer T> ? T : never;

const round = (seconds: number) => Math.round(seconds * 1000) / 1000;

function replicaOf({ phase, born, ended, bad, badAtTheEnd, badly }: ProcessInstance, index: number): Replica {
  const beganSeconds = born === null ? null : round(FROM + born);
  const endedSeconds = ended === null || ended < (born ?? 0) + 1 ? null : round(FROM + ended);
  const all = spread(RATE * 60, FROM, TO, Math.round(bad * RATE * 60), badly).filter(
    ({ atSeconds }) => atSeconds > (beganSeconds ?? 0) && atSeconds <= (endedSeconds ?? Infinity),
  );
  const isLate = ({ atSeconds }: Request) =>
    badAtTheEnd === 1 && endedSeconds !== null && atSeconds > endedSeconds - EVERY;
  return {
    instance: `10.0.0.${index + 1}:8000`,
    everySeconds: EVERY,
    firstSeconds: round(START + phase),
    requests: all.map((one) => (isLate(one) ? { ...one, ...badly } : one)),
    ...(beganSeconds === null ? {} : { beganSeconds }),
    ...(endedSeconds === null ? {} : { endedSeconds }),
  };
}

function evidenceOf(plan: Plan, world: World): Evidence {
  const series = new Map<string, Series & { samples: [number, string][] }>();
  for (const { name, labels, atSeconds, value } of samplesOf(world)) {
    const key = JSON.stringify([name, labels]);
    const one = series.get(key) ?? { labels: { __name__: name, ...labels }, samples: [] };
    one.samples.push([round(atSeconds), String(value)]);
    series.set(key, one);
  }
  const readings = selectorsOfPlan(plan).map((selector) => ({
    selector,
    query: selector,
    atSeconds: world.lastSeconds,
    series: [...series.values()].filter(({ labels }) => selects(selector, labels)),
    warnings: [],
    error: null,
  }));
  return { schema: 'sla-harness/evidence/v1', prometheus: { url: 'http://127.0.0.1:9090/' }, readings };
}

/** The client's view: every request was answered, including those served by replicas that ended. */
function loadOf(requests: readonly Request[]): LoadRecord {
  const answered = (digit: string) => requests.filter(({ status }) => status.startsWith(digit)).length;
  return {
    generator: { name: 'k6', version: '2.2.0' },
    plannedRequests: requests.length,
    scheduledSeconds: 60,
    sent: requests.length,
    answered: { '1xx': 0, '2xx': answered('2'), '3xx': 0, '4xx': answered('4'), '5xx': answered('5') },
    lost: 0,
    droppedIterations: 0,
    completed: true,
    stoppedBecause: null,
  };
}

const runOf = (load: LoadRecord | null): RunRecord => ({
  schema: 'sla-harness/run/v1',
  id: 'elastic',
  window: { fromSeconds: FROM, toSeconds: TO },
  load,
  incidents: [],
});

/** Whether all requests of the service, seen or not, meet its limits. */
function truthOf(requests: readonly Request[]): Readonly<Record<string, boolean>> {
  const good = requests.filter(({ status }) => status === '200');
  const slower = (limit: number) => good.filter(({ seconds }) => seconds > limit).length;
  return {
    'latency-p95': slower(0.2) <= 0.05 * good.length,
    'latency-p99': slower(0.5) <= 0.01 * good.length,
    'error-rate': requests.length - good.length < 0.01 * requests.length,
    throughput: good.length / 60 > 15,
  };
}

const services = fc.array(processInstance, { minLength: 1, maxLength: 4 });

function judged(processes: readonly ProcessInstance[], isIsolated: boolean, isLoaded: boolean) {
  const replicas = processes.map(replicaOf);
  const world: World = {
    job: 'sentiment-api',
    lastSeconds: TO + 4 * EVERY,
    replicas,
    edges: EDGES,
    statuses: ['200', '400', '429', '500', '503'],
  };
  const plan = planOf(isIsolated);
  const requests = replicas.flatMap((one) => one.requests);
  const verdict = judgeInWords(plan, runOf(isLoaded ? loadOf(requests) : null), evidenceOf(plan, world));
  return { verdict, truth: truthOf(requests) };
}

test.each([
  ['alone, with a run record', true, true],
  ['among others, with a run record', false, true],
  ['a bare window', true, false],
] as const)('replicas that start and end never turn a miss into a pass: %s', (_, isIsolated, isLoaded) => {
  const seen = { met: 0, missed: 0, undecided: 0, uncounted: 0 };
  const property = fc.property(services, (processes) => {
    const { verdict, truth } = judged(processes, isIsolated, isLoaded);
    for (const { id, verdict: outcome, reason, uncounted = 0 } of verdict.objectives) {
      if (!(id in truth)) continue;
      seen[outcome]++;
      if (uncounted > 0) seen.uncounted++;
      // Without a load of our own, the seconds over which a rate is computed differ.
      if (id === 'throughput' && !(isIsolated && isLoaded)) continue;
      if (outcome === 'met') expect(truth[id], `${id}: ${reason}`).toBe(true);
      if (outcome === 'missed') expect(truth[id], `${id}: ${reason}`).toBe(false);
    }
  });
  fc.assert(property, { seed: 20_250_501, numRuns: 150 });
  // The generated services cover every outcome, and some requests are uncounted.
  for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(10);
});
