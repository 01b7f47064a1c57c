import { EDGES } from './known-service.ts';

/** The limit of the document: 5% of the responses may take longer. */
export const LIMIT_MS = 250;
export const BUDGET = 0.05;

export interface KnownLoad {
  readonly ratePerSecond: number;
  readonly maxSeconds: number;
  readonly atLeastSeconds: number;
  readonly arrivals?: 'even' | 'poisson';
  readonly seed?: number;
}

/** A document for the known service: a p95, and optionally an error rate, judged until it is decided. */
export const knownDocument = (
  { ratePerSecond, maxSeconds, atLeastSeconds, arrivals = 'even', seed = 1 }: KnownLoad,
  withErrors = false,
): string => `apiVersion: sla-harness/v1
kind: SLA
name: known
confidence: 0.95
service:
  selector: { job: known }
  requests: { counter: http_requests_total }
  buckets:
    http_request_duration_seconds: [${EDGES.join(', ')}]
objectives:
  - id: latency-p95
    latency:
      histogram: http_request_duration_seconds
      where: { status: { matches: "2.." } }
      percentile: 95
      client: /predict
    target: "< ${LIMIT_MS}ms"
${withErrors ? ERRORS : ''}scenarios:
  selftest:
    rate: ${ratePerSecond}/s
    arrivals: ${arrivals}
    until: decided
    maxDuration: ${maxSeconds}s
    atLeast: ${atLeastSeconds}s
    seed: ${seed}
    requestTimeout: 2s
defaultScenario: selftest
`;

const ERRORS = `  - id: error-rate
    ratio:
      bad: { counter: http_requests_total, where: { status: { matches: "5.." } }, absent: zero }
      total: { counter: http_requests_total }
      lost: bad
    target: "< 5%"
`;

/** The load script that sends one request to /predict, and accepts any body that reports no error. */
export const KNOWN_SCRIPT = { SLA_SELFTEST_SCRIPT: 'as-new' };
