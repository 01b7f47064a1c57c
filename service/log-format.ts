import type { LogLevel } from './config.ts';

/**
 * Log lines that Loki, promtail and people can read without configuration: `level` as a word, `time` in RFC 3339. Options for
 * Fastify's logger (pino).
 */
export function jsonLogs(level: LogLevel) {
  return {
    level,
    // Collectors add the process id and the host name to the stream themselves.
    base: null,
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: () => `,"time":"${rfc3339(Date.now())}"`,
  };
}

let formattedMs = 0;
let formatted = '';

/** Under load several lines fall into one millisecond, so each time is formatted once. */
function rfc3339(nowMs: number): string {
  if (nowMs !== formattedMs) {
    formattedMs = nowMs;
    formatted = new Date(nowMs).toISOString();
  }
  return formatted;
}
