import { TrafficCounter } from '../../slas/capacity/traffic/counter.ts';
import {
  BIN_SECONDS,
  type History,
  HOUR_SECONDS,
  type LoadTests,
  WEEK_SECONDS,
} from '../../slas/capacity/traffic/model.ts';
import { keyOf } from '../../slas/model/labels.ts';
import type { Sample, Series } from '../../slas/model/model.ts';
import { type Answer, type Asker, askRange } from '../../slas/prometheus/http.ts';
import { rawSamples, sampleTimes } from '../../slas/prometheus/promql.ts';
import { accept, badOption, type Input } from '../cli/inputs.ts';

/** Reads from a store with Prometheus's HTTP API how many requests a service received in the past. */

/** Each query covers one day, so that its response stays small even with many series. */
const STRETCH_SECONDS = 24 * HOUR_SECONDS;

export interface HistoryQuestion {
  /** The service's request counter. */
  readonly requests: string;
  /** Its scrape targets, which also have the labels that only a collector adds. */
  readonly up: string;
  readonly weeks: number;
  readonly nowSeconds: number;
  readonly loadTests?: LoadTests;
}

export async function readHistory(question: HistoryQuestion, asker: Asker): Promise<Input<History>> {
  const { requests, up, weeks, nowSeconds, loadTests } = question;
  const toSeconds = Math.floor(nowSeconds / HOUR_SECONDS) * HOUR_SECONDS;
  const fromSeconds = toSeconds - weeks * WEEK_SECONDS;
  const counter = new TrafficCounter(fromSeconds, toSeconds, loadTests?.periods);
  const copiedBy = new Set<string>();
  let doubtfulDays = 0;
  for (let at = fromSeconds; at < toSeconds; at += STRETCH_SECONDS) {
    const range = {
      fromSeconds: at + BIN_SECONDS,
      toSeconds: Math.min(toSeconds, at + STRETCH_SECONDS),
      stepSeconds: BIN_SECONDS,
    };
    const values = await askRange(requests, range, asker);
    if (values.error !== null) return unreadable(values.error);
    if (values.series.length === 0 && values.warnings.length === 0) continue;
    const [times, targets] = await Promise.all([
      askRange(sampleTimes(requests), range, asker),
      askRange(
        `last_over_time(${rawSamples(up, HOUR_SECONDS)})`,
        { ...range, stepSeconds: HOUR_SECONDS },
        asker,
      ),
    ]);
    const error = times.error ?? targets.error;
    if (error !== null) return unreadable(error);
    if ([values, times].some(({ warnings }) => warnings.length > 0)) {
      doubtfulDays++;
      continue;
    }
    const copied = collectorLabels(targets.series);
    const kept = withoutCopies(scraped(values, times), copied);
    if (kept.isCopied) for (const label of copied) copiedBy.add(label);
    counter.add(kept.series);
  }
  return accept({
    schema: 'sla-harness/traffic/v1',
    ...{ requests, weeks, readAtSeconds: nowSeconds, traffic: counter.traffic() },
    ...{ copiedBy: [...copiedBy], doubtfulDays },
    ...(loadTests === undefined ? {} : { loadTests }),
  });
}

const unreadable = (error: string) =>
  badOption(
    '--history',
    `the history cannot be read: ${error}; check the address, and that this machine reaches the store, or leave out --history and add it later with --resume RUN --history URL`,
  );

/** Reads the samples themselves, because a range query repeats a sample until the next one. */
function scraped(values: Answer, times: Answer): readonly Series[] {
  const timesOf = new Map(
    times.series.map(
      ({ labels, samples }) =>
        [keyOf(labels, '__name__'), new Map(samples.map(([at, time]) => [at, Number(time)]))] as const,
    ),
  );
  return values.series.map(({ labels, samples }) => {
    const own = timesOf.get(keyOf(labels, '__name__'));
    const all = samples.flatMap(([at, value]): Sample[] => {
      const time = own?.get(at);
      return time === undefined || !Number.isFinite(Number(value)) ? [] : [[time, value]];
    });
    return { labels, samples: all.filter(([at], index) => index === 0 || at > all[index - 1]![0]) };
  });
}

/**
 * Labels that distinguish copies of one target. If two collectors scrape a process, its target is stored twice, and
 * only the labels of the collectors differ.
 */
function collectorLabels(targets: readonly Series[]): readonly string[] {
  const byInstance = Map.groupBy(
    targets.filter(({ labels }) => labels.instance !== undefined),
    ({ labels }) => labels.instance,
  );
  const differing = [...byInstance.values()].flatMap((same) => {
    const names = new Set(same.flatMap(({ labels }) => Object.keys(labels)));
    return [...names].filter((name) => new Set(same.map(({ labels }) => labels[name])).size > 1);
  });
  return [...new Set(differing)];
}

/** Keeps one copy of each series: the copy with the most samples. */
function withoutCopies(series: readonly Series[], copied: readonly string[]) {
  if (copied.length === 0) return { series, isCopied: false };
  const groups = [...Map.groupBy(series, ({ labels }) => keyOf(labels, '__name__', ...copied)).values()];
  const kept = groups.map((same) => {
    const most = same.reduce((best, one) => (one.samples.length > best.samples.length ? one : best));
    const labels = Object.entries(most.labels).filter(([name]) => !copied.includes(name));
    return { ...most, labels: Object.fromEntries(labels) };
  });
  return { series: kept, isCopied: groups.some(({ length }) => length > 1) };
}
