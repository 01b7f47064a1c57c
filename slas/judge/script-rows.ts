import type {
  LoadRecord,
  ObjectiveOutcome,
  ObjectiveVerdict,
  Plan,
  Precondition,
  RunRecord,
  ThresholdRecord,
  Unit,
} from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';

/** Ids of a document's objectives have neither a colon nor a space. */
export const SCRIPT_ROW = 'k6: ';

/**
 * The results of a k6 script that plans its own load, as rows of the verdict: each of its thresholds, and its
 * checks. A crossed threshold is a miss, because k6 would exit with an error, unless the load was not the
 * planned one.
 */
export function scriptRows(
  plan: Plan,
  { load }: RunRecord,
  preconditions: readonly Precondition[],
): readonly ObjectiveVerdict[] {
  if (plan.load?.k6 === undefined || load === null) return [];
  const broken = preconditions.filter(({ id, ok }) => ok === false && RESTS_ON.includes(id));
  return [
    ...(load.thresholds ?? []).filter(isPromise).map((one) => thresholdRow(one, load, broken)),
    ...checksRow(plan, load, preconditions, broken),
  ];
}

/** Preconditions without which k6 did not measure what the script planned to measure. */
const RESTS_ON = ['load-delivered', 'generator-on-time', 'nothing-died'];
/** A broken `generator-on-time` does not affect checks: a request does not fail because it was sent late. */
const NOT_FOR_FAILURES = ['generator-on-time'];

// ---------------------------------------------------------------------------------------------- thresholds

interface Outcome {
  readonly verdict: ObjectiveOutcome;
  readonly reasons: readonly Reason[];
}

function thresholdRow(
  one: ThresholdRecord,
  load: LoadRecord,
  broken: readonly Precondition[],
): ObjectiveVerdict {
  const { metric, threshold, value } = one;
  const { unit, factor, target } = readThreshold(one);
  const { verdict, reasons } = outcomeOf(one, load, broken);
  const isTold = verdict !== 'undecided' && value !== null;
  return {
    ...row(
      `${SCRIPT_ROW}${metric} ${threshold}`,
      `${SCRIPT_ROW}${metric}${statisticOf(threshold)}`,
      verdict,
      reasons,
    ),
    value: isTold ? Number((value * factor).toPrecision(12)) : null,
    unit,
    target,
    // k6 does not count samples of counters and gauges: it compares one number.
    samples: one.samples ?? 1,
  };
}

function outcomeOf(one: ThresholdRecord, load: LoadRecord, broken: readonly Precondition[]): Outcome {
  const { threshold, isCrossed, value, samples } = one;
  const seen = [reason('k6-compared', { threshold, value, isCrossed, samples })];
  if (samples === 0) return { verdict: 'undecided', reasons: [reason('k6-measured-nothing', { isCrossed })] };
  const doubts = isCrossed ? doubtsOfMiss(one, load, broken) : broken;
  if (doubts.length > 0) return { verdict: 'undecided', reasons: [doubted(doubts[0]!, seen)] };
  if (!isCrossed) return { verdict: 'met', reasons: seen };
  const ended = hasEndedTheRun(load) ? [reason('k6-ended-the-run', {})] : [];
  return { verdict: 'missed', reasons: [...seen, ...ended] };
}

const doubted = ({ id, reasons }: Precondition, seen: readonly Reason[]) =>
  reason('seen-so-far', { because: [reason('precondition-broken', { id, because: reasons })], seen });

/**
 * A run that was ended by a crossed threshold is short only for that reason: with `abortOnFail`, the
 * threshold decides.
 */
