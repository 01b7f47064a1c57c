import { open } from 'node:fs/promises';
import type { Load, PlannedObjective } from '../slas/model.ts';
import { formatCount, formatValue } from '../slas/numbers.ts';
import { parseLine, REQUEST_METRIC, type RecordedRequest } from './k6-requests.ts';

/**
 * How a load is going, from what k6 writes down while it runs. Only for people who wait: nothing here is judged, and a file that
 * cannot be read is no reason to stop.
 */
export interface Live {
  /** Reads what came since, and says how it goes; the lines are as many every time. */
  look(elapsedSeconds: number): Promise<LiveLook>;
}

export interface LiveLook {
  /** For a terminal, to stay in place. */
  readonly lines: readonly string[];
  /** The same in one line. */
  readonly line: string;
}

interface Listener {
  readonly objectives: readonly PlannedObjective[];
  readonly progress: (line: string) => void;
  readonly show?: (lines: readonly string[]) => void;
}

const EVERY_MS = { onTerminal: 1_000, inLog: 10_000 };

interface Target {
  readonly id: string;
  readonly path: string | null;
  readonly percentile: number;
  readonly text: string;
}

/** Tells until it is disposed of: each second on a terminal, else a line every ten. */
export function tellHowItGoes(
  csvFiles: readonly string[],
  load: Load,
  startedSeconds: number,
  { objectives, progress, show }: Listener,
): Disposable {
  const live = watchLoad(csvFiles, objectives, load);
  let isOver = false;
  const tell = async () => {
    const elapsed = Math.round(Date.now() / 1000 - startedSeconds);
    const look = await live.look(Math.min(load.scheduledSeconds, elapsed));
    if (isOver) return;
    if (show === undefined) progress(look.line);
    else show(look.lines);
  };
  const ticker = setInterval(() => void tell(), show === undefined ? EVERY_MS.inLog : EVERY_MS.onTerminal);
  return {
    [Symbol.dispose]: () => {
      isOver = true;
      clearInterval(ticker);
      show?.([]);
    },
  };
}

export function watchLoad(
  csvFiles: readonly string[],
  objectives: readonly PlannedObjective[],
  load: Load,
): Live {
  const targets = targetsOf(objectives);
  const tails = csvFiles.map((file) => new Tail(file));
  const seen = new Seen();
  return {
    look: async (elapsedSeconds) => {
      for (const tail of tails) await tail.read((request) => seen.add(request)).catch(() => {});
      return told(seen, targets, load, elapsedSeconds);
    },
  };
}

/** Latencies of the whole run that the client's clock is asked for, too. */
const targetsOf = (objectives: readonly PlannedObjective[]): readonly Target[] =>
  objectives.flatMap(({ id, measure, target, phase }) =>
    measure.kind === 'latency' && phase === undefined
      ? [{ id, path: measure.clientPath, percentile: measure.percentile, text: target.text }]
      : [],
  );

// ---------------------------------------------------------------------------------------------- what was seen

/** Bins that are 2 % wide: near enough to look at, and as small after a day as after a minute. */
const GROWTH = Math.log(1.02);
const binOf = (ms: number) => Math.max(0, Math.ceil(Math.log(Math.max(ms, 0.1) / 0.1) / GROWTH));
const upperMs = (bin: number) => 0.1 * Math.exp(bin * GROWTH);

class Seen {
  sent = 0;
  bad = 0;
  readonly #bins = new Map<string, number[]>();

  #firstMs = Number.POSITIVE_INFINITY;
  #lastMs = 0;

  add({ path, durationMs, status, endMs }: RecordedRequest): void {
    this.sent++;
    this.#firstMs = Math.min(this.#firstMs, endMs);
    this.#lastMs = Math.max(this.#lastMs, endMs);
    if (!status.startsWith('2')) this.bad++;
    const bins = this.#bins.get(path) ?? [];
    const bin = binOf(durationMs);
    bins[bin] = (bins[bin] ?? 0) + 1;
    this.#bins.set(path, bins);
  }

  /** By the requests' own times: k6 takes a moment to begin, and to write down. */
  ratePerSecond(elapsedSeconds: number): number {
    const seconds = (this.#lastMs - this.#firstMs) / 1000;
    return this.sent / Math.max(1, seconds >= 1 ? seconds : elapsedSeconds);
  }

  /** Seconds; null where nothing was seen. */
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

// ---------------------------------------------------------------------------------------------- k6's file, as it grows

const MOST_AT_ONCE = 16 * 2 ** 20;

class Tail {
  readonly #file: string;
  #offset = 0;
  #rest = '';
  #columns: readonly string[] | null = null;

  constructor(file: string) {
    this.#file = file;
  }

  /** Hands on each request that was written since. */
  async read(found: (request: RecordedRequest) => void): Promise<void> {
    await using file = await open(this.#file);
    const { size } = await file.stat();
    const length = Math.min(MOST_AT_ONCE, size - this.#offset);
    if (length <= 0) return;
    const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, this.#offset);
    this.#offset += bytesRead;
    const lines = (this.#rest + buffer.toString('latin1', 0, bytesRead)).split('\n');
    this.#rest = lines.pop()!;
    for (const line of lines) {
      if (this.#columns === null) this.#columns = line.split(',');
      else if (line.startsWith(`${REQUEST_METRIC},`))
        for (const request of parseLine(line, this.#columns)) found(request);
    }
  }
}

// ---------------------------------------------------------------------------------------------- in words

const BAR_WIDTH = 30;

function told(seen: Seen, targets: readonly Target[], load: Load, elapsedSeconds: number): LiveLook {
  const { scheduledSeconds, plannedRequests } = load;
  const done = Math.min(1, elapsedSeconds / scheduledSeconds);
  const filled = Math.round(done * BAR_WIDTH);
  const left = `${Math.max(0, scheduledSeconds - elapsedSeconds)} s left`;
  const requests = `${formatCount(seen.sent)} of ${formatCount(plannedRequests)} requests`;
  const rate = `${seen.ratePerSecond(elapsedSeconds).toFixed(1)}/s`;
  const bad = seen.bad === 0 ? 'none bad' : `${formatCount(seen.bad)} bad`;
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
      `  ${'sent'.padEnd(width)}  ${requests}, ${rate}, ${bad}`,
      ...latencies.map(({ id, value, text }) => `  ${id.padEnd(width)}  ${value} so far, target ${text}`),
    ],
    line: [
      `loading: ${elapsedSeconds} of ${scheduledSeconds} s`,
      requests,
      rate,
      bad,
      ...latencies.slice(0, 1).map(({ id, value, text }) => `${id} ${value} so far (target ${text})`),
      left,
    ].join(', '),
  };
}
