import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf, type Exit, onAbort, type Running } from '../process/processes.ts';
import type { Injector, Process, Row } from './row.ts';
import { keepFull } from './small-disk.ts';
import type { Stage } from './stage.ts';

/** A run in progress, as the fault injector sees it. */
export interface Subject {
  /** The process of the gate, or of k6 alone. */
  readonly running: Running;
  readonly stage: Stage | null;
  /** The service's own address once it is under load; null before. */
  readonly loadedUrl: () => Promise<string | null>;
  readonly pidOf: (name: Process) => number | undefined;
  readonly disk: string | null;
}

const POLL_MS = 50;
const TOO_EARLY = 'the run ended before the fault was injected';

/** Runs the gate to its end while the fault is injected. Throws if injecting failed, or if the signal aborts. */
export async function injectFault(row: Row, subject: Subject, signal: AbortSignal): Promise<Exit> {
  using kept = new DisposableStack();
  const ended = new AbortController();
  const injector = controlsOf(subject, AbortSignal.any([signal, ended.signal]), kept);
  const meddling = Promise.resolve(row.inject?.(injector));
  const { promise: aborted, reject: abort } = Promise.withResolvers<never>();
  const forget = onAbort(signal, () => abort(signal.reason));
  try {
    const exited = subject.running.exited;
    // A fault that cannot be injected ends the run immediately; otherwise the run continues.
    const exit = await Promise.race([exited, meddling.then(() => exited), aborted]);
    ended.abort(new Error(TOO_EARLY));
    await meddling;
    return exit;
  } finally {
    ended.abort(new Error(TOO_EARLY));
    forget();
    await meddling.catch(() => {});
  }
}

function controlsOf(subject: Subject, signal: AbortSignal, kept: DisposableStack): Injector {
  const { stage, disk } = subject;
  let serviceUrl = stage?.serviceUrl ?? null;
  return {
    stage,
    serviceUrl: () => stage?.serviceUrl ?? serviceUrl!,
    afterRequests: async (count) => {
      const loaded = await poll(subject.loadedUrl, signal);
      serviceUrl = loaded;
      const before = await poll(() => requestsAt(loaded), signal);
      await poll(async () => {
        const now = await requestsAt(loaded);
        return now !== null && now - before >= count ? now : null;
      }, signal);
    },
    pause: (ms) => sleep(ms, undefined, { signal }).catch(() => {}),
    signal: (name, what) => {
      const pid = subject.pidOf(name);
      if (pid === undefined) throw new Error(`there is no ${name} to send ${what} to`);
      process.kill(pid, what);
    },
    // k6 alone writes no evidence.
    fillDisk: () => void (disk === null || kept.use(keepFull(disk))),
  };
}

async function poll<T>(look: () => Promise<T | null>, signal: AbortSignal): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    await sleep(POLL_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

/** The number of predictions that a service has returned so far; null if it does not report it. */
async function requestsAt(serviceUrl: string): Promise<number | null> {
  try {
    const response = await fetch(`${serviceUrl}/metrics`, { signal: AbortSignal.timeout(2_000) });
    const lines = (await response.text()).matchAll(/^http_requests_total\{(.*)\} (\d+)$/gm);
    return [...lines]
      .filter(([, labels]) => labels!.includes('handler="/predict"'))
      .reduce((sum, [, , value]) => sum + Number(value), 0);
  } catch {
    return null;
  }
}

const COMMAND_LINES: Readonly<Record<Process, string>> = {
  service: 'service/server.ts',
  Prometheus: '--config.file',
  k6: 'loadtests/',
};

/** The processes of a gate, which either the gate or its stage started. */
export const pidUnder = (gate: Running, stage: Stage | null) => (name: Process) =>
  stage !== null && name !== 'k6' ? stage.pidOf(name) : childrenOf(gate.pid, COMMAND_LINES[name])[0];
