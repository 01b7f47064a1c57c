import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { metrics } from '../../service/metric-names.ts';
import { parseDocument } from '../../slas/document/document.ts';
import type { Measure, Selection } from '../../slas/model/model.ts';
import { unwrap } from '../../slas/model/result.ts';
import { SHIPPED_DOCUMENT } from '../cli/inputs.ts';
import { ROOT } from '../testing/sla.ts';

/**
 * The service has no knowledge of the gate, and the document does not import the service. This test keeps the two consistent.
 */

const document = unwrap(parseDocument(readFileSync(join(ROOT, SHIPPED_DOCUMENT), 'utf8')));
const known = new Map(Object.values(metrics).map((metric) => [metric.name as string, metric]));

function selectionsOf(measure: Measure): readonly Selection[] {
  switch (measure.kind) {
    case 'latency':
      return measure.histogram === null ? [] : [measure.histogram];
    case 'mean':
      return [measure.histogram];
    case 'ratio':
      return [measure.bad, measure.total];
    case 'success':
      return [measure.good, measure.total];
    case 'throughput':
      return [measure.counter];
    case 'uptime':
    case 'peak':
      return [measure.gauge];
    case 'recovery':
      return [];
    default:
      return measure satisfies never;
  }
}

const selections = [
  ...document.objectives.flatMap(({ measure }) => selectionsOf(measure)),
  document.service.requests!,
  ...document.scenarios.flatMap(({ requests }) => requests ?? []),
];

describe('the shipped document and the service', () => {
  test.each(selections)('the service exports $metric with $where from the start', ({ metric, where }) => {
    const defined = known.get(metric);
    expect(defined).toBeDefined();
    const fits = (labels: Readonly<Record<string, unknown>>) =>
      Object.entries(where).every(([label, match]) =>
        typeof match === 'string'
          ? labels[label] === match
          : new RegExp(`^(?:${match.matches})$`).test(String(labels[label])),
      );
    expect(defined!.labelSets.some(fits)).toBe(true);
  });

  test.each(Object.entries(document.service.buckets))(
    '%s has the edges that the document lists',
    (name, edges) => {
      expect((known.get(name) as { buckets?: readonly number[] }).buckets).toEqual(edges);
    },
  );

  test('the total of the error rate excludes client errors (4xx), and nothing else', () => {
    const measure = document.objectives.find(({ id }) => id === 'error-rate')!.measure as Measure & {
      kind: 'ratio';
    };
    const total = new RegExp(`^(?:${(measure.total.where.status as { matches: string }).matches})$`);
    const bad = new RegExp(`^(?:${(measure.bad.where.status as { matches: string }).matches})$`);
    const all = ['200', '204', '301', '400', '404', '413', '415', '429', '499', '500', '503', '504'];
    expect(all.filter((status) => !total.test(status))).toEqual(['400', '404', '413', '415']);
    expect(all.filter((status) => bad.test(status))).toEqual(['301', '429', '499', '500', '503', '504']);
  });
});
