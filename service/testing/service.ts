/** What the tests of the service share: the real service, in this process or in its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { FastifyInstance } from 'fastify';
import { buildApp } from '../app.ts';
import type { Classifier, WorkReport } from '../classifier/classifier.ts';
import { locateModel } from '../classifier/model-files.ts';
import { WorkerPool } from '../classifier/worker-pool.ts';
import { type Config, type Environment, readConfig } from '../config.ts';

export function configOf(env: Environment): Config {
  const config = readConfig({ LOG_LEVEL: 'silent', ...env });
  if (Array.isArray(config)) throw new Error(JSON.stringify(config));
  return config;
}

/** Starts one worker with the embedded model, and resolves when the worker is ready. */
export async function startClassifier(): Promise<WorkerPool> {
  const settings = await locateModel({ kind: 'embedded' });
  const pool = new WorkerPool({ settings, workers: 1, queueLimit: 512 });
  await pool.start();
  return pool;
}

export function appOf(classifier: Classifier & WorkReport, env: Environment = {}): FastifyInstance {
  return buildApp(configOf(env), classifier);
}

export interface ListeningService extends AsyncDisposable {
  readonly app: FastifyInstance;
}

/** The service with the embedded model, in this process, on a free port of this machine. */
export async function startListening(): Promise<ListeningService> {
  const classifier = await startClassifier();
  const app = appOf(classifier);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const stop = async () => {
    await app.close();
    await classifier[Symbol.asyncDispose]();
  };
  return { app, [Symbol.asyncDispose]: stop };
}

/** A POST of a JSON value, or of a string unchanged, sent at once: what `inject` returns is sent only when awaited. */
export async function post(
  app: FastifyInstance,
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
) {
  const payload = typeof body === 'string' ? body : JSON.stringify(body);
  return await app.inject({
    method: 'POST',
    url,
    payload,
    headers: { 'content-type': 'application/json', ...headers },
  });
}

/** Maps each series of a metrics page, as written, to its value. */
export async function readSeries(app: FastifyInstance): Promise<Map<string, number>> {
  return parseSeries((await app.inject('/metrics')).body);
}

export function parseSeries(exposition: string): Map<string, number> {
  const lines = exposition.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string };

/** The service as its own process; disposing of it kills it if it is still running. */
export class ServiceProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly logLines: LogLine[] = [];
  readonly #exited: Promise<unknown[]>;
  #listeners: (() => void)[] = [];
  stderr = '';

  constructor(env: Environment) {
    const script = join(import.meta.dirname, '..', 'server.ts');
    // The settings of the person who runs the tests must not reach the service under test.
    const { PATH, HOME } = process.env;
    this.child = spawn(process.execPath, [script], { env: { PATH, HOME, PORT: '0', ...env } });
    this.#exited = once(this.child, 'close');
    this.child.stderr!.on('data', (chunk) => {
      this.stderr += chunk;
    });
    createInterface({ input: this.child.stdout! }).on('line', (line) => {
      this.logLines.push(JSON.parse(line));
      for (const listener of this.#listeners.splice(0)) listener();
    });
    this.child.on('close', () => {
      for (const listener of this.#listeners.splice(0)) listener();
    });
  }

  /** Waits for the first log line with this message; fails if the process ends without it. */
  async logged(msg: string): Promise<LogLine> {
    for (;;) {
      const found = this.logLines.find((line) => line.msg === msg);
      if (found !== undefined) return found;
      if (this.child.exitCode !== null) throw new Error(`the service ended before "${msg}": ${this.stderr}`);
      await new Promise<void>((resolve) => this.#listeners.push(resolve));
    }
  }

  async exitCode(): Promise<number | null> {
    await this.#exited;
    return this.child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL');
    await this.#exited;
  }
}

/** Repeats the check immediately until it succeeds; the test's own time limit applies. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setImmediate(resolve));
}
