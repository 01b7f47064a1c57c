/** The service with workers that die, hang or fail if a text requests it, for the soak. */
import { buildApp } from '../../service/app.ts';
import { locateModel } from '../../service/classifier/model-files.ts';
import { WorkerPool } from '../../service/classifier/worker-pool.ts';
import { readConfig } from '../../service/config.ts';
import { LogOutput } from '../../service/log-output.ts';

const config = readConfig(process.env);
if (Array.isArray(config)) throw new Error(JSON.stringify(config));
const pool = new WorkerPool({
  settings: await locateModel(config.model),
  queueLimit: config.queueLimit,
  defaultDeadlineMs: config.requestDeadlineMs,
  inferenceLimitMs: config.inferenceLimitMs,
  program: new URL('../../service/testing/faulty-worker.ts', import.meta.url),
});
const app = buildApp(config, pool, { logStream: new LogOutput() });
await app.listen({ host: config.host, port: config.port, listenTextResolver: () => 'bound' });
await pool.start();
console.log(JSON.stringify({ msg: 'ready', address: app.listeningOrigin }));

process.once('SIGTERM', async () => {
  await app.close();
  await pool[Symbol.asyncDispose]();
  process.exit(0);
});
