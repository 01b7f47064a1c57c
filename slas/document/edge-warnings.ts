import type { Limit, Objective, Problem, Selection, SlaDocument } from '../model/model.ts';
import { adviseEdge, librariesOf } from './edge-advice.ts';
import { type EdgesAround, edgesOf, isEdge, isNative, listedEdges } from './edges.ts';
import { problem } from './problems.ts';
import { toSeconds } from './units.ts';

/**
 * Warnings about limits that are not bucket edges. Such a limit is judged by the edges on both sides, which may leave the objective
 * undecided.
 */
export function edgeWarnings({ objectives, service }: SlaDocument): readonly Problem[] {
  return objectives.flatMap(({ measure, target, alert }: Objective, index) => {
    if (measure.kind !== 'latency' || measure.histogram === null) return [];
    if (isNative(service, measure.histogram)) return [];
    const { histogram } = measure;
    const at = (field: string, limit: Limit) =>
      warningsAt(`objectives[${index}].${field}`, limit, histogram, service);
    return [...at('target', target), ...(alert === undefined ? [] : at('alert', alert))];
  });
}

type Service = SlaDocument['service'];

function warningsAt(path: string, limit: Limit, histogram: Selection, service: Service): readonly Problem[] {
  const around = edgesOf(limit, histogram, service);
  const { metric } = histogram;
  if (around === null)
    return [
      problem(
        'edges-unlisted',
        path,
        `service.buckets does not list the edges of ${metric}: alerting rules and dashboards assume that "${limit.text}" is one of them. List them; or name it in service.nativeHistograms if Prometheus stores it as a native histogram`,
      ),
    ];
  if (isEdge(around)) return [];
  const lines = adviceFor(limit, histogram, service).map((line) => `\n    ${line}`);
  return [
    problem(
      'not-an-edge',
      path,
      `"${limit.text}" is not a bucket edge of ${metric}: ${consequence(around, histogram)}. To add the edge, and list it under service.buckets:${lines.join('')}`,
    ),
  ];
}

function consequence({ below, above }: EdgesAround, { valuesIn }: Selection): string {
  const seconds = (edge: number) => `${toSeconds(edge, valuesIn)} s`;
  if (below === null)
    return `it lies below the lowest edge (${seconds(above!)}), so service-side it can never be met`;
  if (above === null)
    return `it lies above the highest edge (${seconds(below)}), so service-side it can never be missed`;
  return `it lies between ${seconds(below)} and ${seconds(above)}, and is undecided if the target is missed at ${seconds(below)} but met at ${seconds(above)}. Alerts count responses over ${seconds(below)}`;
}

/** One line for each library that the histogram may come from. */
function adviceFor(
  limit: Limit,
  { metric, where, valuesIn }: Selection,
  service: Service,
): readonly string[] {
  const edges = listedEdges(service, metric)!;
  return librariesOf(metric, edges, Object.keys(where)).map((library) => {
    const line = adviseEdge({
      library,
      histogram: metric,
      edges,
      limitSeconds: limit.value,
      ...(valuesIn === undefined ? {} : { unit: valuesIn }),
    });
    return library === 'unknown' ? line : `${library}: ${line}`;
  });
}
