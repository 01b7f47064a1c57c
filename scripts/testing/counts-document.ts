/** An SLA of what the sentiment service counts, without latencies: its speed depends on this machine. */
export const countsDocument = (job: string): string => `
apiVersion: sla-harness/v1
kind: SLA
name: counts
service:
  selector: { job: ${job} }
  requests: { counter: http_requests_total, where: { handler: /predict } }
objectives:
  - id: error-rate
    ratio:
      bad: { counter: http_requests_total, where: { handler: /predict, status: { matches: "5.." } }, absent: zero }
      total: { counter: http_requests_total, where: { handler: /predict } }
    target: "< 5%"
`;

/** The same SLA, with an objective that the model is loaded. */
export const countsAndUptimeDocument = (job: string): string => `${countsDocument(job)}\
  - id: model-uptime
    uptime: { gauge: sentiment_model_loaded }
    target: ">= 99.9%"
`;
