import { stringify } from 'yaml';
import { edgesOf, isEdge, isNative, watchedEdge } from '../../../slas/document/edges.ts';
import { toSeconds } from '../../../slas/document/units.ts';
import { isRatio } from '../../../slas/model/kinds.ts';
import type { Objective, SlaDocument } from '../../../slas/model/model.ts';
import { fail, ok, type Result } from '../../../slas/model/result.ts';
import { edgeMatcher, select, selected, selector, textOf } from '../../../slas/prometheus/promql.ts';
import { formatValue } from '../../../slas/render/numbers.ts';

/** Exports the objectives of a document as OpenSLO v1, and lists what OpenSLO cannot express. */

export interface ExportedSlos {
  readonly text: string;
  readonly exported: number;
  readonly left: readonly string[];
}

/** @param window the rolling time window that OpenSLO requires, for example `28d` */
export function exportOpenSlo(document: SlaDocument, window: string): ExportedSlos {
  const service = nameOf(document.name);
  const made = document.objectives.map((objective) => ({
    objective,
    indicator: indicatorOf(objective, document),
  }));
  const objects = made.flatMap(({ objective, indicator }) =>
    indicator.ok ? [sloOf(objective, indicator.value, service, window)] : [],
  );
  const left = made.flatMap(({ objective, indicator }) => [
    ...(indicator.ok ? [] : [`${objective.id}: ${indicator.error}`]),
    ...(indicator.ok ? edgeOf(objective, document).map((what) => `${objective.id}: ${what}`) : []),
    ...lostOf(objective, indicator.ok).map((what) => `${objective.id}: ${what}`),
  ]);
  const further = [
    ...(document.scenarios.length > 0 ? ['scenarios'] : []),
    ...(document.confidence === null ? [] : ['confidence']),
    ...(document.checks === undefined ? [] : ['checks']),
    ...(document.service.requests === undefined ? [] : ['service.requests']),
  ].map((what) => `${what}: OpenSLO has no such field`);
  const all = [
    {
      apiVersion: 'openslo/v1',
      kind: 'Service',
      metadata: { name: service, displayName: document.name },
      spec: { description: document.description },
    },
    ...objects,
  ];
  return {
    text: all.map((one) => stringify(one, { lineWidth: 0 })).join('---\n'),
    exported: objects.length,
    left: [...left, ...further],
  };
}

const nameOf = (text: string) =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 63) || 'service';

interface Ratio {
  readonly metric: object;
  /** The share of good events, from 0 to 1. */
  readonly target: number;
}

const source = (query: string) => ({ metricSource: { type: 'Prometheus', spec: { query } } });
const sumOf = (vector: string) => `sum(${vector})`;

function indicatorOf({ measure, target }: Objective, document: SlaDocument): Result<Ratio, string> {
  const service = document.service.selector;
  switch (measure.kind) {
    case 'latency': {
      const { histogram, percentile } = measure;
      if (histogram === null) return fail('it is judged client-side only, and no query can express that');
      if (isNative(document.service, histogram))
        return fail('a native histogram has no series that counts the requests within a limit');
      const { metric, where } = selected(service, histogram, '_bucket');
      const le = edgeMatcher(watchedEdge(target, histogram, document.service));
      return ok({
        metric: {
          counter: true,
          good: source(sumOf(selector(metric, { ...where, le }))),
          total: source(sumOf(select(service, histogram, '_count'))),
        },
        target: percentile / 100,
      });
    }
    case 'ratio': {
      const bad = sumOf(textOf(selected(service, measure.bad)));
      return ok({
        metric: {
          counter: true,
          bad: source(measure.bad.absent === 'zero' ? `${bad} or vector(0)` : bad),
          total: source(sumOf(textOf(selected(service, measure.total)))),
        },
        target: 1 - target.value,
      });
    }
    case 'success':
      return ok({
        metric: {
          counter: true,
          good: source(sumOf(textOf(selected(service, measure.good)))),
          total: source(sumOf(textOf(selected(service, measure.total)))),
        },
        target: target.value,
      });
    case 'uptime': {
      const gauge = textOf(selected(service, measure.gauge));
      return ok({
        metric: { counter: false, good: source(`sum(${gauge} == bool 1)`), total: source(`count(${gauge})`) },
        target: target.value,
      });
    }
    case 'throughput':
      return fail('OpenSLO counts shares of events; a rate depends on the load');
    case 'mean':
    case 'peak':
      return fail(`OpenSLO counts shares of events, and a ${measure.kind} is not one`);
    case 'recovery':
      return fail('OpenSLO has no phases to recover from');
    default:
      return measure satisfies never;
  }
}

/**
 * A query can count requests only up to a bucket edge. For a limit between two edges, the lower edge is used, which is
 * stricter.
 */
function edgeOf({ measure, target }: Objective, { service }: SlaDocument): readonly string[] {
  if (measure.kind !== 'latency' || measure.histogram === null) return [];
  const around = edgesOf(target, measure.histogram, service);
  if (around === null || isEdge(around)) return [];
  const { valuesIn } = measure.histogram;
  const edge = formatValue(toSeconds((around.below ?? around.above)!, valuesIn), 'seconds');
  return [
    around.below === null
      ? `"${target.text}" becomes ${edge}, the lowest bucket edge, which is less strict`
      : `"${target.text}" becomes ${edge}, the bucket edge below it, which is stricter`,
  ];
}

/** The properties of an exported objective that OpenSLO cannot express. */
function lostOf(
  { measure, target, alert, advisory, waiver }: Objective,
  isExported: boolean,
): readonly string[] {
  if (!isExported) return [];
  return [
    ...(measure.kind === 'latency' && measure.client !== undefined ? ['client-side latency (client)'] : []),
    ...(isRatio(measure) && measure.lost !== undefined ? ['unanswered requests (lost: bad)'] : []),
    ...(measure.kind === 'ratio' && target.comparison === '<' ? [`"${target.text}" becomes "at most"`] : []),
    ...((measure.kind === 'uptime' || measure.kind === 'success') && target.comparison === '>'
      ? [`"${target.text}" becomes "at least"`]
      : []),
    ...(alert === undefined ? [] : ['its alert threshold; ./sla rules writes alerting rules']),
    ...(advisory === undefined ? [] : ['that it is advisory']),
    ...(waiver === undefined ? [] : ['its waiver']),
  ];
}

function sloOf({ id, title }: Objective, { metric, target }: Ratio, service: string, window: string) {
  return {
    apiVersion: 'openslo/v1',
    kind: 'SLO',
    metadata: { name: id, displayName: title },
    spec: {
      service,
      indicator: { metadata: { name: `${id}-sli` }, spec: { ratioMetric: metric } },
      timeWindow: [{ duration: window, isRolling: true }],
      budgetingMethod: 'Occurrences',
      objectives: [{ displayName: title, target: Number(target.toPrecision(12)) }],
    },
  };
}
