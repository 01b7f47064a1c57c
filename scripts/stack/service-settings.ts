/**
 * The settings of the service that may be passed into a container. Settings that name a file or an address of this machine
 * are excluded. A local service gets the whole environment.
 */
export const SERVICE_SETTINGS = [
  'BATCH_TEXTS',
  'BATCH_WAIT_MS',
  'CACHE_TEXTS',
  'DRAIN_DEADLINE_MS',
  'DRIFT_WINDOW',
  'EXPECTED_POSITIVE_RATIO',
  'EXPLAIN_MAX_WORDS',
  'FEEDBACK_WINDOW',
  'INFERENCE_LIMIT_MS',
  'LONE_TEXT_THREADS',
  'MAX_BATCH_TEXTS',
  'MAX_TEXT_CHARS',
  'QUEUE_LIMIT',
  'RATE_LIMIT_PER_MINUTE',
  'RECEIVE_LIMIT_MS',
  'REQUEST_DEADLINE_MS',
  'SERVICE_WORKERS',
  'TRACE_PROBES',
  'VALUE_PER_PREDICTION',
] as const;

/** The service settings from an environment, and the faults if there are any. */
export function serviceSettings(
  env: Readonly<Record<string, string | undefined>>,
  faults: string | undefined,
): Readonly<Record<string, string>> {
  const set = SERVICE_SETTINGS.flatMap((name) => (env[name] ? [[name, env[name]]] : []));
  // In production, the service refuses faults unless they are allowed explicitly. This stack injects them on purpose.
  const broken = faults === undefined ? {} : { SLA_FAULTS: faults, SLA_FAULTS_ALLOW: '1' };
  return { ...Object.fromEntries(set), ...broken };
}
