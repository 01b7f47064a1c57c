import type { Load, PlannedObjective } from '../../slas/model/model.ts';
import { countOf, formatCount, formatValue } from '../../slas/render/numbers.ts';
import type { SeenRequest } from './record/recorder.ts';

/** Shows the progress of a load, using the requests that k6 records during the run. Nothing here affects the verdict. */
export interface Live {
  see(request: SeenRequest): void;
  /** The progress so far; always the same number of lines. */
  tell(elapsedSeconds: number): LiveLook;
}

export interface LiveLook {
  /** The progress as lines at a fixed position, for a terminal. */
  readonly lines: readonly string[];
  /** The same progress as a single line. */
  readonly line: string;
}

interface Listener {
  readonly objectives: readonly PlannedObjective[];
  readonly progress: (line: string) => void;
  readonly show?: (lines: readonly string[]) => void;
}

/** How often a line is printed if there is no terminal. A terminal is updated after each read. */
const LOG_EVERY_MS = 10_000;

interface Target {
  readonly id: string;
  readonly path: string | null;
  readonly percentile: number;
  readonly text: string;
}

export interface ProgressReporter extends Disposable {
  see(request: SeenRequest): void;
  /** Called after each look, about once a second. */
  looked(): void;
}

/** Reports progress until it is disposed of: every second on a terminal, otherwise one line every ten seconds. */
export function reportProgress(
  load: Load,
  startedSeconds: number,
  { objectives, progress, show }: Listener,
): ProgressReporter {
  const live = watchLoad(objectives, load);
  let lastReportMs = startedSeconds * 1000;
  const looked = () => {
    const nowMs = Date.now();
    // Timers may fire slightly early or late.
    if (show === undefined && nowMs - lastReportMs < LOG_EVERY_MS - 100) return;
    lastReportMs = nowMs;
    const elapsed = Math.round(nowMs / 1000 - startedSeconds);
    const { line, lines } = live.tell(Math.min(load.scheduledSeconds, elapsed));
    if (show === undefined) progress(line);
    else show(lines);
  };
  return { see: live.see, looked, [Symbol.dispose]: () => show?.([]) };
}

export function watchLoad(objectives: readonly PlannedObjective[], load: Load): Live {
  const targets = targetsOf(objectives);
  const seen = new Seen();
  return {
    see: (request) => seen.add(request),
    tell: (elapsedSeconds) => progressLines(seen, targets, load, elapsedSeconds),
  };
}

/** Only latency objectives that cover the whole run are shown. */
const targetsOf = (objectives: readonly PlannedObjective[]): readonly Target[] =>
  objectives.flatMap(({ id, measure, target, phase }) =>
    measure.kind === 'latency' && phase === undefined
      ? [{ id, path: measure.clientPath, percentile: measure.percentile, text: target.text }]
      : [],
  );

// ---------------------------------------------------------------------------------------------- measured requests

/**
 * Counts latencies in bins that are 2% wide. This is accurate enough for display, and memory does not grow with the
 * duration.
 */
const GROWTH = Math.log(1.02);
const binOf = (ms: number) => Math.max(0, Math.ceil(Math.log(Math.max(ms, 0.1) / 0.1) / GROWTH));
const upperMs = (bin: number) => 0.1 * Math.exp(bin * GROWTH);

class Seen {
  sent = 0;
  failed = 0;
  readonly #bins = new Map<string, number[]>();

  #firstMs = Number.POSITIVE_INFINITY;
  #lastMs = 0;

  add({ path, durationMs, status, endMs }: SeenRequest): void {
    this.sent++;
    this.#firstMs = Math.min(this.#firstMs, endMs);
    this.#lastMs = Math.max(this.#lastMs, endMs);
    if (status < 200 || status > 299) this.failed++;
    const bins = this.#bins.get(path) ?? [];
    const bin = binOf(durationMs);
    bins[bin] = (bins[bin] ?? 0) + 1;
    this.#bins.set(path, bins);
  }

  /** Uses the times of the requests, because k6 starts and records with a delay. */
  ratePerSecond(elapsedSeconds: number): number {
    const seconds = (this.#lastMs - this.#firstMs) / 1000;
    return this.sent / Math.max(1, seconds >= 1 ? seconds : elapsedSeconds);
  }

  /** Seconds; null if there were no requests. */
  percentile(path: string | null, percentile: number): number | null {
    const all = path === null ? [...this.#bins.values()] : [this.#bins.get(path) ?? []];
    const longest = Math.max(0, ...all.map(({ length }) => length));
    const counts = Array.from({ length: longest }, (_, bin) =>
      all.reduce((sum, bins) => sum + (bins[bin] ?? 0), 0),
    );
    let left = (counts.reduce((sum, count) => sum + count, 0) * percentile) / 100;
    if (left === 0) return null;
    for (const [bin, count] of counts.entries()) {
      left -= count;
      if (left <= 0) return upperMs(bin) / 1000;
    }
    return upperMs(longest) / 1000;
  }
}

// ---------------------------------------------------------------------------------------------- text

const BAR_WIDTH = 30;

function progressLines(seen: Seen, targets: readonly Target[], load: Load, elapsedSeconds: number): LiveLook {
  const { scheduledSeconds, plannedRequests } = load;
  const done = Math.min(1, elapsedSeconds / scheduledSeconds);
  const filled = Math.round(done * BAR_WIDTH);
  const left = `${Math.max(0, scheduledSeconds - elapsedSeconds)} s left`;
  // The plan of a script gives the number of iterations, but not the number of requests in each.
  const requests =
    load.k6 === undefined
      ? `${formatCount(seen.sent)} of ${countOf(plannedRequests, 'request')}`
      : countOf(seen.sent, 'request');
  const rate = `${seen.ratePerSecond(elapsedSeconds).toFixed(1)}/s`;
  const failed = seen.failed === 0 ? 'none failed' : `${formatCount(seen.failed)} failed`;
  const latencies = targets.map(({ id, path, percentile, text }) => {
    const value = seen.percentile(path, percentile);
    return {
      id,
      text,
      value: value === null ? '–' : `≈ ${formatValue(Number(value.toPrecision(2)), 'seconds')}`,
    };
  });
  const width = Math.max(8, ...targets.map(({ id }) => id.length));
  return {
    lines: [
      `  ${'loading'.padEnd(width)}  ${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}  ${elapsedSeconds} of ${scheduledSeconds} s, ${left}`,
      `  ${'sent'.padEnd(width)}  ${requests}, ${rate}, ${failed}`,
      ...latencies.map(({ id, value, text }) => `  ${id.padEnd(width)}  ${value} so far, target ${text}`),
    ],
    line: [
      `loading: ${elapsedSeconds} of ${scheduledSeconds} s`,
      requests,
      rate,
      failed,
      ...latencies.slice(0, 1).map(({ id, value, text }) => `${id} ${value} so far (target ${text})`),
      left,
    ].join(', '),
  };
}
