import { HarnessError } from '../cli/errors.ts';
import type { Candidate } from './candidates.ts';
import { median } from './figures.ts';
import { type Outcome, RawClient } from './raw-client.ts';
import { distributeKinds, type RequestKind, soakKinds } from './soak-requests.ts';

/** The results for one kind of request. */
export interface KindCount {
  readonly name: string;
  sent: number;
  /** Requests with a response that this kind permits. */
  asMeant: number;
  /** The first responses that were not permitted. */
  readonly wrong: string[];
  wrongCount: number;
}

export interface Memory {
  readonly atSeconds: number;
  readonly heapBytes: number;
  readonly residentBytes: number;
}

export interface SoakReport {
  readonly seconds: number;
  readonly kinds: readonly KindCount[];
  readonly workersLost: number;
  /** Medians of each tenth of the time. */
  readonly tenths: readonly Memory[];
  /** The median of the last tenth relative to that of the second; 1 means no growth. */
  readonly heapGrowth: number;
  readonly residentGrowth: number;
  readonly passed: boolean;
}

const clients = 12;
const scrapeEveryMs = 1000;
const maxGrowth = 1.05;
const patienceMs = 30_000;
const maxExamples = 5;

/** Sends a mixed load in closed loop, with invalid input and workers that die, and counts responses that are not permitted. */
export async function soak(
  server: Candidate,
  texts: readonly string[],
  seconds: number,
  signal: AbortSignal,
): Promise<SoakReport> {
  using client = new RawClient(server.url);
  const kinds = soakKinds(texts);
  const counts = new Map(kinds.map((kind) => [kind, newCount(kind)]));
  const next = distributeKinds(kinds);
  const endMs = performance.now() + seconds * 1000;
  const memory: Memory[] = [];
  const watching = watch(server, seconds, memory, signal);
  let sequence = 0;
  const loop = async () => {
    while (performance.now() < endMs && !signal.aborted) {
      const kind = next();
      const outcome = await sendOne(client, kind, sequence++);
      count(counts.get(kind)!, kind, outcome);
    }
  };
  await Promise.all(Array.from({ length: clients }, loop));
  const workersLost = await watching;
  signal.throwIfAborted();
  return toReport(seconds, [...counts.values()], workersLost, memory);
}

const newCount = ({ name }: RequestKind): KindCount => ({
  name,
  sent: 0,
  asMeant: 0,
  wrong: [],
  wrongCount: 0,
});

type Sent = { readonly outcome: Outcome | 'left' | 'hung'; readonly body: string };

function sendOne(client: RawClient, kind: RequestKind, sequence: number): Promise<Sent> {
  const bytes = kind.bytes[sequence % kind.bytes.length]!;
  return new Promise((resolve) => {
    if (kind.leavesAfterMs !== undefined) {
      client.sendAndLeave(bytes, kind.leavesAfterMs);
      setTimeout(resolve, kind.leavesAfterMs, { outcome: 'left', body: '' });
      return;
    }
    const timer = setTimeout(resolve, patienceMs, { outcome: 'hung', body: '' });
    client.send(bytes, (outcome, body) => {
      clearTimeout(timer);
      resolve({ outcome, body });
    });
  });
}

function count(counted: KindCount, kind: RequestKind, { outcome, body }: Sent): void {
  counted.sent += 1;
  const isCutOff = outcome === 'lost' && kind.mayBeCutOff === true;
  if (outcome === 'left' || isCutOff || (typeof outcome === 'number' && kind.statuses.includes(outcome))) {
    counted.asMeant += 1;
    return;
  }
  counted.wrongCount += 1;
  if (counted.wrong.length < maxExamples) counted.wrong.push(`${outcome} ${body.slice(0, 200)}`);
}

/** Reads the service's own memory metrics every second; returns how many workers the service lost. */
async function watch(
  server: Candidate,
  seconds: number,
  memory: Memory[],
  signal: AbortSignal,
): Promise<number> {
  const startMs = performance.now();
  let workersLost = 0;
  while (performance.now() - startMs < seconds * 1000 && !signal.aborted) {
    const text = await readMetrics(server);
    const read = (name: string) => Number(new RegExp(`^${name} (.+)$`, 'm').exec(text)?.[1]);
    memory.push({
      atSeconds: (performance.now() - startMs) / 1000,
      heapBytes: read('nodejs_heap_size_used_bytes'),
      residentBytes: read('process_resident_memory_bytes'),
    });
    workersLost = read('sentiment_workers_lost_total');
    await new Promise((resolve) => setTimeout(resolve, scrapeEveryMs));
  }
  return workersLost;
}

async function readMetrics({ url, tail }: Candidate): Promise<string> {
  try {
    return await (await fetch(`${url}/metrics`)).text();
  } catch (cause) {
    throw new HarnessError('soak-died', `the service no longer responds. Its last log lines:\n${tail()}`, {
      nextStep: 'this is a bug in the service: no request may stop it',
      cause,
    });
  }
}

function toReport(
  seconds: number,
  kinds: readonly KindCount[],
  workersLost: number,
  memory: readonly Memory[],
): SoakReport {
  const tenths = Array.from({ length: 10 }, (_, tenth) => {
    const within = memory.filter(
      ({ atSeconds }) => Math.min(9, Math.floor((10 * atSeconds) / seconds)) === tenth,
    );
    return {
      atSeconds: ((tenth + 0.5) * seconds) / 10,
      heapBytes: median(within.map(({ heapBytes }) => heapBytes)),
      residentBytes: median(within.map(({ residentBytes }) => residentBytes)),
    };
  });
  const growth = (part: 'heapBytes' | 'residentBytes') => tenths[9]![part] / tenths[1]![part];
  const [heapGrowth, residentGrowth] = [growth('heapBytes'), growth('residentBytes')];
  const isClean = kinds.every(({ wrongCount }) => wrongCount === 0);
  const passed = isClean && heapGrowth <= maxGrowth && residentGrowth <= maxGrowth;
  return { seconds, kinds, workersLost, tenths, heapGrowth, residentGrowth, passed };
}

const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1);

/** The soak as Markdown. */
export function renderSoak(report: SoakReport): string {
  const requests = report.kinds.map(
    ({ name, sent, asMeant, wrongCount }) => `| ${name} | ${sent} | ${asMeant} | ${wrongCount} |\n`,
  );
  const memory = report.tenths.map(
    ({ atSeconds, heapBytes, residentBytes }) =>
      `| ${atSeconds.toFixed(0)} | ${mebibytes(heapBytes)} | ${mebibytes(residentBytes)} |\n`,
  );
  const wrong = report.kinds.flatMap(({ name, wrong }) => wrong.map((each) => `${name}: ${each}\n`));
  return [
    `| request | sent | as required | not |\n| --- | ---: | ---: | ---: |\n${requests.join('')}`,
    `| at second | heap MiB | resident MiB |\n| ---: | ---: | ---: |\n${memory.join('')}`,
    `${report.workersLost} workers died or hung and were replaced; growth from the second to the last tenth of the time: heap ${percent(report.heapGrowth)}, resident memory ${percent(report.residentGrowth)}: ${report.passed ? 'passed' : 'failed'}\n`,
    ...wrong,
  ].join('\n');
}

const percent = (ratio: number) => `${(100 * (ratio - 1)).toFixed(1)}%`;
