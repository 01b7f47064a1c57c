import { normalQuantile, tQuantile } from '../../statistics/distributions.ts';
import { median } from '../../statistics/statistics.ts';
import type { Point } from '../lines.ts';
import { changeIn, MIN_SIDE, type Shape } from './change.ts';
import {
  type Foreseen,
  type Limit,
  type Outlook,
  type Range,
  type Traffic,
  type Trend,
  WEEK_SECONDS,
  type Week,
} from './model.ts';
import { alikeness, type Line, reaches, residualsOf, theilSen, typical, valueAt } from './theil-sen.ts';
import { weeksOf } from './weeks.ts';

/**
 * When the weekly peak will reach the limit. Weekly growth may be a share or a fixed amount, and the history rarely shows which. Both are
 * fitted, and the answer spans the earliest and the latest date of the two.
 */

/** A line through fewer weeks does not show the growth. */
export const MIN_WEEKS = 6;
const RECENT_WEEKS = 4;
/** The number of newest whole weeks whose bursts are used as the expected ones. */
const BURST_WEEKS = 8;
const RESAMPLES = 400;
/** A point is not noise if its distance from the line exceeds this many typical residuals and this share. */
const FAR = { residuals: 5, share: 0.15 };

export function outlookOf(traffic: Traffic, limit: Limit, random: () => number): Outlook {
  const { days, weeks, endSeconds } = weeksOf(traffic);
  const seen = (foreseen: Foreseen, changedAtSeconds: number | null = null): Outlook => ({
    ...foreseen,
    ...{ days, weeks, changedAtSeconds },
  });
  const highest = highestOf(weeks.slice(-RECENT_WEEKS));
  if (highest !== null && highest.peakPerSecond >= limit.perSecond)
    return seen({ kind: 'reached', ...highest });
  const whole = weeks.filter(({ isWhole }) => isWhole);
  if (endSeconds === null || whole.length < MIN_WEEKS) return seen(notEnough(whole.length));
  const usual = whole.filter((week) => !shortLows(whole, endSeconds).includes(week));
  const points = usual.map((week) => pointOf(week, endSeconds));
  const changed = changeIn(points, [BY_SHARE.shape, byAmount(points).shape], random);
  const changedAt = changed === 0 ? null : usual[changed]!.fromSeconds;
  const since = weeks.filter(({ fromSeconds }) => changedAt === null || fromSeconds >= changedAt);
  const used = since.filter(({ isWhole }) => isWhole);
  if (used.length < MIN_WEEKS) return seen(notEnough(used.length), changedAt);
  return seen(jumpOf(since, endSeconds) ?? trendOf(since, endSeconds, limit, random), changedAt);
}

const notEnough = (usableWeeks: number): Foreseen => ({
  kind: 'not-enough',
  usableWeeks,
  neededWeeks: MIN_WEEKS,
});

/** The highest peak of any week: of its busiest five minutes where they are known, otherwise of its busiest hour. */
function highestOf(weeks: readonly Week[]) {
  const all = weeks.map(({ peakPerSecond, burst, peakAtSeconds }) => ({
    peakPerSecond: peakPerSecond * (burst ?? 1),
    atSeconds: peakAtSeconds,
  }));
  return all.length === 0
    ? null
    : all.reduce((most, one) => (one.peakPerSecond > most.peakPerSecond ? one : most));
}

/** A week as a point: x is the distance of its busiest hour from the end of the history in weeks, y the rate of that hour. */
const pointOf = ({ peakAtSeconds, peakPerSecond }: Week, endSeconds: number): Point => ({
  x: (peakAtSeconds - endSeconds) / WEEK_SECONDS,
  y: peakPerSecond,
});

interface Growth {
  readonly shape: Shape;
  readonly back: (y: number) => number;
}

const BY_SHARE: Growth = { shape: ({ x, y }) => ({ x, y: Math.log(y) }), back: Math.exp };

function byAmount(points: readonly Point[]): Growth {
  const scale = median(points.map(({ y }) => y));
  return { shape: ({ x, y }) => ({ x, y: y / scale }), back: (y) => y * scale };
}

/** High weeks look like outliers until there are enough of them in a row. Still, the next week may be just as high. */
function jumpOf(weeks: readonly Week[], endSeconds: number): Foreseen | null {
  const last = weeks.slice(1 - MIN_SIDE);
  const before = weeks.slice(0, 1 - MIN_SIDE).filter(({ isWhole }) => isWhole);
  const points = before.map((week) => BY_SHARE.shape(pointOf(week, endSeconds)));
  const line = theilSen(points);
  const far = farFrom(residualsOf(points, line));
  const high = last.filter((week) => {
    const { x, y } = BY_SHARE.shape(pointOf(week, endSeconds));
    return y - valueAt(line, x) > far;
  });
  if (high.length === 0) return null;
  const peak = highestOf(high)!.peakPerSecond;
  const times = Math.max(
    ...high.map((week) => week.peakPerSecond / Math.exp(valueAt(line, pointOf(week, endSeconds).x))),
  );
  return { kind: 'jumped', peakPerSecond: peak, times, highWeeks: high.length };
}

