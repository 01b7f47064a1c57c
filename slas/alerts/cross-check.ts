import { parseDuration } from '../document/limits.ts';
import type {
  Evidence,
  HeldAlert,
  ObjectiveVerdict,
  Plan,
  PlannedAlert,
  RunRecord,
  Series,
  Verdict,
  VerdictAlerts,
} from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';

/**
 * Alert and verdict come from one document, so they can be cross-checked where both cover the same time.
 * Differences are reported next to the verdict and never change it.
 */
export function holdAlerts(
  { alerts: planned }: Plan,
  run: RunRecord,
  { alerts: asked }: Evidence,
  objectives: readonly ObjectiveVerdict[],
): Pick<Verdict, 'alerts'> {
  if (planned === undefined || asked === undefined) return {};
  const failed = asked.find(({ error }) => error !== null);
  if (failed !== undefined) return unknown(reason('alerts-unknown', { error: failed.error! }));
  const seriesOf = (selector: string) => asked.find((one) => one.selector === selector)?.series ?? [];
  const stepSeconds = asked.find((one) => one.selector === planned.states)?.first?.stepSeconds ?? 1;
  const recorded = seriesOf(planned.recorded);
  const states = statesOf(seriesOf(planned.states), stepSeconds);
  if (recorded.length === 0 && states.length === 0) return unknown(reason('no-alerting-rules', {}));
  const judged = planned.rules.map((rule) => judgedBy(rule, objectives));
  const fired = states.filter(({ state }) => state === 'firing');
  const rows = [
    ...fired.map((alert) => compareFired(alert, judged.find(({ rule }) => rule.name === alert.name) ?? null)),
    ...judged
      .filter(({ rule }) => fired.every(({ name }) => name !== rule.name))
      .flatMap((one) => compareSilent(one, states, watchOf(one.rule, recorded, run))),
  ];
  return { alerts: { held: rows, summary: summarise(rows, recorded) } };
}

const unknown = (summary: Reason): { alerts: VerdictAlerts } => ({ alerts: { held: null, summary } });

interface AlertState {
  readonly name: string;
  readonly state: string;
  readonly severity: string | null;
  readonly stretches: readonly (readonly [fromSeconds: number, toSeconds: number])[];
}

/** One entry for each alert and state, in order of start time. Other labels of the series are ignored. */
function statesOf(series: readonly Series[], stepSeconds: number): readonly AlertState[] {
  const key = ({ labels }: Series) => JSON.stringify([labels.alertname, labels.alertstate]);
  const states = [...Map.groupBy(series, key).values()].map((own): AlertState => {
    const { alertname = '', alertstate = '', severity } = own[0]!.labels;
    const times = own.flatMap(({ samples }) => samples.map(([at]) => at)).sort((a, b) => a - b);
    return {
      name: alertname,
      state: alertstate,
      severity: severity ?? null,
      stretches: stretchesOf(times, stepSeconds),
    };
  });
  return states.sort((a, b) => a.stretches[0]![0] - b.stretches[0]![0] || (a.name < b.name ? -1 : 1));
}

/** Times that are one step apart belong to one interval. */
function stretchesOf(times: readonly number[], stepSeconds: number): AlertState['stretches'] {
  const stretches: [number, number][] = [];
  for (const at of times) {
    const last = stretches.at(-1);
    if (last !== undefined && at - last[1] <= 1.5 * stepSeconds) last[1] = at;
    else stretches.push([at, at]);
  }
  return stretches;
}

/** How far the rule looks back, and for how long it was evaluated in the window. null if the rule was not seen. */
interface Watch {
  readonly windowSeconds: number;
  readonly seconds: number;
}

