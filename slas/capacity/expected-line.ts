/** A straight line through weighted points, drawn towards a slope that is expected: a few points hardly show a slope. */

export interface Weighted {
  readonly x: number;
  readonly y: number;
  readonly weight: number;
}

export interface ExpectedSlope {
  readonly usual: number;
  /** The standard deviation of the slope around the usual one. */
  readonly deviation: number;
}

export interface ExpectedLine {
  /** The weighted mean of the points, through which the line passes. */
  readonly x: number;
  readonly y: number;
  readonly slope: number;
  /** The sum of the weights. */
  readonly weight: number;
  /** The inverse of the variance of the slope. */
  readonly across: number;
}

export function expectedLine(points: readonly Weighted[], { usual, deviation }: ExpectedSlope): ExpectedLine {
  const weight = sum(points.map((one) => one.weight));
  const [x, y] = [weightedMean(points, (one) => one.x), weightedMean(points, (one) => one.y)];
  const prior = 1 / deviation ** 2;
  const across = sum(points.map((one) => one.weight * (one.x - x) ** 2)) + prior;
  const both = sum(points.map((one) => one.weight * (one.x - x) * (one.y - y))) + prior * usual;
  return { x, y, slope: both / across, weight, across };
}

export const weightedMean = <T extends Weighted>(points: readonly T[], of: (point: T) => number): number =>
  sum(points.map((one) => one.weight * of(one))) / sum(points.map((one) => one.weight));

const sum = (values: readonly number[]) => values.reduce((whole, value) => whole + value, 0);
