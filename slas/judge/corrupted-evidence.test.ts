import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Evidence, ObjectiveVerdict, Reading, Sample, Series } from '../model/model.ts';
import { ORIGIN_SECONDS } from '../testing/case-text.ts';
import { healthy } from '../testing/cases.ts';
import { thin } from '../testing/downsampled.ts';
import { judgeInWords } from '../testing/judge-in-words.ts';

/**
 * Evidence of a healthy service, corrupted at random in ways that leave a number to compare: the verdict must
 * never be a pass. Seeded, so every run makes the same corruptions.
 */

/** Event-loop lag is shown as an explanation and decides nothing, so it is left out. */
type World = Omit<ReturnType<typeof healthy>, 'document'>;

const judged = ({ plan, run, evidence }: World): World => ({
  plan: { ...plan, lag: null },
  run,
  evidence: { ...evidence, readings: evidence.readings.filter(({ selector }) => selector !== plan.lag) },
});

const makeServices = () =>
  [
    healthy(),
    healthy({
      replicas: { a: {}, b: {} },
      scenario: null,
      load: { sent: 3000, '2xx': 3000, planned: 3000, seconds: 60 },
    }),
    healthy({ scenario: null, load: null }),
  ].map(judged);
/** Created by the first test that needs it, so that an error while creating it fails a test. */
let made: ReturnType<typeof makeServices> | undefined;
const services = () => (made ??= makeServices());
const OPEN = ORIGIN_SECONDS + 10;
const CLOSE = ORIGIN_SECONDS + 70;
const isInside = ([at]: Sample) => at >= OPEN && at <= CLOSE;
const isEdge = ([at]: Sample) => at === OPEN || at === CLOSE;

/** Picks an element by an arbitrary number. */
const pick = <T>(from: readonly T[], at: number): T => from[at % from.length]!;

type Corruption = (series: Series, at: number) => Series;

const withSamples =
  (change: (samples: readonly Sample[], at: number) => readonly Sample[]): Corruption =>
  (series, at) => ({ ...series, samples: change(series.samples, at) });

const replaceInside = (value: string) =>
  withSamples((samples, at) => {
    const [time] = pick(samples.filter(isInside), at);
    return samples.map((sample): Sample => (sample[0] === time ? [time, value] : sample));
  });

const dropEdge = withSamples((samples, at) => {
  const [time] = pick(samples.filter(isEdge), at);
  return samples.filter((sample) => sample[0] !== time);
});

/** The series ends at some scrape. (Errors may begin at a scrape: the first error creates its series.) */
const cutOff = withSamples((samples, at) => {
  const [time] = pick(samples.filter(isInside), at);
  return samples.filter(([other]) => other < time);
});

/** The counter had counted something and restarts from 0 at a scrape. */
const reset = withSamples((samples, at) => {
  const counted = samples.filter(
    (sample) => isInside(sample) && sample[0] > OPEN + 5 && Number(sample[1]) > 1,
  );
  if (counted.length === 0) return samples.map((sample): Sample => [sample[0], 'NaN']);
  const [from, lost] = pick(counted, at);
  return samples.map(
    ([time, value]): Sample => (time < from ? [time, value] : [time, String(Number(value) - Number(lost))]),
  );
});

const CORRUPTIONS: Readonly<Record<string, Corruption>> = {
  'NaN inside': replaceInside('NaN'),
  'infinity inside': replaceInside('+Inf'),
  'minus infinity inside': replaceInside('-Inf'),
  'empty text inside': replaceInside(''),
  'text inside': replaceInside('null'),
  'edge dropped': dropEdge,
  'cut off': cutOff,
  reset,
};

/** Replaces the reading with the given number. */
const inReading = (evidence: Evidence, at: number, change: (reading: Reading) => Reading): Evidence => {
  const chosen = pick(evidence.readings, at);
  return { ...evidence, readings: evidence.readings.map((one) => (one === chosen ? change(one) : one)) };
};

const corruptSeries = (evidence: Evidence, corrupt: Corruption, at: number) =>
  inReading(evidence, at, (reading) => {
    const chosen = pick(reading.series, Math.floor(at / 13));
    return {
      ...reading,
      series: reading.series.map((one) => (one === chosen ? corrupt(one, Math.floor(at / 170)) : one)),
    };
  });

