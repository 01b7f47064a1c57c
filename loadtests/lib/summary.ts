/** Writes k6's whole summary to the file that SLA_SUMMARY names, or to the screen if it is not set. */
export function handleSummary(data: unknown): Record<string, string> {
  return { [__ENV.SLA_SUMMARY ?? 'stdout']: `${JSON.stringify(data, null, 2)}\n` };
}
