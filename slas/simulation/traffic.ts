import type { Sample, Series } from '../model/model.ts';
import type { Random } from './queues.ts';

/** Counters of a service whose traffic has a known weekly pattern and known growth. */

export interface TrafficLaw {
  readonly weeks: number;
  /** The busiest five minutes of a week in requests per second, without noise, by weeks since the beginning. */
  readonly peakAt: (week: number) => number;
  /** The noise of a week's level, and the correlation of neighbouring weeks (0: none). */
  readonly noise?: number;
  readonly alike?: number;
  /** Processes that share the load. */
  readonly replicasAt?: (week: number) => number;
  /** Seconds between two samples. */
  readonly everySeconds?: (week: number) => number;
  /** Whether no process is scraped at a given time. */
  readonly isMissing?: (seconds: number) => boolean;
  /** Seconds at which all processes restart. */
  readonly restarts?: readonly number[];
  /** Requests of load tests, in addition to the traffic. */
  readonly loadTests?: readonly LoadTest[];
}

export interface LoadTest {
  /** Seconds since the beginning. */
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly perSecond: number;
}

const HOUR = 3600;
const WEEK = 168 * HOUR;
/** The busiest five minutes of an hour, divided by its mean. */
export const BURST = 1.2;
/** The start of every history, a Monday. */
export const BEGIN = 1_767_571_200;

/** The rate of an hour as a share of the week's busiest hour. Traffic follows office hours, and Tuesday at 10 is the busiest. */
function pattern(hourOfWeek: number): number {
  const [day, hour] = [Math.floor(hourOfWeek / 24), hourOfWeek % 24];
  const daily = 0.15 + 0.85 * Math.exp(-(((hour - 10) / 4) ** 2));
  const weekly = [0.9, 1, 0.93, 0.9, 0.82, 0.35, 0.3][day]!;
  return daily * weekly;
}

/** The rate within an hour relative to its mean. The third five minutes are the busiest. */
const within = (bin: number) => (bin === 2 ? BURST : (12 - BURST) / 11);

export function trafficOf(law: TrafficLaw, random: Random): readonly Series[] {
  const { weeks, peakAt, noise = 0.03, alike = 0.3, replicasAt = () => 2 } = law;
  const { everySeconds = () => 300, isMissing = () => false, restarts = [], loadTests = [] } = law;
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  let level = 0;
  const counters = new Map<number, number>();
  const samples = new Map<number, Sample[]>();
  for (let week = 0; week < weeks; week++) {
    level = alike * level + Math.sqrt(1 - alike ** 2) * noise * normal();
    for (let bin = 0; bin < 2016; bin++) {
      const end = (week * 2016 + bin + 1) * 300;
      const hour = Math.floor(bin / 12);
      const own = 1 + 0.1 * noise * normal();
      const perSecond =
        (peakAt(end / WEEK) / BURST) * pattern(hour) * within(bin % 12) * Math.exp(level) * own;
      const tests = loadTests.reduce((sum, one) => sum + requestsIn(one, end - 300, end), 0);
      const replicas = Math.round(replicasAt(end / WEEK));
      if (restarts.some((at) => at > end - 300 && at <= end)) counters.clear();
      for (let replica = 0; replica < replicas; replica++) {
        counters.set(replica, (counters.get(replica) ?? 0) + (perSecond * 300 + tests) / replicas);
        if (end % everySeconds(week) !== 0 || isMissing(end)) continue;
        const list = samples.get(replica) ?? [];
        samples.set(replica, list);
        list.push([BEGIN + end, String(Math.round(counters.get(replica)!))]);
      }
    }
  }
  return [...samples].map(([replica, own]) => ({
    labels: { __name__: 'requests_total', job: 'shop', instance: `10.0.0.${replica}:8080` },
    samples: own,
  }));
}

const requestsIn = ({ fromSeconds, toSeconds, perSecond }: LoadTest, from: number, to: number) =>
  perSecond * Math.max(0, Math.min(to, toSeconds) - Math.max(from, fromSeconds));
