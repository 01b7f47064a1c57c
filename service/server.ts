/** The service as a process: environment, listening, signals. Only this module ends the process. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { buildApp } from './app.ts';
import { locateModel } from './classifier/model-files.ts';
import { WorkerPool } from './classifier/worker-pool.ts';
import { type Config, type ModelChoice, readConfig } from './config.ts';
import { LogOutput } from './log-output.ts';
import type { Problem } from './problem.ts';
import { loadTokens, type Tokens } from './tokens.ts';
import { Tracing } from './tracing.ts';

const exitCodes = { stopped: 0, failed: 1, badConfig: 2 } as const;
/** How long workers may take to leave the runtime: loading the model takes about a second on a busy machine. */
const comingOutMs = 5000;
// Everything below exists only once the model is loaded; signals may arrive earlier.

const config = readConfig(process.env);
if (Array.isArray(config)) refuseEnvironment(config);
const tokens = await loadTokens(config);
if ('predict' in tokens) await serve(config, tokens);
else refuseEnvironment(tokens);

function refuseEnvironment(problems: readonly Problem[]): never {
  const lines = problems.map(({ path, message }) => `  ${path}: ${message}`);
  console.error(['The service cannot start. Problems in its environment variables:', ...lines].join('\n'));
  process.exit(exitCodes.badConfig);
}

async function serve(config: Config, tokens: Tokens): Promise<void> {
  const onWorkerLost = (reason: string) =>
    app.log.error({ reason }, 'a worker was lost; it is being replaced');
  const { modelB: choiceB } = config.recording;
  const classifier = await prepare(config.model, config, onWorkerLost);
  const modelB = choiceB && (await prepare({ kind: 'folder', dir: choiceB.dir }, config, onWorkerLost));
  const tracing =
    config.tracing &&
    new Tracing(
      config.tracing,
      warnNowAndThen((reason) => {
        app.log.warn({ reason }, 'traces could not be exported');
      }),
    );
  if (config.batching.maxTexts > 1 && tracing !== undefined) {
    for (const model of [classifier, modelB]) model?.onInference((inference) => tracing.batch(inference));
  }
  const app = buildApp(config, classifier, { tokens, modelB, tracing, logStream: new LogOutput() });
  stopOnSignal(app, [classifier, modelB, tracing], config.drainDeadlineMs);
  if (process.getuid?.() === 0) {
    app.log.warn(
      'running as root, which the service does not need: start it as a user that can only read its files',
    );
  }
  if (config.faults)
    app.log.warn({ faults: config.faults.spec }, 'SLA_FAULTS is set: faults are being injected');

  // The service listens before the model is loaded, so that health checks get an honest "not ready".
  const listening = {
    host: config.host,
    port: config.port,
    listenTextResolver: (url: string) => `bound to ${url}`,
  };
  await app.listen(listening).catch((error) => refuseToStart(explainListening(error, config)));
  app.log.info({ address: app.listeningOrigin, workers: classifier.size }, 'listening');

  const startedMs = performance.now();
  await Promise.all([classifier.start(), modelB?.start()]).catch(refuseToStart);
  const loadMs = Math.round(performance.now() - startedMs);
  app.log.info({ model: classifier.model, ...(modelB && { modelB: modelB.model }), loadMs }, 'ready');
}

/** A pool of workers for the model, not started yet. */
async function prepare(
  model: ModelChoice,
  { workers, loneThreads, queueLimit, batching, inferenceLimitMs, requestDeadlineMs }: Config,
  onWorkerLost: (reason: string) => void,
): Promise<WorkerPool> {
  const settings = await locateModel(model).catch(refuseToStart);
  return new WorkerPool({
    settings,
    workers,
    loneThreads,
    queueLimit,
    defaultDeadlineMs: requestDeadlineMs,
    batching,
    inferenceLimitMs,
    onWorkerLost,
  });
}

/** Limits the warning to one per minute, because every export fails while a collector is down. */
function warnNowAndThen(warn: (reason: string) => void): (reason: string) => void {
  let againAtMs = 0;
  return (reason) => {
    if (performance.now() < againAtMs) return;
    againAtMs = performance.now() + 60_000;
    warn(reason);
  };
}

function refuseToStart(error: unknown): never {
  console.error(`The service cannot start: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(exitCodes.failed);
}

function explainListening(error: NodeJS.ErrnoException, { host, port }: Config): unknown {
  if (error.code === 'ENOTFOUND' || error.code === 'EADDRNOTAVAIL') {
    const next =
      'set HOST to 127.0.0.1 to listen on this machine only, or to 0.0.0.0 to listen on all addresses';
    return new Error(`HOST "${host}" is not an address of this machine (${error.code}); ${next}`);
  }
  if (error.code !== 'EADDRINUSE') return error;
  const next = 'stop the process that uses it, set PORT to another one, or set PORT=0 to pick a free one';
  return new Error(`port ${port} of ${host} is already in use; ${next}`);
}

function stopOnSignal(
  app: FastifyInstance,
  disposables: readonly (AsyncDisposable | undefined)[],
  drainDeadlineMs: number,
): void {
  let stopping = false;
  let isGivenUp = false;
  let disposal: Promise<void> | undefined;
  const disposeOfEach = async () => {
    for (const each of disposables) await each?.[Symbol.asyncDispose]();
  };
  // A second caller waits for the disposal that is already in progress.
  const disposeAll = () => (disposal ??= disposeOfEach());
  // Terminating a thread while the runtime computes would abort the process, so the workers get a moment to leave it.
  const giveUp = async () => {
    isGivenUp = true;
    await Promise.race([disposeAll(), sleep(comingOutMs)]);
    process.exit(exitCodes.failed);
  };
  const stop = async (signal: NodeJS.Signals) => {
    if (stopping) {
      app.log.warn({ signal }, 'received a second signal to stop; requests in flight are aborted');
      return giveUp();
    }
    stopping = true;
    app.log.info({ signal }, 'stopping: accepting no new requests, finishing requests in flight');
    setTimeout(() => {
      app.log.error({ drainDeadlineMs }, 'requests still in flight at DRAIN_DEADLINE_MS are aborted');
      void giveUp();
    }, drainDeadlineMs);
    await app.close();
    if (isGivenUp) return;
    await disposeAll();
    app.log.info('stopped');
    process.exit(exitCodes.stopped);
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
}
