import type { Held } from '../../slas/capacity/held.ts';
import type { Plan, RunRecord } from '../../slas/model/model.ts';
import { phasesWithTimes } from './phase-times.ts';

/** An event or a period of a run, for the timeline, the plots and Grafana's annotations. */
export interface RunEvent {
  readonly kind: 'start' | 'phase' | 'faults' | 'incident';
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly label: string;
  /** Details of the event; may be empty. */
  readonly words: string;
}

export function eventsOf(plan: Plan, run: RunRecord, environment: unknown): readonly RunEvent[] {
  const { fromSeconds, toSeconds } = run.window;
  const faults = faultsOf(environment);
  const start = `${plan.sla.scenario ?? 'window'} started`;
  return [
    { kind: 'start', fromSeconds, toSeconds: fromSeconds, label: start, words: '' },
    ...phasesWithTimes(plan, run).map(
      ({ name, words, ...times }): RunEvent => ({
        kind: 'phase',
        ...times,
        label: name,
        words,
      }),
    ),
    // Faults are injected when the service starts and last until it ends.
    ...(faults === null
      ? []
      : [{ kind: 'faults', fromSeconds, toSeconds, label: faults, words: 'injected faults' } as const]),
    // The time of an incident is not recorded, so the incident is shown at the end of the run.
    ...(run.incidents ?? []).map(
      (label): RunEvent => ({ kind: 'incident', fromSeconds: toSeconds, toSeconds, label, words: '' }),
    ),
  ];
}

/** The specification of the injected faults; null if no faults were injected, or if that is unknown. */
export function faultsOf(environment: unknown): string | null {
  const found = (environment as { readonly faults?: unknown } | null)?.faults;
  return typeof found === 'string' && found !== 'none' ? found : null;
}

/** For example `objectives met up to 300/s (at-300); at 400/s (at-400) latency-p95 was missed`. */
export function capacityWords({ upTo, broke }: Held): string {
  const none = broke?.outcome === 'undecided' ? 'highest passing step unknown' : 'objectives met at no step';
  const held = upTo === null ? none : `objectives met up to ${upTo.ratePerSecond}/s (${upTo.phase})`;
  if (broke === null) return `${held}, the last step: the limit was not reached`;
  const was = broke.objectives.length === 1 ? 'was' : 'were';
  return `${held}; at ${broke.ratePerSecond}/s (${broke.phase}) ${broke.objectives.join(', ')} ${was} ${broke.outcome}`;
}
