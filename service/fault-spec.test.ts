import { expect, test } from 'vitest';
import { parseFaults } from './fault-spec.ts';

test.each([
  ['latency=250ms', { latencyMs: 250 }],
  ['latency=1.5s', { latencyMs: 1500 }],
  ['latency-to=180ms', { latencyToMs: 180 }],
  ['tail=1.5%@600ms', { tail: { percent: 1.5, toMs: 600 } }],
  ['errors=0.8%', { errorPercent: 0.8 }],
  ['confidence=0.80', { confidenceMean: 0.8 }],
  [' errors = 4% , latency=0ms', { errorPercent: 4, latencyMs: 0 }],
])('%s is parsed', (spec, settings) => {
  expect(parseFaults(spec)).toEqual({ spec, ...settings });
});

test.each([
  ['boom=1', '"boom" is not a known fault; known faults: latency, latency-to, tail, errors, confidence'],
  [
    'toString=1',
    '"toString" is not a known fault; known faults: latency, latency-to, tail, errors, confidence',
  ],
  ['latency', '"latency" has no value; write latency=…'],
  ['latency=250', 'latency: "250" is not a duration such as 250ms or 1.5s'],
  ['latency=-1ms', 'latency: "-1ms" is not a duration such as 250ms or 1.5s'],
  ['latency=2000s', 'latency: "2000s" exceeds the maximum of 60000 ms'],
  ['latency-to=180', 'latency-to: "180" is not a duration such as 250ms or 1.5s'],
  ['tail=1.5%', 'tail: "1.5%" is not a duration such as 250ms or 1.5s'],
  ['tail=600ms', 'tail: "600ms" is not a share and a duration, such as 1.5%@600ms'],
  ['tail=1%@2s@3s', 'tail: "1%@2s@3s" is not a share and a duration, such as 1.5%@600ms'],
  ['tail=101%@2s', 'tail: "101%@2s" is outside 0% to 100%'],
  ['tail=1%@61s', 'tail: "1%@61s" exceeds the maximum of 60000 ms'],
  ['errors=2', 'errors: "2" is not a percentage such as 2% or 0.8%'],
  ['errors=101%', 'errors: "101%" is outside 0% to 100%'],
  ['confidence=high', 'confidence: "high" is not a number such as 0.80'],
  ['confidence=0.4', 'confidence: "0.4" is outside 0.5 to 1'],
  ['errors=2%,errors=2%', '"errors" is given twice; keep one'],
  [
    'errors=2%,',
    'empty part; write word=value, with one of these words: latency, latency-to, tail, errors, confidence',
  ],
])('%s is refused', (spec, message) => {
  expect(parseFaults(spec)).toMatchObject([{ code: 'bad_fault', message }]);
});

test('all problems of a specification are reported at once', () => {
  expect(parseFaults('latency=x,errors=y,z')).toHaveLength(3);
});
