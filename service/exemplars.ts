import { latencyBucketsSeconds, metrics } from './metric-names.ts';

/** One request that fell into a bucket, by its trace. */
export interface Exemplar {
  readonly traceId: string;
  /** Seconds that it took. */
  readonly value: number;
  readonly atSeconds: number;
}

/** By the bucket's series as it is written; the last one of each bucket is kept, so there are no more than there are series. */
export type Exemplars = ReadonlyMap<string, Exemplar>;

interface Labels {
  readonly method: string;
  readonly handler: string;
  readonly status: number;
}

/** The series of a written line: what stands before its value. */
export const exemplarKey = (line: string): string => line.slice(0, line.lastIndexOf(' '));

/** Keeps a request as the exemplar of its bucket of the latency histogram. */
export function keepExemplar(
  exemplars: Map<string, Exemplar>,
  labels: Labels,
  seconds: number,
  traceId: string,
): void {
  const edge = latencyBucketsSeconds.find((upTo) => seconds <= upTo);
  const { method, handler, status } = labels;
  const written = `le="${edge ?? '+Inf'}",method="${method}",handler="${handler}",status="${status}"`;
  const exemplar = { traceId, value: seconds, atSeconds: Date.now() / 1000 };
  exemplars.set(`${metrics.httpDuration.name}_bucket{${written}}`, exemplar);
}
