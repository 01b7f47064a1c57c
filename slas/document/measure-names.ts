/** What an objective can measure: each objective of a document has exactly one of these fields. */
export const MEASURES = ['latency', 'ratio', 'throughput', 'uptime', 'peak', 'mean', 'recovery'] as const;
export type MeasureName = (typeof MEASURES)[number];
