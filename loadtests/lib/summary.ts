/**
 * k6's whole summary, in the file that SLA_SUMMARY names; on the screen where there is none. No script needs it: the harness has k6
 * write its summary anyway (`--summary-export`). Scripts that export it keep k6's own text out of the log.
 */
export function handleSummary(data: unknown): Record<string, string> {
  return { [__ENV.SLA_SUMMARY ?? 'stdout']: `${JSON.stringify(data, null, 2)}\n` };
}
