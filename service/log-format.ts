import type { LogLevel } from './config.ts';

/**
 * Log lines as Loki, promtail and people read them without being told how: `level` in words, `time` by RFC 3339.
 * Options of Fastify's logger (pino).
 */
export function jsonLogs(level: LogLevel) {
  return {
    level,
    // The process's id and the host's name come with the stream that a collector reads.
    base: null,
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: () => `,"time":"${rfc3339(Date.now())}"`,
  };
}

let formattedMs = 0;
let formatted = '';

/** Under load several lines fall into one millisecond: each is formatted once. */
function rfc3339(nowMs: number): string {
  if (nowMs !== formattedMs) {
    formattedMs = nowMs;
    formatted = new Date(nowMs).toISOString();
  }
  return formatted;
}