const READING_CORRUPTIONS: Readonly<Record<string, (reading: Reading) => Reading>> = {
  warning: (reading) => ({ ...reading, warnings: ['a store did not respond'] }),
  error: (reading) => ({ ...reading, error: 'status 503' }),
  'error without series': (reading) => ({ ...reading, series: [], error: 'timed out' }),
};

const draw = fc.nat({ max: 1_000_000 });
/** Samples are chosen by number, to keep counterexamples short. */
const service = fc.nat({ max: 2 });
const check = <T>(property: fc.IProperty<T>, numRuns: number) =>
  fc.assert(property, { seed: 20_250_101, numRuns });

test('the uncorrupted services pass', () => {
  expect(services().map(({ plan, run, evidence }) => judgeInWords(plan, run, evidence).verdict)).toEqual([
    'pass',
    'pass',
    'pass',
  ]);
});

const hasNaN = (series: readonly Series[]) =>
  series.some(({ samples }) => samples.some(([, value]) => Number.isNaN(Number(value))));

test('a corrupted series is never a pass, and objectives that rest on it are never met', () => {
  const property = fc.property(
    service,
    fc.array(fc.tuple(fc.constantFrom(...Object.keys(CORRUPTIONS)), draw), { minLength: 1, maxLength: 3 }),
    (number, corruptions) => {
      const { plan, run, evidence } = services()[number]!;
      const corrupted = corruptions.reduce(
        (so, [name, at]) => corruptOnce(so, CORRUPTIONS[name]!, at),
        evidence,
      );
      const verdict = judgeInWords(plan, run, corrupted);
      expect(verdict.verdict).not.toBe('pass');
      const touched = corrupted.readings.filter((reading, index) => reading !== evidence.readings[index]);
      // Some servers report a failed scrape as no "up" value and NaN for a counter at the same time.
      if (touched.some(({ selector, series }) => selector === plan.up && hasNaN(series))) return;
      for (const { id, query, verdict: outcome } of verdict.objectives) {
        if (touched.some((reading) => query.split('\n').includes(reading.query)))
          expect(outcome, id).toBe('undecided');
      }
    },
  );
  check(property, 1_200);
});

test('in a long window, corruption between the samples that are read is never a pass', () => {
  const seen = { undecided: 0, judged: 0 };
  const property = fc.property(
    service,
    fc.tuple(fc.constantFrom(...Object.keys(CORRUPTIONS)), draw),
    fc.integer({ min: 2, max: 12 }),
    (number, [name, at], blocks) => {
      const { plan, run, evidence } = services()[number]!;
      expect(judgeInWords(plan, run, thin(plan, run, evidence, blocks)).verdict).toBe('pass');
      const corrupted = corruptOnce(evidence, CORRUPTIONS[name]!, at);
      const [whole, thinned] = [corrupted, thin(plan, run, corrupted, blocks)].map((of) =>
        judgeInWords(plan, run, of),
      );
      expect(thinned!.verdict).not.toBe('pass');
      for (const [index, { id, verdict }] of thinned!.objectives.entries()) {
        seen.judged++;
        if (whole!.objectives[index]!.verdict !== 'undecided') continue;
        seen.undecided++;
        expect(verdict, `${id}: ${whole!.objectives[index]!.reason}`).toBe('undecided');
      }
    },
  );
  check(property, 400);
  expect(seen.undecided).toBeGreaterThan(100);
});

/** Corrupts a series unless an earlier corruption already removed the samples that this one needs. */
function corruptOnce(evidence: Evidence, corrupt: Corruption, at: number): Evidence {
  const told = pick(evidence.readings, at).series;
  if (told.length === 0) return corruptOnce(evidence, corrupt, at + 1);
  const chosen = pick(told, Math.floor(at / 13));
  const whole =
    chosen.samples.filter(isEdge).length === 2 && chosen.samples.every(([, value]) => value !== '');
  return whole ? corruptSeries(evidence, corrupt, at) : evidence;
}

