import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { CounterDefinition, GaugeDefinition, HistogramDefinition } from './metric-names.ts';

/** Metrics of prom-client from their definitions, every label set at 0 from the start. `collect` runs before each scrape. */

export function makeCounter(registry: Registry, definition: CounterDefinition, collect = () => {}): Counter {
  const { name, help, labelNames, labelSets } = definition;
  const counter = new Counter({ name, help, labelNames, registers: [registry], collect });
  for (const labels of labelSets) counter.inc(labels, 0);
  return counter;
}

export function makeGauge(registry: Registry, definition: GaugeDefinition, collect = () => {}): Gauge {
  const { name, help, labelNames, labelSets } = definition;
  const gauge = new Gauge({ name, help, labelNames, registers: [registry], collect });
  for (const labels of labelSets) gauge.set(labels, 0);
  return gauge;
}

export function makeHistogram(registry: Registry, definition: HistogramDefinition): Histogram {
  const { name, help, labelNames, labelSets, buckets } = definition;
  const histogram = new Histogram({ name, help, labelNames, registers: [registry], buckets: [...buckets] });
  for (const labels of labelSets) histogram.zero(labels);
  return histogram;
}
