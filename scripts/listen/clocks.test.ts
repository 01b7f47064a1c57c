import { expect, test } from 'vitest';
import { refuseOtherClock } from './clocks.ts';

const clock = (aheadSeconds: number, uncertaintySeconds = 0.1) => ({
  clock: { aheadSeconds, uncertaintySeconds },
});

test.each([
  [600, "Prometheus's clock is at least 600 s ahead of the verifier's"],
  [-600, "Prometheus's clock is at least 600 s behind the verifier's"],
])('if the verifier’s clock differs by %i s, the latest minutes are not judged', (aheadSeconds, message) => {
  expect(() => refuseOtherClock(clock(aheadSeconds))).toThrow(message);
});

test('a clock that may agree, or that could not be read, does not prevent a verdict', () => {
  refuseOtherClock(clock(5));
  refuseOtherClock(clock(15, 6));
  refuseOtherClock({});
});