test('a response with a warning or an error is never a pass', () => {
  const property = fc.property(
    service,
    fc.constantFrom(...Object.keys(READING_CORRUPTIONS)),
    draw,
    (number, name, at) => {
      const { plan, run, evidence } = services()[number]!;
      const corrupted = inReading(evidence, at, READING_CORRUPTIONS[name]!);
      expect(judgeInWords(plan, run, corrupted).verdict).not.toBe('pass');
    },
  );
  check(property, 300);
});

test('evidence without the result of one query is never a pass', () => {
  for (const { plan, run, evidence } of services()) {
    for (const gone of evidence.readings) {
      const readings = evidence.readings.filter((reading) => reading !== gone);
      const verdict = judgeInWords(plan, run, { ...evidence, readings });
      expect(verdict.verdict === 'pass', gone.selector).toBe(false);
    }
  }
});

test('a missed or failed scrape at an edge leaves every objective undecided', () => {
  const property = fc.property(service, draw, fc.boolean(), (number, at, isMissed) => {
    const { plan, run, evidence } = services()[number]!;
    const corrupted = {
      ...evidence,
      readings: evidence.readings.map((reading) =>
        reading.selector === plan.up
          ? { ...reading, series: corruptOne(reading.series, at, isMissed ? dropEdge : failEdge) }
          : reading,
      ),
    };
    const { verdict, objectives } = judgeInWords(plan, run, corrupted);
    expect(verdict).toBe('inconclusive');
    expect(new Set(objectives.map((one) => one.verdict))).toEqual(new Set(['undecided']));
  });
  check(property, 100);
});

const failEdge = withSamples((samples, at) => {
  const [time] = pick(samples.filter(isEdge), at);
  return samples.map((sample): Sample => (sample[0] === time ? [time, '0'] : sample));
});

const corruptOne = (series: readonly Series[], at: number, corrupt: Corruption) =>
  series.map((one, index) => (index === at % series.length ? corrupt(one, Math.floor(at / 7)) : one));

test('with a run record, no request counter can be lowered unnoticed', () => {
  const property = fc.property(
    fc.constantFrom(services()[0]!, services()[1]!),
    draw,
    fc.integer({ min: 1, max: 300 }),
    ({ plan, run, evidence }, at, less) => {
      const lower = withSamples((samples) =>
        samples.map(
          (sample): Sample => [sample[0], sample[0] >= CLOSE ? String(Number(sample[1]) - less) : sample[1]],
        ),
      );
      const readings = evidence.readings.map((reading) =>
        reading.selector.startsWith('http_requests_total')
          ? { ...reading, series: corruptOne(reading.series, at, lower) }
          : reading,
      );
      expect(judgeInWords(plan, run, { ...evidence, readings }).verdict).not.toBe('pass');
    },
  );
  check(property, 200);
});

test('samples missing mid-window do not change counts', () => {
  const property = fc.property(service, fc.array(draw, { maxLength: 20 }), (number, drops) => {
    const { plan, run, evidence } = services()[number]!;
    const counters = evidence.readings.filter(({ selector }) => /_(total|bucket|sum|count)\{/.test(selector));
    const holey = drops.reduce(
      (so, at) =>
        inReading(so, evidence.readings.indexOf(pick(counters, at)), (reading) => ({
          ...reading,
          series: corruptOne(reading.series, at, dropInside),
        })),
      evidence,
    );
    const whole = judgeInWords(plan, run, evidence);
    expect(judgeInWords(plan, run, holey).objectives.map(counted)).toEqual(whole.objectives.map(counted));
  });
  check(property, 200);
});

/** The part of a decision that follows from counts. Fewer blocks only lower the certainty. */
const counted = ({ id, verdict, value, share, bucket, samples, margin }: ObjectiveVerdict) => ({
  id,
  verdict,
  value,
  share,
  bucket,
  samples,
  margin,
});

const dropInside = withSamples((samples, at) => {
  const inner = samples.filter((sample) => isInside(sample) && !isEdge(sample));
  if (inner.length === 0) return samples;
  const [time] = pick(inner, at);
  return samples.filter((sample) => sample[0] !== time);
});
