/** The service as a process: environment, listening, signals. The only place that ends it. */
import type { FastifyInstance } from 'fastify';
import { buildApp } from './app.ts';
import { locateModel } from './classifier/model-files.ts';
import { WorkerPool } from './classifier/worker-pool.ts';
import { type Config, readConfig } from './config.ts';
import { LogOutput } from './log-output.ts';
import type { Problem } from './problem.ts';
import { loadTokens, type Tokens } from './tokens.ts';

const exitCodes = { stopped: 0, failed: 1, badConfig: 2 } as const;

const config = readConfig(process.env);
if (Array.isArray(config)) refuseEnvironment(config);
const tokens = await loadTokens(config);
if ('predict' in tokens) await serve(config, tokens);
else refuseEnvironment(tokens);

function refuseEnvironment(problems: readonly Problem[]): never {
  const lines = problems.map(({ path, message }) => `  ${path}: ${message}`);
  console.error(['The service cannot start; its environment has problems:', ...lines].join('\n'));
  process.exit(exitCodes.badConfig);
}

async function serve(config: Config, tokens: Tokens): Promise<void> {
  const settings = await locateModel(config.model).catch(refuseToStart);
  const classifier = new WorkerPool({
    settings,
    workers: config.workers,
    queueLimit: config.queueLimit,
    batching: config.batching,
    inferenceLimitMs: config.inferenceLimitMs,
    onWorkerLost: (reason) => app.log.error({ reason }, 'a worker was lost; it is being replaced'),
  });
  const app = buildApp(config, classifier, { tokens, logStream: new LogOutput() });
  stopOnSignal(app, classifier, config.drainDeadlineMs);
  if (process.getuid?.() === 0) {
    app.log.warn('running as root, which it has no need of: start it as a user that may only read its files');
  }
  if (config.faults) app.log.warn({ faults: config.faults.spec }, 'faults are being injected on purpose');

  // Listening comes first: probes get an honest "not ready" while the model loads.
  const listening = {
    host: config.host,
    port: config.port,
    listenTextResolver: (url: string) => `bound to ${url}`,
  };
  await app.listen(listening).catch((error) => refuseToStart(explainListening(error, config)));
  app.log.info({ address: app.listeningOrigin, workers: classifier.size }, 'listening');

  const startedMs = performance.now();
  await classifier.start().catch(refuseToStart);
  app.log.info({ model: classifier.model, loadMs: Math.round(performance.now() - startedMs) }, 'ready');
}

function refuseToStart(error: unknown): never {
  console.error(`The service cannot start: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(exitCodes.failed);
}

function explainListening(error: NodeJS.ErrnoException, { host, port }: Config): unknown {
  if (error.code !== 'EADDRINUSE') return error;
  const next = 'stop the process that has it, choose another with PORT, or let PORT=0 find a free one';
  return new Error(`port ${port} of ${host} is taken; ${next}`);
}

function stopOnSignal(app: FastifyInstance, classifier: WorkerPool, drainDeadlineMs: number): void {
  let stopping = false;
  const stop = async (signal: NodeJS.Signals) => {
    if (stopping) {
      app.log.warn({ signal }, 'told twice to stop; what is in flight is lost');
      process.exit(exitCodes.failed);
    }
    stopping = true;
    app.log.info({ signal }, 'stopping: nothing new is accepted, what is in flight is finished');
    setTimeout(() => {
      app.log.error({ drainDeadlineMs }, 'requests were still in flight at the deadline; they are lost');
      process.exit(exitCodes.failed);
    }, drainDeadlineMs);
    await app.close();
    await classifier[Symbol.asyncDispose]();
    app.log.info('stopped');
    process.exit(exitCodes.stopped);
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
}
