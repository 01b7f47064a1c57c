import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { writeText } from './text-format.ts';

const buckets = [0.5, 1, 2.5, 10];

/** Of every kind: labels in several orders, what must be escaped, buckets that are empty, beyond the last edge, and of whole numbers. */
function filledRegistry(): Registry {
  const registry = new Registry();
  const registers = [registry];
  const help = 'A \\ and\na "line".';
  const plain = new Histogram({ name: 'plain', help, buckets, registers });
  for (const value of [0.1, 0.5, 0.7, 3, 11, -1]) plain.observe(value);
  const labelled = new Histogram({ name: 'labelled', help, buckets, registers, labelNames: ['b', 'a'] });
  labelled.zero({ b: 'none', a: 'yet' });
  labelled.observe({ b: '1', a: '"quoted" \\ and\nbroken' }, 1);
  labelled.observe({ a: 2, b: 1 }, 1e-9);
  const collected = new Histogram({
    name: 'collected',
    help,
    registers,
    buckets,
    collect() {
      this.reset();
      this.observe(2);
    },
  });
  collected.observe(1);
  new Counter({ name: 'counted_total', help, registers, labelNames: ['a'] }).inc({ a: 'x' }, 3);
  new Gauge({ name: 'level', help, registers, collect: () => {} }).set(-0.25);
  new Gauge({ name: 'none', help, registers, labelNames: ['a'] });
  return registry;
}

test('the text is what prom-client would write, again and again', async () => {
  const registry = filledRegistry();
  const expected = await registry.metrics();
  expect(expected).toContain('labelled_bucket{le="+Inf",b="1",a="\\"quoted\\" \\\\ and\\nbroken"} 1\n');
  expect([await writeText(registry), await writeText(registry)]).toEqual([expected, expected]);
  (registry.getSingleMetric('plain') as Histogram).observe(0.9);
  const later = await writeText(registry);
  expect(later).not.toBe(expected);
  expect(later).toBe(await registry.metrics());
});

test('series that come, go and come again are written as they are', async () => {
  const registry = new Registry();
  const histogram = new Histogram({
    name: 'h',
    help: 'x',
    registers: [registry],
    labelNames: ['a'],
    buckets,
  });
  const both = async () => [await writeText(registry), await registry.metrics()];
  for (const change of [
    () => histogram.observe({ a: 'one' }, 1),
    () => histogram.reset(),
    () => histogram.observe({ a: 'two' }, 99),
    () => histogram.zero({ a: 'one' }),
    () => histogram.remove({ a: 'two' }),
  ]) {
    change();
    const [ours, theirs] = await both();
    expect(ours).toBe(theirs);
  }
});
