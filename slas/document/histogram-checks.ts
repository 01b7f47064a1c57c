import type { Problem } from '../model/model.ts';
import { readPercentile } from './limits.ts';
import { checkHistogram } from './metrics.ts';
import { checkDecimals, problem } from './problems.ts';
import type { RawDocument, RawObjective } from './schema.ts';
import { checkSelection } from './selection-checks.ts';

/** Checks of histograms, their bucket edges, and the latencies that they measure. */

/** A native histogram has no separate series for its sum and its count. */
export function checkMeanOfNative(
  histogram: string,
  path: string,
  { service: { nativeHistograms: names = [] } }: RawDocument,
): Problem[] {
  if (!names.includes(histogram)) return [];
  return [
    problem(
      'native-mean',
      path,
      `"${histogram}" is a native histogram, whose mean cannot be judged: use a latency objective with a percentile, or let Prometheus also store the classic series`,
    ),
  ];
}

/** A native histogram has no fixed edges that a document could list. */
export function checkNatives({
  nativeHistograms: names = [],
  buckets = {},
}: RawDocument['service']): Problem[] {
  return names.flatMap((name, index) =>
    Object.hasOwn(buckets, name)
      ? [
          problem(
            'bad-buckets',
            `service.nativeHistograms[${index}]`,
            `"${name}" is also listed in service.buckets: list its edges if its buckets are classic, or name it here if Prometheus stores it as a native histogram`,
          ),
        ]
      : [],
  );
}

export function checkBuckets(name: string, edges: readonly number[]): Problem[] {
  const at = edges.findIndex((edge, index) => edge <= edges[index - 1]!);
  if (at === -1) return [];
  return [
    problem(
      'bad-buckets',
      `service.buckets.${name}[${at}]`,
      `bucket edges must be in ascending order: ${edges[at]} comes after ${edges[at - 1]}`,
    ),
  ];
}

export function checkPercentile(written: number | string, path: string): Problem[] {
  const percentile = readPercentile(written);
  if (percentile !== null) return checkDecimals(percentile, path);
  const message = `"${written}" is not a valid percentile (over 0 to under 100): write it as 95 or 95%`;
  return [problem('bad-percentile', path, message)];
}

/** Service-side latency needs a histogram, and client-side latency needs the path of the requests. */
export function checkClocks(raw: RawObjective, path: string, document: RawDocument): Problem[] {
  const { histogram, where, unit, client } = raw.latency!;
  if (histogram !== undefined)
    return [
      ...checkSelection(histogram, where, path, 'histogram', document),
      ...checkHistogram(histogram, path, raw.unusual === true),
    ];
  if (client === undefined)
    return [
      problem(
        'no-clock',
        path,
        `${path} must have a histogram of the service, or a client (the path, or k6 name, of requests to judge client-side), or both`,
      ),
    ];
  return Object.entries({ where, unit }).flatMap(([field, given]) =>
    given === undefined
      ? []
      : [
          problem(
            'no-histogram',
            `${path}.${field}`,
            `${field} describes a histogram, and ${path} has none: name the histogram, or leave ${field} out`,
          ),
        ],
  );
}
