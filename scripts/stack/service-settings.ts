/**
 * The service's settings that may be passed into a container: those that do not name a file or address of this machine. A local
 * service gets the whole environment.
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

/** The settings passed on from an environment, and faults if requested. */
export function serviceSettings(
  env: Readonly<Record<string, string | undefined>>,
  faults: string | undefined,
): Readonly<Record<string, string>> {
  const set = SERVICE_SETTINGS.flatMap((name) => (env[name] ? [[name, env[name]]] : []));
  // In production the service refuses faults unless explicitly allowed; here they are wanted.
  const broken = faults === undefined ? {} : { SLA_FAULTS: faults, SLA_FAULTS_ALLOW: '1' };
  return { ...Object.fromEntries(set), ...broken };
}
