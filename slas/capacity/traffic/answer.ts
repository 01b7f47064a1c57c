import { provingHold } from '../known.ts';
import type { CapacityRecord } from '../record.ts';
import type { SearchAnswer } from '../search.ts';
import { type Gap, type History, HOUR_SECONDS, type Outlook, type Traffic } from './model.ts';
import { outlookOf } from './outlook.ts';

/** Compares the proven rate with past traffic. */
export interface TrafficAnswer {
  readonly outlook: Outlook;
  /** Requests per second that all replicas may receive. */
  readonly limitPerSecond: number;
  /** The replicas that share the traffic; null: the store does not show how many, so as many as were measured are assumed. */
  readonly replicas: number | null;
  readonly gaps: readonly Gap[];
  readonly history: History;
}

/** null if no history was read, or if no rate is proven. */
export function trafficAnswerOf(
  record: CapacityRecord,
  answer: SearchAnswer | null,
  history: History | null,
  random: () => number,
): TrafficAnswer | null {
  if (history === null || answer === null || !answer.ok) return null;
  const { asked, settings, replicas: measured } = record;
  const { traffic } = history;
  const each = requestsAt(record, answer.provenPerSecond) / measured;
  const limitPerSecond = (1 - asked.headroom) * each * (traffic.replicas ?? measured);
  return {
    outlook: outlookOf(traffic, { perSecond: limitPerSecond, confidence: settings.confidence }, random),
    limitPerSecond,
    replicas: traffic.replicas,
    gaps: gapsOf(traffic),
    history,
  };
}

/** With an operator's script, the proven rate counts iterations, whereas the history counts requests. */
function requestsAt({ asked, steps }: CapacityRecord, provenPerSecond: number): number {
  if (asked.script === undefined) return provenPerSecond;
  const hold = provingHold(steps);
  const sent = hold?.figures?.sent ?? 0;
  return hold === undefined || sent === 0 ? provenPerSecond : sent / hold.loadedSeconds;
}

export function gapsOf({ fromSeconds, hours }: Traffic): readonly Gap[] {
  const first = hours.findIndex(({ perSecond }) => perSecond !== null);
  const end = hours.findLastIndex(({ perSecond }) => perSecond !== null);
  const gaps: Gap[] = [];
  for (let at = Math.max(0, first); at <= end; at++) {
    if (hours[at]!.perSecond !== null) continue;
    const last = gaps.at(-1);
    const start = fromSeconds + at * HOUR_SECONDS;
    if (last !== undefined && last.fromSeconds + last.hours * HOUR_SECONDS === start)
      gaps[gaps.length - 1] = { ...last, hours: last.hours + 1 };
    else gaps.push({ fromSeconds: start, hours: 1 });
  }
  return gaps;
}
