import { describe, expect, test } from 'vitest';
import type { Given } from '../testing/case-text.ts';
import { type Cut, cutOf } from '../testing/frames.ts';
import { type Added, countBlocks, secondBlocks, slowerBlocks } from './blocks.ts';

/** Scraped every 5 s from 10 s to 70 s: twelve blocks with 100 responses each, 5 of them errors. */

const GIVEN: Partial<Given> = { scenario: null, load: null };
const ERRORS = { 'answers 200': '0 -> 1140', 'answers 500': '0 -> 60' };

const errorsIn = ({ frame, measure, grown }: Cut, added?: Added) =>
  countBlocks(grown(measure('ratio').bad), grown(measure('ratio').total), frame, added);
const errors = (changes: Partial<Given> = {}, added?: Added) =>
  errorsIn(cutOf({ ...GIVEN, ...changes, series: { ...ERRORS, ...changes.series } }), added);

const EVEN = { up: 'always 1', 'process start': 'always 1000' };
const block = (part: number, total: number) => ({ part, total });
const times = (count: number, part: number, total: number) =>
  Array.from({ length: count }, () => block(part, total));
const sum = (blocks: readonly { part: number; total: number }[]) =>
  block(
    blocks.reduce((so, { part }) => so + part, 0),
    blocks.reduce((so, { total }) => so + total, 0),
  );
const elastic = (changes: Partial<Given>): Partial<Given> => ({
  service: { replicas: 'elastic' },
  ...changes,
  series: { 'process start': 'always 1000', ...changes.series },
});

describe('one replica', () => {
  test('has one block between each pair of consecutive scrapes', () => {
    expect(errors()).toEqual(times(12, 5, 100));
  });
  test('merges two blocks if the scrape between them is missing, failed, or lacks one of the series', () => {
    const merged = [...times(5, 5, 100), block(10, 200), ...times(5, 5, 100)];
    const gone = { 'answers 200': '0 -> 1140; 40=_', 'answers 500': '0 -> 60; 40=_' };
    expect(errors({ series: { ...gone, up: 'always 1; 40=_' } })).toEqual(merged);
    expect(errors({ series: { ...gone, up: 'always 1; 40=0' } })).toEqual(merged);
    expect(errors({ series: { 'answers 500': '0 -> 60; 40=_' } })).toEqual(merged);
    expect(errors({ series: { 'answers 200': '0 -> 1140; 40=_' } })).toEqual(merged);
  });
  test('counts a series that began mid-window from 0', () => {
    const series = { 'answers 200': '0 -> 1200', 'answers 500': '_*7 2*1 5*7' };
    expect(errors({ series })).toEqual([
      ...times(4, 0, 100),
      block(2, 102),
      block(0, 100),
      block(3, 103),
      ...times(5, 0, 100),
    ]);
  });
  test('has at most 500 blocks, each of the same number of scrapes', () => {
    const long = (seconds: number) =>
      errors({
        scrapes: { every: 1, first: 0, last: seconds + 20 },
        window: { from: 10.2, to: seconds + 9.8 },
        series: { 'answers 200': `0*10 1+1*${seconds - 1} ${seconds}*9`, 'answers 500': 'always 0' },
      });
    expect(long(500)).toEqual(times(500, 0, 1));
    expect(long(501)).toEqual([...times(250, 0, 2), block(0, 1)]);
    expect(long(1100)).toEqual([...times(366, 0, 3), block(0, 2)]);
  });
});

