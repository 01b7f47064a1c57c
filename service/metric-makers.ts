import { Counter, Gauge, Registry as LibraryRegistry } from 'prom-client';
import { Count, Distribution, Family } from './counting.ts';
import type { CounterDefinition, GaugeDefinition, HistogramDefinition } from './metric-names.ts';

/**
 * Our own metrics, which each request updates, and those of prom-client: process metrics, and metrics computed at a
 * scrape.
 */
export class Registry extends LibraryRegistry {
  readonly counted: Family<Count | Distribution>[] = [];

  /** Everything in Prometheus's text format. */
  async text(): Promise<string> {
    const families = this.counted.map((family) => family.text());
    return `${families.join('\n\n')}\n\n${await this.metrics()}`;
  }
}

/** Every label set of a definition starts at 0. */

export function countIn(
  registry: Registry,
  definition: CounterDefinition | GaugeDefinition,
): Pick<Family<Count>, 'of'> {
  const family = new Family(definition, (head) => new Count(head));
  registry.counted.push(family);
  return family;
}

export function observeIn(
  registry: Registry,
  definition: HistogramDefinition,
): Pick<Family<Distribution>, 'of'> {
  const family = new Family(definition, (head) => new Distribution(head, definition.buckets));
  registry.counted.push(family);
  return family;
}

/** A counter of prom-client; `collect` runs before each scrape. */
export function makeCounter(registry: Registry, definition: CounterDefinition, collect = () => {}): Counter {
  const { name, help, labelNames, labelSets } = definition;
  const counter = new Counter({ name, help, labelNames, registers: [registry], collect });
  for (const labels of labelSets) counter.inc(labels, 0);
  return counter;
}

/** A gauge of prom-client; `collect` runs before each scrape. */
export function makeGauge(registry: Registry, definition: GaugeDefinition, collect = () => {}): Gauge {
  const { name, help, labelNames, labelSets } = definition;
  const gauge = new Gauge({ name, help, labelNames, registers: [registry], collect });
  for (const labels of labelSets) gauge.set(labels, 0);
  return gauge;
}
