import { latencyBucketsSeconds, metrics } from './metric-names.ts';

/** The trace of one request that fell into a bucket. */
export interface Exemplar {
  readonly traceId: string;
  /** Seconds that the request took. */
  readonly value: number;
  readonly atSeconds: number;
}

/**
 * Exemplars by their bucket's series as written. Each bucket keeps only its last exemplar, so there are never more
 * exemplars than series.
 */
export type Exemplars = ReadonlyMap<string, Exemplar>;

interface Labels {
  readonly method: string;
  readonly handler: string;
  readonly status: number;
}

/** The series of a written line: everything before its value. */
export const exemplarKey = (line: string): string => line.slice(0, line.lastIndexOf(' '));

/** Stores a request as the exemplar of its bucket in the latency histogram. */
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
