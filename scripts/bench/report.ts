import { cpus, release } from 'node:os';
import { usableCores } from '../../service/classifier/cores.ts';
import { type CandidateName, candidateNames } from './candidates.ts';
import { median, medianBounds, percentile, ratios } from './figures.ts';
import type { LimitVariant } from './limit.ts';
import { clientCounts, keyOf, lengths, type Sample, type Series } from './measure.ts';
import { type OverloadStep, ofPeak } from './overload.ts';

export type Figures = Readonly<Record<keyof Sample, number>>;

export interface Target {
  readonly what: string;
  readonly target: string;
  readonly measured: number;
  /** Bounds on the median of the rounds, with at least 90% confidence; null if there are no rounds or fewer than 5. */
  readonly between: readonly [number, number] | null;
  readonly unit: string;
  readonly met: boolean;
  /** True if the limit lies within the bounds, so that another run could fall on the other side of the limit. */
  readonly isWithinNoise: boolean;
}

export interface Report {
  readonly schema: 'sla-harness/bench/v1';
  readonly at: string;
  readonly machine: { processor: string; cores: number; kernel: string; node: string };
  /** Load average of the minute before the first measurement: what else the machine was doing. */
  readonly loadBefore: number;
  readonly generator: string;
  readonly rounds: number;
  readonly secondsEach: number;
  readonly texts: number;
  readonly closedLoop: readonly { candidate: CandidateName; clients: number; figures: Figures }[];
  readonly limit: readonly (LimitVariant & { perSecond: number; perCpuSecond: number })[];
  readonly byLength: readonly { pieces: string; ours: Figures; usual: Figures; ratio: number }[];
  /** Throughput with metrics relative to throughput without, one ratio per pair of short rounds. */
  readonly metricsCost: { throughput: readonly number[]; textsPerCpuSecond: readonly number[] };
  readonly scrape: { count: number; p50Ms: number; p99Ms: number };
  readonly overload: readonly OverloadStep[];
  readonly deadlineMs: number;
  readonly targets: readonly Target[];
  /** What these figures cannot show, and what to do about it. */
  readonly notes: readonly string[];
}

export interface Measured {
  readonly loadBefore: number;
  readonly generator: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly texts: number;
  readonly series: Series;
  /** The service with and without metrics, in many short rounds. */
  readonly withMetrics: Series;
  readonly limits: readonly {
    variant: LimitVariant;
    samples: readonly { perSecond: number; perCpuSecond: number }[];
  }[];
  readonly byLength: Series;
  readonly scrapesMs: readonly number[];
  readonly overload: readonly OverloadStep[];
  readonly deadlineMs: number;
}

const most = clientCounts.at(-1)!;

export function toReport(measured: Measured, at: Date): Report {
  const { series, limits, byLength, scrapesMs } = measured;
  return {
    schema: 'sla-harness/bench/v1',
    at: at.toISOString(),
    machine: {
      processor: cpus()[0]?.model ?? 'unknown',
      cores: usableCores(),
      kernel: release(),
      node: process.version,
    },
    loadBefore: measured.loadBefore,
    generator: measured.generator,
    rounds: measured.rounds,
    secondsEach: measured.seconds,
    texts: measured.texts,
    closedLoop: clientCounts.flatMap((clients) =>
      candidateNames.map((candidate) => {
        return { candidate, clients, figures: figuresOf(series.get(keyOf(candidate, clients))!) };
      }),
    ),
    limit: limits.map(({ variant, samples }) => ({ ...variant, ...mediansOf(samples) })),
    byLength: lengths.map(([from, to]) => {
      const [ours, usual] = (['ours', 'usual'] as const).map(
        (name) => byLength.get(keyOf(name, `${from}-${to}`))!,
      );
      const ratio = median(ratiosOf(ours!, usual!, 'answeredPerSecond'));
      return { pieces: `${from}-${to}`, ours: figuresOf(ours!), usual: figuresOf(usual!), ratio };
    }),
    metricsCost: {
      throughput: ofNoMetrics(measured, 'answeredPerSecond'),
      textsPerCpuSecond: ofNoMetrics(measured, 'textsPerCpuSecond'),
    },
    scrape: { count: scrapesMs.length, p50Ms: percentile(scrapesMs, 50), p99Ms: percentile(scrapesMs, 99) },
    overload: measured.overload,
    deadlineMs: measured.deadlineMs,
    targets: judge(measured),
    notes: notesOn(measured),
  };
}

const sampleKeys: readonly (keyof Sample)[] = [
  'answeredPerSecond',
  'p50Ms',
  'p99Ms',
  'textsPerCpuSecond',
  'mainThreadMs',
  'bad',
];

function figuresOf(samples: readonly Sample[]): Figures {
  const pairs = sampleKeys.map((key) => [key, median(samples.map((sample) => sample[key]))]);
  return Object.fromEntries(pairs) as Figures;
}