const farFrom = (residuals: readonly number[]) => Math.max(FAR.share, FAR.residuals * typical(residuals));

// ---------------------------------------------------------------------------------------------- trend

function trendOf(since: readonly Week[], endSeconds: number, limit: Limit, random: () => number): Trend {
  const { used, low: lowWeeks } = usedOf(since, endSeconds);
  const points = used.map((week) => pointOf(week, endSeconds));
  const bursts = used.slice(-BURST_WEEKS).flatMap(({ burst }) => burst ?? []);
  const burst: Range = bursts.length === 0 ? [1, 1] : [median(bursts), Math.max(...bursts)];
  const shapes = [BY_SHARE, byAmount(points)];
  const fits = shapes.map((growth) => ({
    growth,
    lines: resampled(points.map(growth.shape), limit, random),
  }));
  const [low, high] = [(1 - limit.confidence) / 2, (1 + limit.confidence) / 2];
  const at = (fit: (typeof fits)[number], factor: number, share: number) => {
    const goal = fit.growth.shape({ x: 0, y: limit.perSecond / factor }).y;
    return quantile(
      fit.lines.map((line) => reaches(line, goal)),
      share,
    );
  };
  const earliest = Math.min(...fits.map((fit) => at(fit, burst[1], low)));
  const latest = Math.max(...fits.map((fit) => at(fit, burst[0], high)));
  const byShare = fits[0]!.lines.map(({ slope }) => Math.exp(slope) - 1);
  const history = -points[0]!.x;
  const secondsAt = (x: number) => (x > history ? null : endSeconds + Math.max(0, x) * WEEK_SECONDS);
  const line = theilSen(points.map(BY_SHARE.shape));
  return {
    kind: 'trend',
    perWeek: [quantile(byShare, low), quantile(byShare, high)],
    nowPerSecond: Math.exp(valueAt(line, 0)) * burst[0],
    earliestSeconds: secondsAt(earliest),
    latestSeconds: secondsAt(latest),
    horizonSeconds: endSeconds + history * WEEK_SECONDS,
    usedWeeks: used.length,
    lowWeeks: lowWeeks.map(({ fromSeconds }) => fromSeconds),
    isOfWholeHours: bursts.length === 0,
  };
}

/** Weeks far below the trend, such as holidays. There are too few of them in a row to show that the traffic has changed. */
function shortLows(whole: readonly Week[], endSeconds: number): readonly Week[] {
  const points = whole.map((week) => BY_SHARE.shape(pointOf(week, endSeconds)));
  const residuals = residualsOf(points, theilSen(points));
  const far = farFrom(residuals);
  const isLow = (index: number) => (residuals[index] ?? 0) < -far;
  return whole.filter((_, index) => {
    if (!isLow(index)) return false;
    let [from, to] = [index, index];
    while (isLow(from - 1)) from--;
    while (isLow(to + 1)) to++;
    return to - from + 1 < MIN_SIDE;
  });
}

/** The weeks that show the trend. One with gaps had at least the peak that was seen: if that is above the trend, it counts. */
function usedOf(since: readonly Week[], endSeconds: number) {
  const whole = since.filter(({ isWhole }) => isWhole);
  const found = shortLows(whole, endSeconds);
  const low = whole.length - found.length < MIN_WEEKS ? [] : found;
  const usual = whole.filter((week) => !low.includes(week));
  const line = theilSen(usual.map((week) => BY_SHARE.shape(pointOf(week, endSeconds))));
  const used = since.filter((week) => {
    if (week.isWhole) return usual.includes(week);
    const { x, y } = pointOf(week, endSeconds);
    return y > Math.exp(valueAt(line, x));
  });
  return { used, low };
}

/** Lines through resampled points with the same scatter. */
function resampled(points: readonly Point[], { confidence }: Limit, random: () => number): readonly Line[] {
  const line = theilSen(points);
  const residuals = residualsOf(points, line);
  const { length } = points;
  // The residuals are widened, because a fit makes its own residuals small, and a few residuals do not show
  // how large they can get.
  const few = tQuantile((1 + confidence) / 2, length - 2) / normalQuantile((1 + confidence) / 2);
  const alike = alikeness(residuals);
  const wider = few * Math.sqrt((length / (length - 2)) * ((1 + alike) / (1 - alike)));
  const draw = () => wider * residuals[Math.floor(random() * length)]!;
  return Array.from({ length: RESAMPLES }, () =>
    theilSen(points.map(({ x }) => ({ x, y: valueAt(line, x) + draw() }))),
  );
}

/** Infinite values are the largest. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.floor(share * sorted.length)))]!;
}
