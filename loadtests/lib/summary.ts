/**
 * Writes k6's whole summary to the file that SLA_SUMMARY names, or to the screen if it is not set. No script needs this,
 * because the harness has k6 write its summary anyway (`--summary-export`). Scripts that export it keep k6's own text summary
 * out of the log.
 */
export function handleSummary(data: unknown): Record<string, string> {
  return { [__ENV.SLA_SUMMARY ?? 'stdout']: `${JSON.stringify(data, null, 2)}\n` };
}