function doubtsOfMiss(
  { metric }: ThresholdRecord,
  load: LoadRecord,
  broken: readonly Precondition[],
): readonly Precondition[] {
  const isOfFailures = /^(http_req_failed|checks)(\{|$)/.test(metric);
  return broken.filter(
    ({ id }) =>
      !(isOfFailures && NOT_FOR_FAILURES.includes(id)) && !(id === 'load-delivered' && hasEndedTheRun(load)),
  );
}

/** Recognised by k6's exit code in the words of scripts/run/k6-end.ts: exit code 99 before the end of the plan means `abortOnFail`. */
const hasEndedTheRun = ({ completed, stoppedBecause, droppedIterations, thresholds = [] }: LoadRecord) =>
  !completed &&
  droppedIterations === 0 &&
  /^k6 ended with exit code 99\b/.test(stoppedBecause ?? '') &&
  thresholds.some(({ isCrossed }) => isCrossed);

/** `max>=0` and similar thresholds hold for every value: they only make k6 print a metric. */
const isPromise = ({ threshold, isCrossed }: ThresholdRecord) =>
  isCrossed || !/^\s*[a-z]+(\([\d.]+\))?\s*>=\s*0(\.0+)?\s*$/.test(threshold);

/** k6's trend metrics that are times, in milliseconds. */
const TIMES =
  /^(http_req_(duration|blocked|connecting|tls_handshaking|sending|waiting|receiving)|(iteration|group|grpc_req)_duration|ws_(connecting|session_duration|ping))(\{|$)/;

/** `p(95)<500` → ` p(95)`: the limit follows the title. */
const statisticOf = (threshold: string) => {
  const [statistic] = /^\s*[a-z]+(\([\d.]+\))?/.exec(threshold) ?? [];
  return statistic === undefined ? '' : ` ${statistic.trim()}`;
};

/** Metric values in the units of the verdict, and the limit as users write it. */
function readThreshold({ metric, threshold, samples }: ThresholdRecord): {
  readonly unit: Unit;
  readonly factor: number;
  readonly target: string;
} {
  const [, statistic = '', operator = '', limit = ''] =
    /^\s*([a-z]+)(?:\([\d.]+\))?\s*(<=|>=|<|>|===?|!=)\s*(\S+)\s*$/.exec(threshold) ?? [];
  const number = Number(limit);
  if (operator === '' || !Number.isFinite(number)) return { unit: 'number', factor: 1, target: threshold };
  if (statistic === 'rate' && samples !== null)
    return { unit: 'ratio', factor: 1, target: `${operator} ${Number((number * 100).toPrecision(12))}%` };
  if (statistic === 'rate') return { unit: 'per_second', factor: 1, target: `${operator} ${number}/s` };
  if (TIMES.test(metric) && statistic !== 'count')
    return { unit: 'seconds', factor: 1e-3, target: `${operator} ${number}ms` };
  return { unit: 'number', factor: 1, target: `${operator} ${number}` };
}

// ---------------------------------------------------------------------------------------------- checks

/**
 * All checks together, judged by the document's limit. Without a limit, all checks must pass. Checks with a threshold in the script have
 * their own row. The precondition `checks-passed` has counted them, and excludes failures of requests that already count as errors.
 */
function checksRow(
  { checks: limit }: Plan,
  { checks = [], thresholds = [] }: LoadRecord,
  preconditions: readonly Precondition[],
  broken: readonly Precondition[],
): readonly ObjectiveVerdict[] {
  const [passes, fails] = (['passes', 'fails'] as const).map((field) =>
    checks.reduce((sum, one) => sum + one[field], 0),
  );
  const isOfScript = thresholds.some(({ metric, samples }) => metric === 'checks' && samples !== 0);
  if (limit === undefined && (passes! + fails! === 0 || isOfScript)) return [];
  const { ok, reasons } = preconditions.find(({ id }) => id === 'checks-passed')!;
  const doubts = broken.filter(({ id }) => ok !== false || !NOT_FOR_FAILURES.includes(id));
  const isMade = passes! + fails! > 0;
  const verdict = !isMade || doubts.length > 0 ? 'undecided' : ok === false ? 'missed' : 'met';
  const told = isMade && doubts.length > 0 ? [doubted(doubts[0]!, reasons)] : reasons;
  return [
    {
      ...row(`${SCRIPT_ROW}checks`, `${SCRIPT_ROW}checks`, verdict, told),
      value: verdict === 'undecided' ? null : passes! / (passes! + fails!),
      unit: 'ratio',
      target: limit?.text ?? '>= 100%',
      samples: passes! + fails!,
    },
  ];
}

// ---------------------------------------------------------------------------------------------- rows

/** There is no query, interval or phase, because Prometheus was not queried. */
const row = (id: string, title: string, verdict: ObjectiveOutcome, reasons: readonly Reason[]) => ({
  id,
  title,
  phase: null,
  covered: null,
  verdict,
  severity: verdict === 'missed' ? ('target' as const) : null,
  share: null,
  bucket: null,
  alert: null,
  client: null,
  interval: null,
  margin: null,
  nearLimit: false,
  steadiness: null,
  detectable: null,
  needed: null,
  query: '',
  reasons,
});
