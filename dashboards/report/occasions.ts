import type { Held } from '../../slas/capacity/held.ts';
import type { Plan, RunRecord } from '../../slas/model/model.ts';
import { phasesWithTimes } from './phase-times.ts';

/** What there is to say of a run's time, wherever time is drawn: on our plots, and as Grafana's annotations. */
export interface Occasion {
  readonly kind: 'start' | 'phase' | 'faults' | 'incident';
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly label: string;
  /** More of it, or nothing. */
  readonly told: string;
}

export function occasionsOf(plan: Plan, run: RunRecord, environment: unknown): readonly Occasion[] {
  const { fromSeconds, toSeconds } = run.window;
  const faults = faultsOf(environment);
  const start = `${plan.sla.scenario ?? 'window'} began`;
  return [
    { kind: 'start', fromSeconds, toSeconds: fromSeconds, label: start, told: '' },
    ...phasesWithTimes(plan, run).map(
      ({ name, told, ...times }): Occasion => ({
        kind: 'phase',
        ...times,
        label: name,
        told,
      }),
    ),
    // They are put into the service before it starts, and stay as long as it lives.
    ...(faults === null
      ? []
      : [{ kind: 'faults', fromSeconds, toSeconds, label: faults, told: 'faults on purpose' } as const]),
    // When it died nobody wrote down: it is told at the end.
    ...(run.incidents ?? []).map(
      (label): Occasion => ({ kind: 'incident', fromSeconds: toSeconds, toSeconds, label, told: '' }),
    ),
  ];
}

/** The specification; null: none, or nobody knows. */
export function faultsOf(environment: unknown): string | null {
  const found = (environment as { readonly faults?: unknown } | null)?.faults;
  return typeof found === 'string' && found !== 'none' ? found : null;
}

/** `held up to 300/s (at-300); at 400/s (at-400) latency-p95 was missed` */
export function heldWords({ upTo, broke }: Held): string {
  const none = broke?.outcome === 'undecided' ? 'not known' : 'held at none of its steps';
  const held = upTo === null ? none : `held up to ${upTo.ratePerSecond}/s (${upTo.phase})`;
  if (broke === null) return `${held}, the last step: where it breaks was not found`;
  const was = broke.objectives.length === 1 ? 'was' : 'were';
  return `${held}; at ${broke.ratePerSecond}/s (${broke.phase}) ${broke.objectives.join(', ')} ${was} ${broke.outcome}`;
}
