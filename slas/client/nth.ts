/**
 * The value at a position of the ascending order, found without a sorted copy of millions of values. Positive floating-point numbers are
 * ordered like their bits, so each pass over the values finds 16 bits of the result. Negative values count as 0.
 */
export function nthSmallest(count: number, valueAt: (index: number) => number, position: number): number {
  const value = new Float64Array(1);
  const digits = new Uint16Array(value.buffer);
  const found: [digit: number, is: number][] = [];
  let rest = position;
  for (const digit of FROM_HIGHEST) {
    const counts = new Uint32Array(2 ** 16);
    for (let index = 0; index < count; index++) {
      value[0] = Math.max(0, valueAt(index));
      if (found.every(([higher, is]) => digits[higher] === is)) counts[digits[digit]!]!++;
    }
    let is = 0;
    while (rest >= counts[is]!) rest -= counts[is++]!;
    found.push([digit, is]);
  }
  for (const [digit, is] of found) digits[digit] = is;
  return value[0]!;
}

/** The digits of a number from the highest to the lowest, in the byte order of this machine. */
const FROM_HIGHEST = new Uint16Array(new Float64Array([1]).buffer)[3] === 0 ? [0, 1, 2, 3] : [3, 2, 1, 0];
