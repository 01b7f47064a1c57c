import { parseDocument } from '../document/document.ts';
import type { Plan, RunRecord } from '../model/model.ts';
import { planWindow } from '../plan/plan.ts';
import { SHIPPED_YAML } from './cases.ts';
import { spread } from './openmetrics.ts';
import { type Judged, judged, START } from './worlds.ts';

/** Windows of services whose every request is known. The verdict must be the same, whichever server with Prometheus's API stores them. */

const shapes = [1, 5, 15].flatMap((everySeconds) =>
  [1, 3].map((replicas) => ({
    everySeconds,
    replicas,
    name: `${replicas} replicas, every ${everySeconds} s`,
  })),
);
export const healthy = shapes.map((shape) =>
  judged(`healthy-${shape.everySeconds}-${shape.replicas}`, shape),
);
/**
 * 90 s at 20 requests/s per replica: 1,800 requests, of which 90 are exactly 5% and 18 exactly 1%. The window
 * begins and ends with a scrape, so that no count can lie outside it.
 */
const hair = { durationSeconds: 90, isWindowAtScrapes: true };
const slow = (seconds: number, status = '200') => ({ seconds, status });
export const worlds = {
  'p95-met': judged('p95-met', { ...hair, bad: 90, badly: slow(0.21) }),
  'p95-missed': judged('p95-missed', { ...hair, bad: 91, badly: slow(0.21) }),
  'p95-met-3': judged('p95-met-3', { ...hair, replicas: 3, everySeconds: 1, bad: 90, badly: slow(0.21) }),
  'p95-missed-3': judged('p95-missed-3', {
    ...hair,
    replicas: 3,
    everySeconds: 15,
    durationSeconds: 180,
    bad: 181,
    badly: slow(0.21),
  }),
  'p99-met': judged('p99-met', { ...hair, bad: 18, badly: slow(0.6) }),
  'p99-missed': judged('p99-missed', { ...hair, bad: 19, badly: slow(0.6) }),
  'errors-met': judged('errors-met', { ...hair, bad: 17, badly: slow(0.01, '500') }),
  'errors-missed': judged('errors-missed', { ...hair, bad: 18, badly: slow(0.01, '503') }),
  'clients-own': judged('clients-own', { ...hair, bad: 300, badly: slow(0.01, '400') }),
  'no-requests': judged('no-requests', { rate: 0 }),
  'no-5xx-series': judged('no-5xx-series', { statuses: ['200', '400'] }),
  'first-error': judged('first-error', {
    ...hair,
    bad: 18,
    badly: slow(0.01, '500'),
    stored: ({ labels, value }) => (labels.status === '500' && value === 0 ? null : value),
  }),
  'traffic-before': judged('traffic-before', {
    before: [
      ...spread(500, START - 50, START + 19, 250, slow(2)),
      ...spread(300, START - 50, START + 19, 300, slow(1, '500')),
    ],
  }),
  restart: judged('restart', { replicas: 2, restartSeconds: START + 60 }),
  'quiet-restart': judged('quiet-restart', {
    // The counters keep their values, so only the start time reveals the new process.
    stored: ({ name, atSeconds, value }) =>
      name === 'process_start_time_seconds' && atSeconds > START + 60 ? START + 59 : value,
  }),
  'gap-inside': judged('gap-inside', {
    replicas: 2,
    stored: ({ labels, atSeconds, value }) =>
      labels.instance === '10.0.0.1:8000' && atSeconds > START + 40 && atSeconds < START + 60 ? null : value,
  }),
  'gap-at-end': judged('gap-at-end', {
    stored: ({ atSeconds, value }) => (atSeconds > START + 80 ? null : value),
  }),
  'scrape-late': judged('scrape-late', {
    // The first scrape at or after the last response is missing; later scrapes exist.
    stored: ({ atSeconds, value }) => (atSeconds === START + 115 ? null : value),
  }),
  'nan-inside': judged('nan-inside', {
    replicas: 2,
    stored: ({ name, labels, atSeconds, value }) =>
      name.endsWith('_confidence_sum') &&
      labels.instance === '10.0.0.2:8000' &&
      Math.abs(atSeconds - START - 62.5) < 1
        ? Number.NaN
        : value,
  }),
  'edge-missing': judged('edge-missing', {
    replicas: 3,
    stored: ({ labels, atSeconds, value }) =>
      labels.instance === '10.0.0.2:8000' && atSeconds > START + 15 && atSeconds < START + 18 ? null : value,
  }),
  'opening-missed': judged('opening-missed', {
    // The scrape before the missing one is less than one and a half intervals from the first request.
    stored: ({ atSeconds, value }) => (atSeconds === START + 20 ? null : value),
  }),
  'series-edge-missing': judged('series-edge-missing', {
    stored: ({ labels, atSeconds, value }) =>
      labels.le === '0.2' && atSeconds === START + 20 ? null : value,
  }),
  'no-bucket': judged('no-bucket', {
    replicas: 2,
    stored: ({ labels, value }) =>
      labels.le === '0.2' && labels.instance === '10.0.0.1:8000' ? null : value,
  }),
  failing: judged('failing', {
    stored: ({ name, atSeconds, value }) => (atSeconds === START + 60 ? (name === 'up' ? 0 : null) : value),
  }),
} satisfies Record<string, Judged>;

/**
 * Of three replicas, the second starts mid-window and the third ends; or all are replaced, one after the
 * other.
 */
const coming = { beganSeconds: START + 51.7 };
const going = { endedSeconds: START + 82.9 };
const processes = { replicas: 3, processes: [{}, coming, going] };
export const elastic = {
  'comes-and-goes': judged('comes-and-goes', processes),
  'all-replaced': judged('all-replaced', {
    replicas: 4,
    processes: [going, { endedSeconds: START + 70.2 }, coming, { beganSeconds: START + 60.1 }],
  }),
  'restarts-in-place': judged('restarts-in-place', { replicas: 2, restartSeconds: START + 61.3 }),
  'long-enough': judged('long-enough', { ...processes, durationSeconds: 900 }),
  // 70 slow responses are spread out, and each replica has 60 more from 78.5 s on. No scrape sees those of
  // the third replica, which was last scraped at 78.3 s.
  'slow-at-the-end': judged('slow-at-the-end', {
    ...processes,
    before: [
      ...spread(35, START + 22, START + 50, 35, slow(0.21)),
      ...spread(60, START + 78.5, START + 82.8, 60, slow(0.21)),
    ],
  }),
} satisfies Record<string, Judged>;

export const ALL_WORLDS: readonly Judged[] = [
  ...healthy,
  ...Object.values(worlds),
  ...Object.values(elastic),
];

export function planOf(job: string, replicas = 'stable'): Plan {
  const parsed = parseDocument(
    SHIPPED_YAML.replace(
      'selector: { job: sentiment-api }',
      `selector: { job: ${job} }\n  replicas: ${replicas}`,
    ),
  );
  if (!parsed.ok) throw new Error(parsed.error[0]!.message);
  return planWindow(parsed.value);
}

export const runOf = ({ window }: Pick<Judged, 'window'>): RunRecord => ({
  schema: 'sla-harness/run/v1',
  id: 'window',
  window,
  load: null,
  incidents: [],
});