describe('several replicas', () => {
  const b = { 'answers 200 @b': '0 -> 540', 'answers 500 @b': '0 -> 60' };

  test('are added block by block, although they are scraped at different times', () => {
    const replicas = { a: {}, b: { first: 0.1, last: 80.1 } };
    const series = { 'answers 200 @b': '0*2 45+45*11 540*1', 'answers 500 @b': '0*2 5+5*11 60*1' };
    expect(errors({ replicas, series })).toEqual(times(12, 10, 150));
  });
  test('scraped at different intervals use the blocks of the longer interval', () => {
    const replicas = { a: {}, b: { every: 10, first: 0, last: 80 } };
    const series = { ...b, up: 'always 1', 'process start': 'always 1000' };
    expect(errors({ replicas, series })).toEqual(times(6, 20, 300));
    // Replica a was not scraped at 40 s, and its scrapes at 35 s and 45 s are no substitutes.
    const gone = { ...series, 'up @a': 'always 1; 40=_', 'answers 200 @a': '0 -> 1140; 40=_' };
    expect(errors({ replicas, series: { ...gone, 'answers 500 @a': '0 -> 60; 40=_' } })).toEqual([
      ...times(2, 20, 300),
      block(40, 600),
      ...times(2, 20, 300),
    ]);
  });
  test('whose scrape intervals are not multiples use the longer interval, with the nearest scrapes of the other replica', () => {
    const replicas = { a: {}, b: { every: 7, first: 0, last: 84 } };
    const series = { ...EVEN, 'answers 200 @b': '0 0+10*9 90*1', 'answers 500 @b': 'always 0' };
    expect(errors({ replicas, series })).toEqual(
      [100, 200, 100, 100, 200, 100, 100, 200, 100].map((own) => block(own / 20, own + 10)),
    );
  });
  test('use the blocks of the replica whose scrapes cover more of the window', () => {
    const replicas = { a: {}, b: { first: 1, last: 81 } };
    const series = { ...EVEN, 'answers 200 @b': '0*1 10+10*12 130*1', 'answers 500 @b': 'always 0' };
    expect(errors({ replicas, series })).toEqual([...times(11, 5, 110), block(5, 120)]);
  });
  test('count a replica that starts mid-window from its start', () => {
    const series = {
      'process start @b': 'always @38',
      'answers 200 @b': '40 -> 580',
      'answers 500 @b': '6 -> 66',
    };
    const from = (first: number) => errors(elastic({ replicas: { a: {}, b: { first } }, series }));
    const whole = [...times(5, 5, 100), block(11, 146), ...times(6, 15, 200)];
    expect(from(40)).toEqual(whole);
    expect(from(41.5)).toEqual(whole);
    // A replica that is scraped half an interval later is equally near to both boundaries, and no scrape is lost.
    expect(from(42.5)).toEqual([...whole.slice(0, 6), block(5, 100), ...times(4, 15, 200), block(25, 300)]);
  });
  test('count a replica that ends mid-window until its end', () => {
    const series = { 'answers 200 @b': '0 -> 540', 'answers 500 @b': '0 -> 60' };
    expect(errors(elastic({ replicas: { a: {}, b: { last: 40 } }, series }))).toEqual([
      ...times(6, 15, 200),
      ...times(6, 5, 100),
    ]);
  });
  test('have no boundary where a replica that started later lacks its scrape', () => {
    const series = {
      'process start @b': 'always @38',
      'answers 200 @b': '0 -> 540; 50=_',
      'answers 500 @b': '0 -> 60',
    };
    expect(errors(elastic({ replicas: { a: {}, b: { first: 40 } }, series }))).toEqual([
      ...times(6, 5, 100),
      block(15, 200),
      block(30, 400),
      ...times(3, 15, 200),
    ]);
  });
  test('have no boundary where a replica that started later was not scraped at all', () => {
    const series = {
      'up @b': 'always 1; 50=_',
      'process start @b': 'always @38; 50=_',
      'answers 200 @b': '0 -> 540; 50=_',
      'answers 500 @b': '0 -> 60; 50=_',
    };
    expect(errors(elastic({ replicas: { a: {}, b: { first: 40 } }, series }))).toEqual([
      ...times(6, 5, 100),
      block(15, 200),
      block(30, 400),
      ...times(3, 15, 200),
    ]);
  });
  test('have no boundary while a replica that started later restarts', () => {
    const series = {
      'up @b': 'always 1; 40..45=0',
      'process start @b': '@18*3 _*2 @47*6',
      'answers 200 @b': '0+90*3 _*2 90+90*4 450*1',
      'answers 500 @b': 'always 0; 40..45=_',
    };
    expect(errors(elastic({ replicas: { a: {}, b: { first: 20 } }, series }))).toEqual([
      ...times(2, 5, 100),
      ...times(3, 5, 190),
      block(15, 390),
      ...times(4, 5, 190),
    ]);
  });
  test('have no boundary while a restarting replica does not respond', () => {
    const series = {
      'up @b': 'always 1; 40..45=0',
      'process start @b': '1000*7 _*2 @47*6',
      'answers 200 @b': '0*2 90+90*4 _*2 90+90*4 450*1',
      'answers 500 @b': '0*14; 40..45=_',
    };
    expect(errors(elastic({ replicas: { a: {}, b: {} }, series }))).toEqual([
      ...times(5, 5, 190),
      block(15, 390),
      ...times(4, 5, 190),
    ]);
  });
  test("are cut at the window's edges if no replica ran for the whole window", () => {
    const series = {
      'process start @b': 'always @38',
      'answers 200 @b': '0 -> 540',
      'answers 500 @b': '0 -> 60',
    };
    expect(errors(elastic({ replicas: { a: { last: 40 }, b: { first: 40 } }, series }))).toEqual([
      ...times(6, 10, 200),
      ...times(6, 10, 100),
    ]);
  });
});

