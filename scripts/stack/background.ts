import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { lstat, rm } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { HarnessError } from '../cli/errors.ts';
import type { Io } from '../cli/io.ts';
import { onAbort } from '../process/processes.ts';
import { makeFolder } from '../run/disk.ts';
import { checkAllowed } from './existing.ts';
import type { Stack } from './stack.ts';

/**
 * A local stack that keeps running after the command has ended. A holder process owns the stack and listens on a socket
 * whose name is derived from the project's folder. It sends the stack's addresses to every client, and stops the stack on
 * "stop". No process ids are stored, because the system may reuse them.
 */
export interface UpStack {
  readonly serviceUrl: string;
  readonly prometheusUrl: string;
  /** The addresses of additional pages for the operator, by name. */
  readonly others: Readonly<Record<string, string>>;
  /** The parts that are not available, and why. */
  readonly leftOut: readonly string[];
  readonly logs: string;
  readonly pid: number;
  /** The parts that have died, in words. */
  readonly incidents: readonly string[];
}

/** Includes the time to pull or build images. */
const UP_PATIENCE_MS = 15 * 60_000;
const DOWN_PATIENCE_MS = 30_000;
/** A holder that is still starting responds only once its stack is up. */
const ANSWER_PATIENCE_MS = 90_000;

const logsFolder = (io: Io) => join(io.root, '.sla', 'stack');

/**
 * The socket is in a folder that only this user can write to, because the holder's response decides where load is sent. It
 * is not in the project's folder, whose path may exceed the maximum length of a socket name.
 */
async function socketPath(io: Io): Promise<string> {
  const user = userInfo();
  const folder = join(tmpdir(), `sla-harness-${user.uid}`);
  await makeFolder(folder, 0o700);
  const { uid, mode } = await lstat(folder);
  if (uid !== user.uid || (mode & 0o077) !== 0) {
    throw new HarnessError('unsafe-folder', `other users can write to ${folder}`, {
      nextStep: `remove it, or set TMPDIR to a folder of your own`,
    });
  }
  return join(folder, `stack-${createHash('sha256').update(io.root).digest('hex').slice(0, 16)}.sock`);
}

/** Owns a stack until a client stops it. Runs as a separate process. If a holder already exists, a second one exits. */
export async function holdStack(open: (folder: string) => Promise<Stack>, io: Io): Promise<void> {
  const folder = logsFolder(io);
  const server = createServer();
  // The holder claims the socket before it starts anything, so that only one of two holders continues.
  await listenAlone(server, io);
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  const connections = new Set<Socket>();
  const waiting: Socket[] = [];
  let greet = (connection: Socket) => void waiting.push(connection);
  server.on('connection', (connection) => {
    connections.add(connection);
    connection.on('error', () => connection.destroy());
    connection.on('close', () => connections.delete(connection));
    connection.on('data', (data) => data.toString().includes('stop') && stop());
    greet(connection);
  });
  const forget = onAbort(io.signal, stop);
  try {
    await using stack = await open(folder);
    const told = {
      serviceUrl: stack.serviceUrl,
      prometheusUrl: stack.prometheusUrl,
      others: stack.others ?? {},
      leftOut: stack.leftOut ?? [],
      logs: folder,
      pid: process.pid,
    };
    greet = (connection) =>
      void stack
        .incidents()
        .then((incidents) => connection.write(`${JSON.stringify({ ...told, incidents })}\n`));
    for (const connection of waiting) greet(connection);
    await stopped;
  } finally {
    forget();
    server.close();
    // The client that sent "stop" waits until the connection closes.
    for (const connection of connections) connection.destroy();
  }
}

async function listenAlone(server: Server, io: Io): Promise<void> {
  const path = await socketPath(io);
  const listen = () =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, () => {
        server.off('error', reject);
        resolve();
      });
    });
  try {
    await listen();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    if (await isAnswered(path))
      throw new HarnessError('stack-up', 'a stack is already running', {
        nextStep: 'see ./sla stack status',
      });
    // The socket is left over from a killed holder.
    await rm(path, { force: true });
    await listen();
  }
}

