/**
 * Every image that is used, by tag. At the first pull each is resolved to a digest, which is kept in `images.lock.json`
 * beside this file and stored with each run. Change a tool's version here and in scripts/tools/specs.ts together.
 */
export const IMAGES = {
  /** What the Dockerfile builds on. */
  base: 'node:24-bookworm-slim',
  k6: 'grafana/k6:2.2.0',
  prometheus: 'prom/prometheus:v3.16.0',
  alertmanager: 'prom/alertmanager:v0.28.1',
  grafana: 'grafana/grafana:12.0.0',
  jaeger: 'jaegertracing/jaeger:2.6.0',
  loki: 'grafana/loki:3.5.0',
  promtail: 'grafana/promtail:3.5.0',
} as const;

/** What is built here, never pulled. */
export const BUILT = {
  service: 'sla-harness/service',
  /** Its own image is in a registry of its own; the pinned program makes the same. */
  toxiproxy: 'sla-harness/toxiproxy',
} as const;

export type PulledImage = keyof typeof IMAGES;
export type BuiltImage = keyof typeof BUILT;
