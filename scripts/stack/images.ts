/**
 * All container images in use, by tag. The first pull resolves a tag to a digest, which is stored with the run and in
 * `images.lock.json` next to this file. To update a tool, change its version here and in scripts/tools/specs.ts.
 */
export const IMAGES = {
  /** The base image of the Dockerfile. */
  base: 'node:24-bookworm-slim',
  k6: 'grafana/k6:2.2.0',
  prometheus: 'prom/prometheus:v3.16.0',
  alertmanager: 'prom/alertmanager:v0.28.1',
  grafana: 'grafana/grafana:12.0.0',
  jaeger: 'jaegertracing/jaeger:2.6.0',
  loki: 'grafana/loki:3.5.0',
  promtail: 'grafana/promtail:3.5.0',
  victoriaMetrics: 'victoriametrics/victoria-metrics:v1.136.23',
} as const;

/** Images that are always built here and never pulled. */
export const BUILT = {
  service: 'sla-harness/service',
  /** The official image is in another registry, so the image is built here from the pinned program. */
  toxiproxy: 'sla-harness/toxiproxy',
} as const;

export type PulledImage = keyof typeof IMAGES;
export type BuiltImage = keyof typeof BUILT;
