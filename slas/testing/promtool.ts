import { stringify } from 'yaml';
import { promDuration } from '../alerts/rules/promql.ts';
import { rulesOf } from '../alerts/rules/rules.ts';
import { judge } from '../judge/judge.ts';
import type { Evidence, RunRecord, Sample, Series, SlaDocument, Verdict } from '../model/model.ts';
import { planWindow } from '../plan/plan.ts';
import { renderRules } from '../render/rules.ts';
import { belongsTo } from '../window/targets.ts';
import type { Judged } from './cases.ts';

/**
 * Generates unit tests for `promtool test rules` from judging cases: the same samples, and exactly the gate's decisions as the alerts that
 * must fire.
 *
 * The gate judges them as windows without a load, because an alert does not know the plan or the client. Counters start far above zero, like those
 * of a service that has run for a while; otherwise `increase` would extrapolate to where a counter was zero. The window begins before its
 * opening scrape by its length divided by a power of two. The extrapolation of `increase` then cancels exactly, so that a value exactly at
 * the limit stays there.
 */
export interface AlertTest {
  readonly name: string;
  readonly rules: string;
  /** The content of the test file, given the name of the rule file. */
  readonly test: (rulesFile: string) => string;
  /** `objective threshold` of each alert that must fire according to the gate. */
  readonly expected: readonly string[];
  /** Objectives that the gate decided. The test expects nothing about the others. */
  readonly decided: readonly string[];
}

/** The counts of a long-running service before the window: a power of two, so that adding it does not round. */
const COUNTED_BEFORE = 2 ** 20;

const NUMBER = /^([+-]?(\d+(\.\d+)?(e[+-]?\d+)?|Inf)|NaN)$/;

const isCounter = (name: string) => /_(total|bucket|count|sum)$/.test(name);

const isSameTarget = (a: Series['labels'], b: Series['labels']) =>
  ['instance', 'prometheus_replica'].every((label) => a[label] === b[label]);

/** Counters with earlier counts; a series that did not exist at its target's first scrape begins at 0. */
export function shifted(evidence: Evidence): Evidence {
  const all = evidence.readings.flatMap(({ series }) => series);
  const ups = all.filter(({ labels }) => labels.__name__ === 'up');
  const firstOf = (of: readonly Series[]) =>
    Math.min(...of.map(({ samples }) => samples[0]?.[0] ?? Infinity));
  const first = (series: Series) => {
    const own = ups.filter(({ labels: { __name__: _, ...labels } }) => belongsTo(series, { labels }));
    return firstOf(own.length > 0 ? own : all.filter(({ labels }) => isSameTarget(labels, series.labels)));
  };
  const shift = ([at, value]: Sample): Sample => [
    at,
    Number.isFinite(Number(value)) ? String(Number(value) + COUNTED_BEFORE) : value,
  ];
  return {
    ...evidence,
    readings: evidence.readings.map((reading) => ({
      ...reading,
      series: reading.series.map((series) =>
        isCounter(series.labels.__name__ ?? '') && series.samples[0]?.[0] === first(series)
          ? { ...series, samples: series.samples.map(shift) }
          : series,
      ),
    })),
  };
}

/** The gate's decision on a window without a load. */
export function judgeWindow(document: SlaDocument, run: RunRecord, evidence: Evidence): Verdict {
  return judge(planWindow(document), { ...run, load: null, incidents: null }, evidence);
}

export type AlertCase = Pick<Judged, 'document' | 'run' | 'evidence'> & { readonly name: string };

/** null if the window lacks two scrapes that an alert could use, or if a value cannot be written. */
export function alertTestOf(
  { name, document, run, evidence: given }: AlertCase,
  isClaimed: (objective: string) => boolean = () => true,
): AlertTest | null {
  const evidence = shifted(given);
  const verdict = judgeWindow(document, run, evidence);
  const series = distinct(evidence);
  const times = [...new Set(series.flatMap(({ samples }) => samples.map(([at]) => ms(at))))].sort(
    (a, b) => a - b,
  );
  const openMs = times.findLast((at) => at <= ms(run.window.fromSeconds));
  const closeMs = times.find((at) => at >= ms(run.window.toSeconds));
  if (openMs === undefined || closeMs === undefined || openMs === closeMs) return null;
  if (series.some(({ samples }) => samples.some(([, value]) => !NUMBER.test(value)))) return null;
  const originMs = times[0]!;
  const windowMs = closeMs - openMs + lead(closeMs - openMs, times);
  const decided = verdict.objectives.filter((one) => one.verdict !== 'undecided' && isClaimed(one.id));
  const expected = decided.flatMap(({ id, verdict: is, severity }) =>
    is === 'met' ? [] : severity === 'alert' ? [`${id} target`, `${id} alert`] : [`${id} target`],
  );
  const groups = rulesOf(document, { windowSeconds: windowMs / 1000, forSeconds: 0 });
  const tickMs = times.reduce((tick, at) => gcd(tick, at - originMs), 0);
  const ids = decided.map(({ id }) => id);
  return {
    name,
    rules: renderRules(
      groups.filter((group) => group.name.endsWith('-objectives')),
      name,
    ),
    decided: ids,
    expected,
    test: (rulesFile) =>
      stringify({
        rule_files: [rulesFile],
        evaluation_interval: promDuration((closeMs - originMs) / 1000),
        tests: [
          {
            interval: promDuration(tickMs / 1000),
            input_series: series.map((one) => ({
              series: written(one.labels),
              values: valuesOf(one, originMs, tickMs),
            })),
            promql_expr_test: [
              {
                expr: `group by (objective, threshold) (ALERTS{alertstate="firing",objective=~"${ids.join('|')}"})`,
                eval_time: promDuration((closeMs - originMs) / 1000),
                exp_samples: expected.map((one) => {
                  const [objective, threshold] = one.split(' ');
                  return { labels: `{objective="${objective}", threshold="${threshold}"}`, value: 1 };
                }),
              },
            ],
          },
        ],
      }),
  };
}

const ms = (seconds: number) => Math.round(seconds * 1000);

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** How far the window begins before its opening scrape: less than a scrape interval, and the window's length divided by a power of two. */
function lead(lengthMs: number, times: readonly number[]): number {
  const intervalMs = Math.min(...times.slice(1).map((at, index) => at - times[index]!));
  let part = lengthMs;
  while (part >= intervalMs) part /= 2;
  return Number.isInteger(part) ? part : Math.floor(intervalMs / 2);
}

/** Each series once, even if several readings contain it. */
function distinct({ readings }: Evidence): readonly Series[] {
  const all = readings.flatMap(({ series }) => series);
  return [...new Map(all.map((series) => [written(series.labels), series])).values()];
}

function written({ __name__: name, ...labels }: Readonly<Record<string, string>>): string {
  const told = Object.entries(labels)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return `${name}{${told.join(',')}}`;
}

/** One value per step, `_` if there is none. */
function valuesOf({ samples }: Series, originMs: number, tickMs: number): string {
  const tokens: string[] = [];
  let next = 0;
  for (const [at, value] of samples) {
    const tick = (ms(at) - originMs) / tickMs;
    if (tick > next) tokens.push(`_x${tick - next}`);
    tokens.push(value.replace('+Inf', 'Inf'));
    next = tick + 1;
  }
  return tokens.join(' ');
}
