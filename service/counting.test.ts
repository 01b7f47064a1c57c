import * as fc from 'fast-check';
import { Counter, Gauge, Histogram, Registry as LibraryRegistry } from 'prom-client';
import { expect, test } from 'vitest';
import { countIn, observeIn, Registry } from './metric-makers.ts';
import { counter, gauge, histogram, type LabelSet } from './metric-names.ts';

const help = 'A \\ and\na "line".';
const labelNames = ['b', 'a'] as const;
// No edge is -1, because prom-client counts that value differently.
const edges = [-2.5, 0.5, 1, 2.5, 10];

/** Label values, some of which need escaping. There are few of them, so that series repeat. */
const value = fc.constantFrom('x', '', '"quoted" \\ and\nbroken', '1');
const labels = fc.record({ b: value, a: value });
/** Observations on the edges, between them and beyond them. */
const number = fc.oneof(fc.constantFrom(...edges, 0, 1e-9, 11), fc.double({ min: -5, max: 20, noNaN: true }));

/** The families of a metrics page, sorted, because their order has no meaning. */
const familiesOf = (text: string) => text.trimEnd().split('\n\n').filter(Boolean).sort();

test('our metrics and prom-client write the same text for any observations', async () => {
  const someLabels = fc.uniqueArray(labels, { maxLength: 3, selector: (set) => JSON.stringify(set) });
  const events = fc.array(fc.record({ labels, number, by: fc.nat(9) }), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(someLabels, events, async (labelSets, happened) => {
      const registry = new Registry();
      const library = new LibraryRegistry();
      const registers = [library];
      const names = [...labelNames];
      const total = countIn(registry, counter('x_total', help, names, labelSets));
      const level = countIn(registry, gauge('x_level', help, names, labelSets));
      const spread = observeIn(registry, histogram('x_seconds', help, edges, names, labelSets));
      const plain = observeIn(registry, histogram('x_plain', help, edges)).of({});
      const theirs = {
        total: new Counter({ name: 'x_total', help, labelNames: names, registers }),
        level: new Gauge({ name: 'x_level', help, labelNames: names, registers }),
        spread: new Histogram({ name: 'x_seconds', help, buckets: edges, labelNames: names, registers }),
        plain: new Histogram({ name: 'x_plain', help, buckets: edges, registers }),
      };
      for (const set of labelSets) {
        theirs.total.inc(set, 0);
        theirs.level.set(set, 0);
        theirs.spread.zero(set);
      }
      for (const { labels, number, by } of happened) {
        total.of(labels).inc(by);
        theirs.total.inc(labels, by);
        level.of(labels).dec();
        theirs.level.dec(labels);
        spread.of(labels).observe(number);
        theirs.spread.observe(labels, number);
        plain.observe(number);
        theirs.plain.observe(number);
      }
      // Reading it again gives the same text: reading changes no counter.
      for (const text of [await registry.text(), await registry.text()]) {
        expect(familiesOf(text)).toEqual(familiesOf(await library.metrics()));
      }
    }),
    { seed: 20261123, numRuns: 200 },
  );
});

test('a series is the same for any order of its labels', () => {
  const total = countIn(new Registry(), counter('x_total', 'x', labelNames, []));
  const sets: LabelSet[] = [
    { b: '1', a: '2' },
    { a: '1', b: '2' },
    { a: '2', b: '2' },
  ];
  const [first, second, third] = sets.map((set) => total.of(set));
  expect(total.of({ a: '2', b: '1' })).toBe(first);
  expect(total.of({ b: '2', a: '1' })).toBe(second);
  expect(new Set([first, second, third]).size).toBe(3);
});

test('a missing label is an error that names it', () => {
  const total = countIn(new Registry(), counter('x_total', 'x', labelNames, []));
  expect(() => total.of({ b: '1' })).toThrow(TypeError('x_total has no series without the label a'));
});

test.each([Number.NaN, Number.POSITIVE_INFINITY])('%s is refused, and nothing is counted', async (bad) => {
  const registry = new Registry();
  const plain = observeIn(registry, histogram('x_seconds', 'x', edges)).of({});
  expect(() => plain.observe(bad)).toThrow(RangeError(`${bad} is not a finite number`));
  const text = await registry.text();
  expect(text).toContain('\nx_seconds_sum 0\n');
  expect(text).toContain('\nx_seconds_count 0\n');
});
