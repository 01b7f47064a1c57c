/** Least squares with straight lines. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Lines {
  /** Slopes before and after the place where the lines meet. */
  readonly before: number;
  readonly after: number;
  readonly squaredError: number;
}

/** Two lines that meet at this x; null for a single line. */
export function leastSquaresLines(points: readonly Point[], meetAt: number | null): Lines {
  const columns = [
    points.map(() => 1),
    points.map(({ x }) => x),
    ...(meetAt === null ? [] : [points.map(({ x }) => Math.max(0, x - meetAt))]),
  ];
  const y = points.map((point) => point.y);
  const coefficients = solve(
    columns.map((one) => columns.map((other) => dot(one, other))),
    columns.map((one) => dot(one, y)),
  );
  const fitted = points.map((_, index) =>
    columns.reduce((sum, column, number) => sum + coefficients[number]! * column[index]!, 0),
  );
  const before = coefficients[1]!;
  return {
    before,
    after: before + (coefficients[2] ?? 0),
    squaredError: y.reduce((sum, value, index) => sum + (value - fitted[index]!) ** 2, 0),
  };
}

const dot = (one: readonly number[], other: readonly number[]) =>
  one.reduce((sum, value, index) => sum + value * other[index]!, 0);

/** Gauss–Jordan elimination with pivots; a column that depends on others gets 0. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): readonly number[] {
  const rows = matrix.map((row, index) => [...row, right[index]!]);
  const size = rows.length;
  for (let at = 0; at < size; at++) {
    const pivot = rows
      .slice(at)
      .reduce((best, row) => (Math.abs(row[at]!) > Math.abs(best[at]!) ? row : best));
    if (Math.abs(pivot[at]!) < 1e-12) continue;
    const from = rows.indexOf(pivot);
    [rows[at], rows[from]] = [pivot, rows[at]!];
    for (const [index, row] of rows.entries()) {
      if (index === at) continue;
      const factor = row[at]! / pivot[at]!;
      for (let column = at; column <= size; column++) row[column]! -= factor * pivot[column]!;
    }
  }
  return rows.map((row, index) => (Math.abs(row[index]!) < 1e-12 ? 0 : row[size]! / row[index]!));
}
