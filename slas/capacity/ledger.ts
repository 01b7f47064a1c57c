import { basisOf, isSameBasis } from './basis.ts';
import type { CapacityRecord } from './record.ts';
import { answerOf } from './search.ts';

/** How the proven rate has changed since earlier searches of the same service and load. */

export interface Earlier {
  readonly id: string;
  readonly provenPerSecond: number;
  readonly refutedPerSecond: number | null;
  /** The git commit that was checked out. */
  readonly commit?: string;
  /** The result of the newer search compared with this one. `unclear`: the intervals overlap. */
  readonly change: 'lower' | 'higher' | 'unclear' | Incomparable;
}

/** Differences between the two searches. They may explain a change in the rate without a change in the service. */
export type Incomparable = 'document' | 'waivers' | 'machine' | 'replicas' | 'faults';

/** Sorted from newest to oldest. Searches with another load, and searches without an answer, are left out. */
export function earlierThan(current: CapacityRecord, records: readonly CapacityRecord[]): readonly Earlier[] {
  const now = answerOf(current.settings, current.steps);
  if (now?.ok !== true) return [];
  return records
    .filter((one) => one.id < current.id && loadOf(one) === loadOf(current))
    .toSorted((a, b) => (a.id < b.id ? 1 : -1))
    .flatMap((record): Earlier[] => {
      const then = answerOf(record.settings, record.steps);
      if (then?.ok !== true) return [];
      const { provenPerSecond, refutedPerSecond } = then;
      const isSame = isSameBasis(basisOf(current.steps, now), basisOf(record.steps, then));
      const change = differing(current, record) ?? (isSame ? changeOf(now, then) : 'waivers');
      const commit = record.commit === undefined ? {} : { commit: record.commit };
      return [{ id: record.id, provenPerSecond, refutedPerSecond, ...commit, change }];
    });
}

interface Interval {
  readonly provenPerSecond: number;
  readonly refutedPerSecond: number | null;
}

function changeOf(now: Interval, then: Interval): 'lower' | 'higher' | 'unclear' {
  if (now.refutedPerSecond !== null && now.refutedPerSecond <= then.provenPerSecond) return 'lower';
  if (then.refutedPerSecond !== null && now.provenPerSecond >= then.refutedPerSecond) return 'higher';
  return 'unclear';
}

const loadOf = ({ sla, asked: { scenario, script, variant, target } }: CapacityRecord) =>
  JSON.stringify([sla, scenario, script?.sha256, variant?.name, variant?.value, target]);

function differing(one: CapacityRecord, other: CapacityRecord): Incomparable | null {
  if (one.documentSha256 !== other.documentSha256) return 'document';
  if (one.cores !== other.cores || one.asked.generators !== other.asked.generators) return 'machine';
  if (one.replicas !== other.replicas) return 'replicas';
  return one.asked.faults === other.asked.faults ? null : 'faults';
}