const isAnswered = (path: string) =>
  new Promise<boolean>((resolve) => {
    const socket = createConnection(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

interface Line extends AsyncDisposable {
  readonly told: UpStack;
  /** Asks the holder to stop, and resolves once it has stopped. */
  stop(): Promise<void>;
}

/** Connects to the holder; resolves to null if there is none. */
async function connect(io: Io): Promise<Line | null> {
  const socket = createConnection(await socketPath(io));
  socket.setTimeout(ANSWER_PATIENCE_MS, () => socket.destroy());
  const forget = onAbort(io.signal, () => socket.destroy());
  const first = await new Promise<string | null>((resolve) => {
    let text = '';
    socket.on('data', (data) => {
      text += data.toString();
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
    });
    socket.once('error', () => resolve(null));
    socket.once('close', () => resolve(null));
  });
  forget();
  if (first === null) return null;
  const stop = () =>
    new Promise<void>((resolve, reject) => {
      socket.setTimeout(DOWN_PATIENCE_MS, () =>
        reject(
          new HarnessError('stack-stays', 'the stack did not stop in time', {
            nextStep: `see ${logsFolder(io)}`,
          }),
        ),
      );
      socket.once('close', () => resolve());
      socket.write('stop\n');
    });
  return { told: JSON.parse(first), stop, [Symbol.asyncDispose]: async () => void socket.destroy() };
}

export async function stackStatus(io: Io): Promise<UpStack | null> {
  await using line = await connect(io);
  return line === null ? null : line.told;
}

export async function stackDown(io: Io): Promise<boolean> {
  await using line = await connect(io);
  await line?.stop();
  return line !== null;
}

/** The running stack, for use by a run; null if there is none. The stack keeps running after the run. */
export async function useUpStack(io: Io): Promise<Stack | null> {
  const up = await stackStatus(io);
  if (up === null) return null;
  io.progress(`using the running stack: ${up.serviceUrl}`);
  const problems = checkAllowed(up.serviceUrl, [], 'its SLA document');
  if (problems.length > 0)
    throw new HarnessError('not-allowed', problems[0]!.message, {
      nextStep: 'run ./sla stack down, then ./sla stack up',
    });
  const incidents = async () => (await stackStatus(io))?.incidents ?? ['the stack stopped during the run'];
  return { ...up, kind: 'local', isOurs: true, incidents, [Symbol.asyncDispose]: async () => {} };
}

/** Starts a holder and waits until its stack responds. */
export async function stackUp(args: readonly string[], io: Io): Promise<UpStack> {
  await makeFolder(logsFolder(io));
  const logFile = join(logsFolder(io), 'holder.log');
  const log = openSync(logFile, 'w');
  const holder = spawn(
    process.execPath,
    [join(io.root, 'scripts', 'cli', 'sla.ts'), 'stack', 'hold', ...args],
    {
      cwd: io.root,
      env: { ...io.env },
      stdio: ['ignore', log, log],
      detached: true,
    },
  );
  closeSync(log);
  let ended = false;
  holder.once('exit', () => {
    ended = true;
  });
  const deadline = Date.now() + UP_PATIENCE_MS;
  for (;;) {
    // The exit is checked before the request, because a new holder exits early if another one already responds.
    const hadEnded = ended;
    const up = await stackStatus(io);
    if (up !== null) {
      holder.unref();
      return up;
    }
    if (hadEnded || io.signal.aborted || Date.now() > deadline) {
      if (!ended) holder.kill('SIGTERM');
      io.signal.throwIfAborted();
      throw new HarnessError(
        'stack-not-up',
        `the stack did not start. Its last log lines:\n${readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-15).join('\n')}`,
        {
          nextStep: `see ${logsFolder(io)}`,
        },
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
