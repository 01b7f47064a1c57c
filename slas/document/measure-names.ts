/** What an objective can measure: exactly one of these fields is in each objective of a document. */
export const MEASURES = ['latency', 'ratio', 'throughput', 'uptime', 'peak', 'mean', 'recovery'] as const;
export type MeasureName = (typeof MEASURES)[number];
