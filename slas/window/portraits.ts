import type { Plan, Series } from '../model/model.ts';
import { roleOf } from '../prometheus/promql.ts';
import type { TargetWindow } from './targets.ts';
import type { Frame } from './window.ts';

/** What each target reports about a process, and which pairs of targets may be the same process. */

/**
 * What a target reports about a process: its own, or one whose metrics it passes on, as a federating
 * Prometheus does.
 */
export interface Portrait {
  readonly target: TargetWindow;
  /** The labels that identify a process whose metrics were passed on: `exported_job` and `exported_instance`. */
  readonly passedOn: Readonly<Record<string, string>>;
  readonly address: string | null;
  /** The times of scrapes by process start time; empty if the target reports no start time. */
  readonly starts: ReadonlyMap<number, readonly number[]>;
  readonly series: readonly Series[];
}

export function portraitsOf(plan: Plan, { targets, readings }: Frame): readonly Portrait[] {
  type Draft = Omit<Portrait, 'starts' | 'series'> & {
    readonly starts: Map<number, number[]>;
    readonly series: Series[];
  };
  const portraits = new Map<string, Draft>();
  const portraitOf = (target: TargetWindow, passedOn: Portrait['passedOn']): Draft => {
    const key = JSON.stringify([targets.indexOf(target), passedOn]);
    const known = portraits.get(key);
    if (known !== undefined) return known;
    const address = addressOf({ ...target.labels, ...passedOn });
    const made = { target, passedOn, address, starts: new Map<number, number[]>(), series: [] };
    portraits.set(key, made);
    return made;
  };
  for (const target of targets) portraitOf(target, {});
  for (const { selector: asked, series } of readings.values()) {
    const role = roleOf(plan, asked);
    if (role !== 'start' && role !== 'counter' && role !== 'requests') continue;
    for (const one of series) {
      const target = ownerOf(one, targets);
      if (target === undefined) continue;
      const portrait = portraitOf(target, passedOnBy(one, target));
      if (role !== 'start') portrait.series.push(one);
      else
        for (const [at, value] of one.samples) {
          const times = portrait.starts.get(Number(value));
          if (times === undefined) portrait.starts.set(Number(value), [at]);
          else times.push(at);
        }
    }
  }
  return [...portraits.values()];
}

export const PASSED_ON = ['exported_job', 'exported_instance'];

const passedOnBy = ({ labels }: Series, target: TargetWindow) =>
  Object.fromEntries(
    PASSED_ON.flatMap((label) =>
      labels[label] === undefined || label in target.labels ? [] : [[label, labels[label]]],
    ),
  );

/**
 * If a series fits several targets, the target with the most labels is chosen, because one Prometheus server of a pair may add a label that
 * the other does not.
 */
function ownerOf({ labels }: Series, targets: readonly TargetWindow[]): TargetWindow | undefined {
  let owner: TargetWindow | undefined;
  for (const target of targets) {
    const own = Object.entries(target.labels);
    if (!own.every(([label, value]) => labels[label] === value)) continue;
    if (owner === undefined || own.length > Object.keys(owner.labels).length) owner = target;
  }
  return owner;
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[?::1?\]?)(?=:\d+$|$)/;
/**
 * `localhost:8000` and `127.0.0.1:8000` are one address, and so are a URL, a short name and a fully qualified
 * name. null if the target reports none.
 */
function addressOf({ instance, exported_instance: passedOn }: TargetWindow['labels']): string | null {
  const told = passedOn ?? instance;
  if (told === undefined) return null;
  const bare = told
    .toLowerCase()
    .replace(/^https?:\/\//, '')
    .replace(/\/.*$/, '')
    .replace(/:(?:80|443)$/, '')
    .replace(/(?:\.cluster\.local)?\.?(?=:\d+$|$)/, '');
  return bare.replace(LOOPBACK, 'localhost');
}

export const isLoopback = (address: string | null) => address?.startsWith('localhost') === true;

/**
 * Pairs that share an address, a pod, or a start time with a fraction of a second, or that report no address.
 */
export function candidates(portraits: readonly Portrait[]): readonly (readonly [Portrait, Portrait])[] {
  const byMark = new Map<string, Portrait[]>();
  for (const portrait of portraits) {
    const { address, starts } = portrait;
    const marks = [
      address === null ? 'without an address' : `at ${address}`,
      ...namesOf(portrait.target).map((name) => `named ${name}`),
      ...[...starts.keys()].filter(isPrecise).map((start) => `since ${start}`),
    ];
    for (const mark of marks) byMark.set(mark, [...(byMark.get(mark) ?? []), portrait]);
  }
  const found = new Map<string, readonly [Portrait, Portrait]>();
  for (const [mark, group] of byMark)
    for (const [index, a] of group.entries())
      for (const b of group.slice(index + 1))
        if (a.target !== b.target && (!mark.startsWith('named') || mayBeOneContainer(a.target, b.target)))
          found.set(`${portraits.indexOf(a)} ${portraits.indexOf(b)}`, [a, b]);
  return [...found.values()];
}

/**
 * Two processes rarely start in the same hundredth of a second, but replicas of a deployment start in the
 * same second.
 */
export const isPrecise = (startSeconds: number) => Number.isFinite(startSeconds) && startSeconds % 1 !== 0;

/** Names that orchestrators give to one process, or to the few that run together. */
export const POD_NAMES = ['pod', 'pod_name', 'pod_uid', 'container_id', 'kubernetes_pod_name'];
const namesOf = ({ labels }: TargetWindow) => POD_NAMES.flatMap((name) => labels[name] ?? []);

/**
 * Targets of one pod. The containers of a pod are separate processes; and if one job reports the same pod for
 * all of its targets, it is the pod of the scraping server.
 */
const mayBeOneContainer = ({ labels: a }: TargetWindow, { labels: b }: TargetWindow) =>
  a.job !== b.job && (a.container === undefined || b.container === undefined || a.container === b.container);