function watchOf(rule: PlannedAlert, recorded: readonly Series[], { window }: RunRecord): Watch | null {
  const own = recorded.filter(
    ({ labels }) => labels.objective === rule.objective && labels.threshold === rule.threshold,
  );
  const first = Math.min(...own.flatMap(({ samples }) => samples.map(([at]) => at)));
  // Burn-rate rules record the same series with longer lookbacks.
  const windowSeconds = Math.min(...own.map(({ labels }) => overSeconds(labels.__name__ ?? '')));
  return Number.isFinite(windowSeconds) ? { windowSeconds, seconds: window.toSeconds - first } : null;
}

/** `sla:bad_share:over5m` → 300 */
const overSeconds = (name: string) =>
  parseDuration(/:over(.+)$/.exec(name)?.[1] ?? '') ?? Number.POSITIVE_INFINITY;

interface Judged {
  readonly rule: PlannedAlert;
  /**
   * Whether the judged value breaks the threshold. null: undecided, or judged in phases only and not broken
   * in any of them.
   */
  readonly isBroken: boolean | null;
  readonly isWhole: boolean;
  readonly reason: Reason;
}

function judgedBy(rule: PlannedAlert, all: readonly ObjectiveVerdict[]): Judged {
  const own = all.filter(({ id }) => rule.judged.includes(id));
  const broken = own.filter((one) => breaks(one, rule.threshold));
  const mayBreak = (one: ObjectiveVerdict) => rule.threshold === 'alert' && one.mayBeAlert === true;
  const isWhole = own.some(({ phase }) => phase === null);
  const isDecided = isWhole && own.every(({ verdict }) => verdict !== 'undecided');
  return {
    rule,
    isBroken: broken.length > 0 ? true : isDecided && !own.some(mayBreak) ? false : null,
    isWhole,
    reason: reason('alert-judged', { objectives: (broken.length > 0 ? broken : own).map(judgedOf) }),
  };
}

const breaks = ({ verdict, severity }: ObjectiveVerdict, threshold: PlannedAlert['threshold']) =>
  verdict === 'missed' && (threshold === 'target' || severity === 'alert');

const judgedOf = ({ id, verdict, severity, alert }: ObjectiveVerdict) => ({
  id,
  verdict,
  severity,
  hasAlertThreshold: alert !== null,
});

function compareFired({ name, severity, stretches }: AlertState, judged: Judged | null): HeldAlert {
  const firing = stretches.map(([from, to]) => ({ from: rfc3339(from), to: rfc3339(to) }));
  const held = { id: name, severity, firing };
  if (judged === null) return { ...held, agrees: null, reasons: [reason('alert-unrelated', {})] };
  const { isBroken, reason: own } = judged;
  if (isBroken === false) return { ...held, agrees: false, reasons: [own, reason('alert-looks-back', {})] };
  return { ...held, agrees: isBroken, reasons: [own] };
}

/**
 * An alert that did not fire is reported if its threshold is broken and the rule had enough time to detect
 * it.
 */
function compareSilent(
  { rule, isBroken, isWhole, reason: own }: Judged,
  states: readonly AlertState[],
  watch: Watch | null,
): readonly HeldAlert[] {
  if (isBroken !== true || !isWhole || watch === null) return [];
  const held = { id: rule.name, severity: null, firing: [] };
  const pending = states.find(({ name, state }) => name === rule.name && state === 'pending');
  if (pending !== undefined) return [{ ...held, agrees: null, reasons: [own, reason('alert-pending', {})] }];
  if (watch.seconds < watch.windowSeconds + rule.forSeconds) return [];
  const silent = reason('alert-silent', { overSeconds: watch.windowSeconds, forSeconds: rule.forSeconds });
  return [{ ...held, agrees: false, reasons: [own, silent] }];
}

const rfc3339 = (seconds: number) => new Date(seconds * 1000).toISOString();

const summarise = (rows: readonly HeldAlert[], recorded: readonly Series[]) =>
  reason('alerts-seen', {
    objectives: new Set(recorded.map(({ labels }) => labels.objective)).size,
    fired: rows.filter(({ firing }) => firing.length > 0).length,
    disagreeing: rows.filter(({ agrees }) => agrees === false).length,
  });
