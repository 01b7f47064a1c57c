/** Set by `./sla test` without `--full`: what takes long, and repeats other tests in more variants, is left out. */
export const SKIPS_LONG = process.env.SLA_SKIP_LONG === '1';
