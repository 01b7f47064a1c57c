import { spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
import { dirname, extname } from 'node:path';

/**
 * The entry point: reads the environment, runs one command, and exits once. Our modules are imported only after the error
 * handlers are installed. Node.js exits with 1 on an uncaught error, but exit code 1 must always mean "SLA missed".
 */

let isOver = false;
// This exit code applies until there is a result, in case the event loop runs out of work.
process.exitCode = 4;
process.on('exit', () => {
  if (!isOver) writeError('this is a bug in the harness, please report it: it ended without a result');
});

/**
 * Writes to standard error even if the event loop has stopped. A pipe whose buffer is full rejects the write with EAGAIN; its
 * reader gets 2 s to empty it.
 */
function writeError(text: string): void {
  const deadline = performance.now() + 2000;
  let rest = Buffer.from(`${text}\n`);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(2, rest));
    } catch (error) {
      // If standard error is closed or stays full, only the exit code can report the error.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || performance.now() > deadline) return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

function end(code: number): never {
  isOver = true;
  process.exit(code);
}

/**
 * A thread that waits for the file system can block an exit forever. A helper process therefore kills this process after 2
 * s.
 */
function endAtOnce(code: number): never {
  const killer = spawn('/bin/sh', ['-c', `sleep 2; kill -KILL ${process.pid}`], {
    detached: true,
    stdio: 'ignore',
  });
  killer.on('error', () => {});
  killer.unref();
  end(code);
}

const controller = new AbortController();
let interrupts = 0;
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
  process.on(name, () => {
    interrupts++;
    controller.abort(new Error(`interrupted by ${name}`));
    // A second signal ends the process at once. Its child processes are killed on exit.
    if (interrupts > 1) endAtOnce(130);
  });
}

/**
 * Redacts text from other sources before it is shown. Until the redactor has been loaded, errors quote only our own files.
 */
let shown = (text: string) => text;
for (const name of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(name, (error: unknown) => {
    const description = error instanceof Error ? error.stack : String(error);
    writeError(shown(`this is a bug in the harness, please report it: ${description}`));
    end(4);
  });
}

/** The working directory; null if it has been deleted. */
function workingDirectory(): string | null {
  try {
    return process.cwd();
  } catch {
    return null;
  }
}

const cwd = workingDirectory();
if (cwd === null) {
  writeError('the working directory was deleted: change to an existing directory and run again');
  end(4);
}

const load = async () => {
  const [
    cli,
    { HarnessError },
    { createRedactor },
    { createTerminal },
    { withTokens },
    { printableOutput },
    loopback,
  ] = await Promise.all([
    import('./cli.ts'),
    import('./errors.ts'),
    import('../runs/redact.ts'),
    import('./terminal.ts'),
    import('../run/tokens.ts'),
    import('../../slas/render/printable.ts'),
    import('../run/loopback.ts'),
  ]);
  // Set before the first request. Child processes inherit these variables.
  Object.assign(process.env, loopback.withoutProxyHere(process.env, process.argv.slice(2)));
  const redactor = createRedactor(withTokens(process.env, cwd), process.argv);
  shown = (text) => printableOutput(redactor.log(text), false);
  return { ...cli, HarnessError, createTerminal };
};
const { main, hasHung, HarnessError, createTerminal } = await load().catch((error: unknown) => {
  const [line] = String(error instanceof Error ? error.message : error).split('\n');
  writeError(
    `the harness cannot be loaded: ${line}; restore its files (see git status), or delete node_modules and run again`,
  );
  return end(4);
});

// The reader of a pipe may close it (a pager, head), or the disk may be full. Child processes must still be stopped, and the
// exit code must show that the verdict was not printed.
let isUnreported = false;
for (const [what, stream] of [
  ['standard output', process.stdout],
  ['standard error', process.stderr],
] as const) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (!isUnreported) writeError(`${what} cannot be written (${error.code}): the output is incomplete`);
    isUnreported = true;
    controller.abort(
      new HarnessError('cannot-print', `${what} cannot be written`, {
        nextStep: 'read or store the whole output',
      }),
    );
  });
}

const terminal =
  process.stderr.isTTY === true && process.env.TERM !== 'dumb' ? createTerminal(process.stderr) : null;

const root = dirname(dirname(import.meta.dirname));
// The npm package contains JavaScript instead of TypeScript.
const isInstalled = extname(import.meta.filename) === '.js';

/** Asks on standard error, because standard output may be redirected. If the input is closed, the default is used. */
async function ask(question: string, otherwise: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
  const hint = otherwise === '' ? '' : ` [${otherwise}]`;
  try {
    const asked = lines.question(`${question}${hint}: `, { signal: controller.signal });
    return (await Promise.race([asked, closed])).trim() || otherwise;
  } finally {
    lines.close();
  }
}
const canAsk = process.stdin.isTTY === true && process.stderr.isTTY === true;

const code = await main(process.argv.slice(2), {
  root,
  project: isInstalled ? cwd : root,
  isInstalled,
  cwd,
  env: process.env,
  print: (text) => process.stdout.write(text),
  progress: terminal?.progress ?? ((line) => process.stderr.write(`${line}\n`)),
  ...(terminal === null ? {} : { live: terminal.live }),
  ...(canAsk ? { ask } : {}),
  signal: controller.signal,
  colour: process.stdout.isTTY === true && process.env.NO_COLOR === undefined,
});
// Writes to a pipe are asynchronous once its buffer is full, so a slow reader would miss the last lines.
for (const stream of [process.stdout, process.stderr])
  await new Promise((resolve) => stream.write('', resolve));
const result = isUnreported && code === 0 ? 4 : code;
if (hasHung()) endAtOnce(result);
end(result);