function mediansOf(samples: readonly { perSecond: number; perCpuSecond: number }[]) {
  return {
    perSecond: median(samples.map(({ perSecond }) => perSecond)),
    perCpuSecond: median(samples.map(({ perCpuSecond }) => perCpuSecond)),
  };
}

const ratiosOf = (over: readonly Sample[], under: readonly Sample[], key: keyof Sample) =>
  ratios(
    over.map((sample) => sample[key]),
    under.map((sample) => sample[key]),
  );

const ofNoMetrics = ({ withMetrics }: Measured, key: keyof Sample) =>
  ratiosOf(withMetrics.get(keyOf('ours', most))!, withMetrics.get(keyOf('no-metrics', most))!, key);

/** Requests in flight when a round ends do not count; with few responses per client those are the slowest. */
const minResponsesPerClient = 5;

const responsesPerClient = ({ series, seconds }: Measured, name: CandidateName): number =>
  median(series.get(keyOf(name, most))!.map(({ answeredPerSecond }) => (answeredPerSecond * seconds) / most));

function notesOn(measured: Measured): readonly string[] {
  const least = Math.min(...p99Compared.map((name) => responsesPerClient(measured, name)));
  if (least >= minResponsesPerClient) return [];
  const needed = Math.ceil((measured.seconds * minResponsesPerClient) / least);
  const what = `${most} clients received ${least.toFixed(1)} responses each in a round of ${measured.seconds} s`;
  const next = Number.isFinite(needed) ? `--seconds ${needed}` : 'longer rounds (--seconds)';
  return [`${what}: too few for a p99. On a machine as slow or as busy as this one, use ${next}.`];
}

const p99Compared = ['ours', 'usual'] as const satisfies readonly CandidateName[];

function judge(measured: Measured): readonly Target[] {
  const { series, limits, scrapesMs, overload, deadlineMs } = measured;
  const at = (name: CandidateName, clients: number) => series.get(keyOf(name, clients))!;
  const ofConventional = (key: keyof Sample, clients: number = most) =>
    ratiosOf(at('ours', clients), at('usual', clients), key);
  const ours = at('ours', most).map(({ answeredPerSecond }) => answeredPerSecond);
  const textAtATime = limits.filter(({ variant }) => variant.batch === 1);
  const limit = ours.map((_, round) =>
    Math.max(...textAtATime.map(({ samples }) => samples[round]!.perSecond)),
  );
  const badOf = (name: CandidateName) =>
    clientCounts.flatMap((clients) => at(name, clients)).reduce((sum, { bad }) => sum + bad, 0);
  const tellsP99 = p99Compared.every((name) => responsesPerClient(measured, name) >= minResponsesPerClient);
  const last = overload.at(-1)!;
  return [
    target(
      'throughput at 64 clients, relative to onnxruntime alone (one text at a time)',
      ratios(ours, limit),
      '≥',
      0.9,
    ),
    target(
      'throughput at 64 clients, relative to the conventional server',
      ofConventional('answeredPerSecond'),
      '≥',
      1.5,
    ),
    target(
      'p99 at 64 clients, relative to the conventional server',
      tellsP99 ? ofConventional('p99Ms') : Number.NaN,
      '≤',
      0.25,
    ),
    target('p50 at 1 client, relative to the conventional server', ofConventional('p50Ms', 1), '≤', 1.1),
    target(
      'throughput with metrics, relative to without',
      ofNoMetrics(measured, 'answeredPerSecond'),
      '≥',
      0.97,
    ),
    target(
      'texts per CPU second with metrics, relative to without',
      ofNoMetrics(measured, 'textsPerCpuSecond'),
      '≥',
      0.97,
    ),
    target('/metrics under full load, p99', percentile(scrapesMs, 99), '≤', 20, 'ms'),
    target(
      'successful responses at three times the capacity, relative to the peak',
      ofPeak(overload),
      '≥',
      0.9,
    ),
    target(
      'p99 of successful responses at three times the capacity',
      last.answeredP99Ms,
      '≤',
      deadlineMs,
      'ms',
    ),
    target('p99 of refusals at three times the capacity', last.refusedP99Ms ?? Number.NaN, '≤', 50, 'ms'),
    target('failed requests in closed loop', badOf('ours'), '≤', 0),
    target('failed requests at three times the capacity', last.failed, '≤', 0),
  ];
}

/** The median of the rounds, or the only value. A target is met only if it was measured. */
function target(
  what: string,
  rounds: readonly number[] | number,
  sign: '≥' | '≤',
  limit: number,
  unit = '',
): Target {
  const measured = typeof rounds === 'number' ? rounds : median(rounds);
  const between = typeof rounds === 'number' ? null : medianBounds(rounds);
  const met = Number.isFinite(measured) && (sign === '≥' ? measured >= limit : measured <= limit);
  const isWithinNoise = between !== null && between[0] <= limit && limit <= between[1];
  return { what, target: `${sign} ${limit}`, measured, between, unit, met, isWithinNoise };
}
