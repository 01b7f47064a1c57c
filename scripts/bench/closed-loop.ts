import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import autocannon from 'autocannon';
import type { Io } from '../cli/io.ts';
import { onAbort } from '../process/processes.ts';
import type { ClosedLoop, ClosedLoopOptions } from './closed-loop-figures.ts';
import { percentile } from './figures.ts';
import { runWrk } from './wrk.ts';

export type Generator = (options: ClosedLoopOptions) => Promise<ClosedLoop>;

/** wrk uses much less CPU on the machine that it shares with the server; autocannon is always available. */
export function chooseGenerator(folder: string, io: Io): { readonly name: string; readonly run: Generator } {
  const wrk = (io.env.PATH ?? '')
    .split(':')
    .map((place) => join(place, 'wrk'))
    .find(isProgram);
  if (wrk === undefined) return { name: 'autocannon', run: (options) => runAutocannon(options, io.signal) };
  return { name: 'wrk', run: (options) => runWrk(wrk, options, folder, io) };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function runAutocannon(
  { url, texts, clients, seconds }: ClosedLoopOptions,
  signal: AbortSignal,
): Promise<ClosedLoop> {
  const requests = texts.map((text) => ({
    method: 'POST' as const,
    path: '/predict',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text }),
  }));
  const { promise, resolve, reject } = Promise.withResolvers<autocannon.Result>();
  const options = { url, connections: clients, duration: seconds, requests, timeout: 30 };
  const instance = autocannon(options, (error, result) => (error ? reject(error) : resolve(result)));
  // autocannon's own histogram counts in whole milliseconds, which is too coarse for a single client.
  const durationsMs: number[] = [];
  instance.on('response', (_client, status, _bytes, durationMs) => {
    if (status >= 200 && status < 300) durationsMs.push(durationMs);
  });
  const forget = onAbort(signal, () => instance.stop());
  const result = await promise.finally(forget);
  signal.throwIfAborted();
  return {
    answeredPerSecond: durationsMs.length / result.duration,
    answered: durationsMs.length,
    bad: result.non2xx + result.errors + result.timeouts,
    p50Ms: percentile(durationsMs, 50),
    p99Ms: percentile(durationsMs, 99),
  };
}
