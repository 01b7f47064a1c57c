import type {
  Aggregate,
  Downsampled,
  Evidence,
  Plan,
  Reading,
  RunRecord,
  Sample,
  Series,
} from '../model/model.ts';
import { blocksOf, cutsOf, endOf, MARGIN, stretchesOf } from '../prometheus/downsampling.ts';
import {
  AGGREGATES,
  aggregateOfRange,
  GAP_INTERVALS,
  rangeMs,
  rawSamples,
  roleOf,
} from '../prometheus/promql.ts';
import { median } from '../statistics/statistics.ts';
import { LATE } from '../window/process-instances.ts';
import { parseValue } from '../window/targets.ts';

/**
 * Evidence of a short window as if it were too long to be read in full: the aggregates that a server would
 * return for its blocks.
 */
export function thin(plan: Plan, run: RunRecord, evidence: Evidence, blocks: number): Evidence {
  const { window } = run;
  const up = evidence.readings.find(({ selector }) => selector === plan.up);
  const spacings = (up?.series ?? []).map(({ samples }) =>
    median(samples.slice(1).map(([at], index) => at - samples[index]![0])),
  );
  const fromSeconds = Math.ceil(window.fromSeconds * 1000) / 1000;
  const thinned: Downsampled = {
    fromSeconds,
    stepSeconds: Math.floor(((window.toSeconds - fromSeconds) / blocks) * 1000) / 1000,
    blocks,
    intervalSeconds: Math.max(...spacings),
    cutsAtSeconds: cutsOf(plan, run),
  };
  const margin = MARGIN * thinned.intervalSeconds;
  const edges = [
    [window.fromSeconds - margin, fromSeconds + margin],
    [endOf(thinned, blocks) - margin, window.toSeconds + margin],
  ] as const;
  const cuts = thinned.cutsAtSeconds.map((at) => [at - margin, at + margin] as const);
  const isCounter = ({ selector }: Reading) => ['counter', 'requests'].includes(roleOf(plan, selector));
  const first = evidence.readings.flatMap((reading) => [
    ...[...edges, ...(isCounter(reading) ? cuts : [])].map(([from, to]) => cut(reading, from, to)),
    ...aggregatesOf(plan, reading, thinned),
  ]);
  const irregular = stretchesOf(blocksOf(plan, first, thinned));
  const more = evidence.readings
    .filter((reading) => !isCounter(reading) || plan.replicas === 'elastic')
    .flatMap((reading) => irregular.map(([from, to]) => cut(reading, from, to)));
  return { ...evidence, thinned, readings: [...first, ...more] };
}

function cut(reading: Reading, from: number, to: number): Reading {
  const query = rawSamples(reading.selector, to - from);
  const rangeSeconds = rangeMs(to - from) / 1000;
  return {
    ...reading,
    query,
    rangeSeconds,
    atSeconds: to,
    series: mapSamples(reading.series, within(from, to)),
  };
}

const within = (from: number, to: number) => (samples: readonly Sample[]) =>
  samples.filter(([at]) => at > from && at <= to);

const mapSamples = (series: readonly Series[], change: (samples: readonly Sample[]) => readonly Sample[]) =>
  series
    .map(({ labels, samples }) => ({ labels, samples: change(samples) }))
    .filter(({ samples }) => samples.length > 0);

function aggregatesOf(plan: Plan, reading: Reading, thinned: Downsampled): readonly Reading[] {
  const { blocks, whole } = AGGREGATES[roleOf(plan, reading.selector)];
  const last = endOf(thinned, thinned.blocks);
  const ends = Array.from({ length: thinned.blocks }, (_, index) => endOf(thinned, index + 1));
  const made = (digest: Aggregate, seconds: number, times: readonly number[]): Reading => ({
    ...reading,
    query: aggregateOfRange(digest, reading.selector, seconds, thinned.intervalSeconds),
    atSeconds: last,
    digest,
    first: { fromSeconds: times[0]!, stepSeconds: thinned.stepSeconds },
    series: mapSamples(reading.series, (samples) =>
      times.flatMap((at): Sample[] => {
        const value = told(digest, samples, at, seconds, thinned.intervalSeconds);
        return value === null ? [] : [[at, String(value)]];
      }),
    ),
  });
  return [
    ...blocks.map((digest) => made(digest, thinned.stepSeconds, ends)),
    ...whole.map((digest) => made(digest, last - thinned.fromSeconds, [last])),
  ];
}

/** Prometheus's result; null if there is no sample. PromQL functions drop only the metric name. */
function told(digest: Aggregate, all: readonly Sample[], at: number, seconds: number, interval: number) {
  const valuesIn = (range: number) => within(at - range, at)(all).map(([, text]) => parseValue(text));
  const values = valuesIn(seconds);
  const count = (of: readonly number[], is: (value: number, before: number) => boolean) =>
    of.filter((value, index) => index > 0 && is(value, of[index - 1]!)).length;
  if (digest === 'last') return valuesIn(LATE * interval).at(-1) ?? null;
  if (digest === 'gaps') return fewestAround(all, at, seconds, interval);
  if (digest === 'changes') {
    const more = valuesIn(seconds + 2 * interval);
    return more.length === 0 ? null : count(more, (value, before) => !Object.is(value, before));
  }
  if (values.length === 0) return null;
  switch (digest) {
    case 'count':
      return values.length;
    case 'sum':
      return values.reduce((sum, value) => sum + value);
    case 'min':
      return Math.min(...values.filter((value) => !Number.isNaN(value)));
    case 'max':
      return Math.max(...values.filter((value) => !Number.isNaN(value)));
    case 'resets':
      return count(values, (value, before) => value < before);
    default:
      return digest satisfies never;
  }
}

function fewestAround(all: readonly Sample[], at: number, seconds: number, interval: number): number | null {
  const step = interval / 2;
  let fewest: number | null = null;
  for (let end = Math.floor(at / step) * step; end > at - seconds; end -= step) {
    const { length } = within(end - GAP_INTERVALS * interval, end)(all);
    if (length > 0) fewest = Math.min(fewest ?? length, length);
  }
  return fewest;
}
