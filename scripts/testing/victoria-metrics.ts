import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Running, start, waitFor } from '../process/processes.ts';
import { temporaryFolder } from '../run/disk.ts';
import { isOk, START_PATIENCE_MS } from '../stack/listening.ts';
import { findTool } from '../tools/find-tool.ts';

/** The time limit for building VictoriaMetrics on a machine that has none. */
export const BUILD_MS = 25 * 60_000;

/** A real VictoriaMetrics. It is stopped and its folder removed when disposed of. */
export interface VictoriaMetrics extends AsyncDisposable {
  readonly url: string;
  readonly process: Running;
}

/** Starts VictoriaMetrics on a free port with an empty storage; `args` are added to its command line. */
export async function startVictoriaMetrics(args: readonly string[] = []): Promise<VictoriaMetrics> {
  const progress = (line: string) => void process.stderr.write(`${line}\n`);
  const { path } = await findTool('victoria-metrics', { env: process.env, progress });
  await using owned = new AsyncDisposableStack();
  const { path: folder } = owned.use(await temporaryFolder());
  const logFile = join(folder, 'victoria-metrics.log');
  const own = [`-storageDataPath=${join(folder, 'data')}`, '-httpListenAddr=127.0.0.1:0'];
  const running = owned.use(
    await start('VictoriaMetrics', path, [...own, ...args], { cwd: folder, env: process.env, logFile }),
  );
  const { signal } = new AbortController();
  const url = await waitFor(running, 'starting to listen', START_PATIENCE_MS, signal, async () => {
    const line = /started server at (http:\/\/[\d.:]+)/.exec(await readFile(logFile, 'utf8'));
    return line === null ? null : line[1]!;
  });
  await waitFor(running, 'getting ready', START_PATIENCE_MS, signal, () => isOk(`${url}/health`));
  const moved = owned.move();
  return { url, process: running, [Symbol.asyncDispose]: () => moved.disposeAsync() };
}

/** Stores samples, one per line: `name{labels} value milliseconds`. */
export async function importInto({ url }: VictoriaMetrics, lines: string): Promise<void> {
  const { status } = await fetch(`${url}/api/v1/import/prometheus`, { method: 'POST', body: lines });
  if (status !== 204) throw new Error(`VictoriaMetrics did not store the samples: status ${status}`);
}