describe('unanswered requests', () => {
  const lost = (part: number, total: number, ...sentAtSeconds: readonly number[]): Added => {
    const origin = Date.UTC(2025, 0, 1) / 1000;
    return { part, total, sentAtSeconds: sentAtSeconds.map((at) => origin + at) };
  };

  test('are added to the block in which they were sent', () => {
    expect(errors({}, lost(4, 4, 12, 15, 33, 69.9))).toEqual([
      block(7, 102),
      ...times(3, 5, 100),
      block(6, 101),
      ...times(6, 5, 100),
      block(6, 101),
    ]);
  });
  test('that the total already includes are added only to the bad requests', () => {
    expect(errors({}, lost(2, 0, 12, 12))).toEqual([block(7, 100), ...times(11, 5, 100)]);
    expect(sum(errors({}, lost(3, 1, 5, 33, 90)))).toEqual(block(63, 1201));
  });
  test('are added to the worst block if it is unknown when they were sent', () => {
    const series = { 'answers 500': '0*5 5*2 12*3 19*3', 'answers 200': '0 -> 1200' };
    const blocks = [0, 0, 0, 5, 0, 0, 7, 0, 0, 0, 7, 0].map((bad) => block(bad, 100 + bad));
    expect(errors({ series })).toEqual(blocks);
    expect(errors({ series }, lost(6, 4))).toEqual(blocks.with(6, block(13, 111)));
    expect(errors({ series }, lost(0, 4))).toEqual(blocks.with(6, block(7, 111)));
    expect(errors({ series }, lost(0, 0))).toEqual(blocks);
  });
});

describe('blocks of a latency', () => {
  test('count the responses over each edge out of all responses', () => {
    const { frame, measure, grown } = cutOf({
      ...GIVEN,
      series: {
        latency: {
          le: {
            '0.1': '0 -> 1080',
            '0.2': '0 -> 1140',
            '+Inf': '0*2 90 190 290 390 490 590 690 790 890 990 1090 1200*2',
          },
        },
      },
    });
    const [first, second, all] = grown(measure('latency').buckets!);
    const blocks = slowerBlocks([all!], [[first!], [second!]], frame);
    const totals = [90, ...Array.from({ length: 10 }, () => 100), 110];
    expect(blocks).toEqual([
      totals.map((total) => block(total - 90, total)),
      totals.map((total) => block(total - 95, total)),
    ]);
  });
});

describe('blocks of a throughput', () => {
  const goodIn = (changes: Partial<Given>) => {
    const { frame, measure, grown } = cutOf({ ...GIVEN, ...changes });
    return secondBlocks(grown(measure('throughput').counter), frame).map(({ part, total }) =>
      block(part, Number(total.toFixed(6))),
    );
  };

  test('include only seconds with load', () => {
    expect(goodIn({})).toEqual([block(125, 4.8), ...times(10, 125, 5), block(125, 4.8)]);
  });
  test('span the scrapes of all replicas on average', () => {
    const replicas = { a: {}, b: { first: 0.1, last: 80.1 } };
    const series = { 'answers 200 @b': '400*2 525+125*11 1900*1' };
    expect(goodIn({ replicas, series })).toEqual([block(250, 4.85), ...times(10, 250, 5), block(250, 4.75)]);
  });
  test('span the whole window even for a replica that starts mid-window', () => {
    const series = { 'process start @b': 'always @38', 'answers 200 @b': '0 -> 300' };
    expect(goodIn(elastic({ replicas: { a: {}, b: { first: 41 } }, series }))).toEqual([
      block(125, 4.8),
      ...times(4, 125, 5),
      block(125, 5.5),
      ...times(5, 175, 5),
      block(175, 4.3),
    ]);
  });
});

describe('a downsampled window', () => {
  test('has the blocks that the server aggregated', () => {
    // The blocks end at 30.1 s, 49.9 s and 69.8 s. The scrapes of 30 s, 45 s and 70 s are known, because samples near the edges are read.
    expect(errors({ blocks: 3 })).toEqual([block(20, 400), block(15, 300), block(25, 500), block(0, 0)]);
  });
  test('adds the counts of a replica that started mid-window', () => {
    const series = {
      'process start @b': 'always @38',
      'answers 200 @b': '40 -> 580',
      'answers 500 @b': '6 -> 66',
    };
    const blocks = errors(elastic({ blocks: 3, replicas: { a: {}, b: { first: 40 } }, series }));
    // The block in which the replica starts is read in full, so the scrape at 50 s is known.
    expect(blocks).toEqual([
      block(20, 400),
      block(20 + 26, 400 + 246),
      block(20 + 40, 400 + 400),
      block(0, 0),
    ]);
  });
  test('gives a phase the blocks that lie in it', () => {
    const { frame, measure, grown } = cutOf({ ...GIVEN, blocks: 6, series: ERRORS });
    const inside = { ...frame, fromSeconds: frame.fromSeconds + 19.8, toSeconds: frame.toSeconds - 29.8 };
    const counted = countBlocks(grown(measure('ratio').bad), grown(measure('ratio').total), inside);
    expect(counted).toHaveLength(3);
  });
});
