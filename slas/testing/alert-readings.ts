import type { Plan, PlannedAlert, Reading, RunRecord, Series } from '../model/model.ts';

/** Prometheus's data about the alerts of a judging case. */

export interface AlertsText {
  /** The lookback of the rules, such as `5m`; null: Prometheus has no rules of the document. */
  readonly over: string | null;
  /** When the evaluation of the rules began. */
  readonly since?: number;
  /** The recorded series, such as `error-rate alert`; omitted: all. */
  readonly of?: readonly string[];
  /** When each alert fired, by its name: `20..45 60..62`. `Name @b` belongs to replica b. */
  readonly firing?: Readonly<Record<string, string>>;
  readonly pending?: Readonly<Record<string, string>>;
  readonly error?: string;
}

/** Prometheus's data about the alerts: states at every second of the window, and recorded series at five times. */
export function alertReadings(
  { over, of, since = 0, firing = {}, pending = {}, error }: AlertsText,
  plan: Plan,
  run: RunRecord,
  originSeconds: number,
): readonly Reading[] {
  const { states, recorded, rules } = plan.alerts!;
  const { fromSeconds, toSeconds } = run.window;
  const moments = (stepSeconds: number, holds: (at: number) => boolean) =>
    momentsOf(run, stepSeconds)
      .filter((at) => holds(at - originSeconds))
      .map((at) => [at, '1'] as const);
  const readingOver = (selector: string, stepSeconds: number, series: readonly Series[]): Reading => ({
    selector,
    query: selector,
    atSeconds: toSeconds,
    first: { fromSeconds, stepSeconds },
    series: error === undefined ? series : [],
    warnings: [],
    error: error ?? null,
  });
  const labelsOf = (name: string) => {
    const { objective, threshold } = rules.find((rule) => rule.name === name) ?? {};
    return { sla: plan.sla.name, ...(objective === undefined ? {} : { objective, threshold: threshold! }) };
  };
  const inState = (alertstate: string, all: Readonly<Record<string, string>>) =>
    Object.entries(all).map(([key, text]): Series => {
      const [alertname, instance = 'a'] = key.split(' @') as [string, string?];
      const severity = alertname.endsWith('Target') ? 'info' : 'warning';
      const labels = {
        __name__: 'ALERTS',
        alertname,
        alertstate,
        severity,
        instance,
        ...labelsOf(alertname),
      };
      return { labels, samples: moments(1, (at) => isIn(text, at)) };
    });
  const step = (toSeconds - fromSeconds) / 4;
  const isRecorded = ({ objective, threshold }: PlannedAlert) =>
    of === undefined || of.includes(`${objective} ${threshold}`);
  const recordedOver = (range: string) =>
    rules.filter(isRecorded).map(({ objective, threshold }): Series => {
      const labels = { __name__: `sla:bad_share:over${range}`, sla: plan.sla.name, objective, threshold };
      return { labels, samples: moments(step, (at) => at >= since) };
    });
  return [
    readingOver(states, 1, [...inState('firing', firing), ...inState('pending', pending)]),
    // Burn-rate rules have longer lookbacks.
    readingOver(recorded, step, over === null ? [] : [...recordedOver('6h'), ...recordedOver(over)]),
  ];
}

const isIn = (text: string, at: number) =>
  text.split(' ').some((range) => {
    const [from, to] = range.split('..').map(Number);
    return at >= from! && at <= to!;
  });

/** Rounded, because `at - origin` of a case has few decimals. */
function momentsOf(
  { window: { fromSeconds, toSeconds } }: RunRecord,
  stepSeconds: number,
): readonly number[] {
  const count = Math.floor((toSeconds - fromSeconds) / stepSeconds + 1e-6) + 1;
  return Array.from({ length: count }, (_, index) => Number((fromSeconds + index * stepSeconds).toFixed(3)));
}
