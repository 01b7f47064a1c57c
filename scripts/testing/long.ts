/** Set by `./sla test` without `--full`: leaves out tests that take long and repeat other tests in more variants. */
export const SKIPS_LONG = process.env.SLA_SKIP_LONG === '1';
