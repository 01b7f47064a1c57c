import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

/** A real Prometheus over stored samples. It is stopped and its folder removed when disposed of. */
export interface PrometheusServer extends AsyncDisposable {
  readonly url: string;
}

const START_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 10_000;

/**
 * Path of a tool that `./sla test` found. Throws with instructions for running these tests if there is none.
 */
export function toolPath(variable: 'PROMETHEUS_BIN' | 'PROMTOOL_BIN' | 'ALERTMANAGER_BIN'): string {
  const path = process.env[variable];
  if (path) return path;
  throw new Error(`${variable} is not set: run these tests by ./sla test, which finds the tool and sets it`);
}

interface StoredOptions {
  readonly prometheus?: string;
  readonly promtool?: string;
  /** The maximum duration of a block. Many weeks in blocks of two hours would take minutes to write. */
  readonly blocks?: string;
}

/** A Prometheus over samples in OpenMetrics text. */
export async function startPrometheus(
  openMetricsText: string,
  { prometheus, promtool, blocks = '2h' }: StoredOptions = {},
): Promise<PrometheusServer> {
  return await startPrometheusWith(
    (folder) => makeBlocks(promtool ?? toolPath('PROMTOOL_BIN'), folder, openMetricsText, blocks),
    prometheus === undefined ? {} : { prometheus },
  );
}

/** A Prometheus over a copy of a data folder, such as the snapshot of a run. */
export async function startPrometheusOn(dataFolder: string): Promise<PrometheusServer> {
  return await startPrometheusWith((folder) => cp(dataFolder, join(folder, 'data'), { recursive: true }));
}

interface ServerOptions {
  /** The program, if it is not the one that `./sla test` found. */
  readonly prometheus?: string;
  readonly args?: readonly string[];
  readonly scheme?: 'http' | 'https';
  /** The prefix of every path, for example `/prometheus`. */
  readonly prefix?: string;
}

/** A Prometheus over blocks that `fill` creates in `folder/data`. */
export async function startPrometheusWith(
  fill: (folder: string) => Promise<void>,
  { prometheus = toolPath('PROMETHEUS_BIN'), args = [], scheme = 'http', prefix = '' }: ServerOptions = {},
): Promise<PrometheusServer> {
  const folder = await mkdtemp(join(tmpdir(), 'sla-prometheus-'));
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.defer(() => rm(folder, { recursive: true, force: true }));
  await fill(folder);
  await writeFile(join(folder, 'prometheus.yml'), 'scrape_configs: []\n');
  const child = spawn(
    prometheus,
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      // Without this option, Prometheus would delete the samples, which are years old.
      '--storage.tsdb.retention.time=100y',
      '--web.listen-address=127.0.0.1:0',
      ...args,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  cleanUp.defer(() => stop(child));
  const address = await listening(child);
  const running = cleanUp.move();
  return { url: `${scheme}://${address}${prefix}`, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

async function makeBlocks(promtool: string, folder: string, text: string, blocks: string): Promise<void> {
  const file = join(folder, 'samples.txt');
  await writeFile(file, `${text}# EOF\n`);
  const how = ['tsdb', 'create-blocks-from', `--max-block-duration=${blocks}`, 'openmetrics', '--quiet'];
  const from = [...how, file, join(folder, 'data')];
  await promisify(execFile)(promtool, from, { timeout: START_WITHIN_MS });
}

/** Resolves to the server's host and port once it is ready. Rejects with its last log lines if it exits first, or takes too long. */
async function listening(child: ChildProcess): Promise<string> {
  const last: string[] = [];
  const lines = createInterface({ input: child.stderr! });
  const timer = setTimeout(() => child.kill('SIGKILL'), START_WITHIN_MS);
  let address: string | undefined;
  let isReady = false;
  try {
    for await (const line of lines) {
      last.push(line);
      address ??= /msg="Listening on".*address=(127\.0\.0\.1:\d+)/.exec(line)?.[1];
      // On a busy machine, these two lines may arrive in either order.
      isReady ||= line.includes('Server is ready');
      if (address !== undefined && isReady) return address;
    }
  } finally {
    clearTimeout(timer);
    child.stderr!.resume();
  }
  throw new Error(`Prometheus did not start:\n${last.slice(-10).join('\n')}`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await ended;
  clearTimeout(timer);
}
