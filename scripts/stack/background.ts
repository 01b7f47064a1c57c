import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HarnessError } from '../errors.ts';
import type { Io } from '../io.ts';
import { startLocalStack } from './local.ts';
import type { Stack } from './stack.ts';

/**
 * A local stack that outlives the command: a holder process owns it, and is spoken to over a socket whose name follows
 * from the project's folder. Whoever connects is told the addresses; "stop" ends it. No process ids are kept, so none can
 * be mistaken.
 */
export interface UpStack {
  readonly serviceUrl: string;
  readonly prometheusUrl: string;
  readonly logs: string;
  readonly pid: number;
}

const UP_PATIENCE_MS = 90_000;
const DOWN_PATIENCE_MS = 30_000;
const ANSWER_PATIENCE_MS = 5_000;

const socketPath = (io: Io) =>
  join(tmpdir(), `sla-stack-${createHash('sha256').update(io.root).digest('hex').slice(0, 16)}.sock`);
const logsFolder = (io: Io) => join(io.root, '.sla', 'stack');

// ---------------------------------------------------------------------------------------------- holder

/** Owns a stack until it is told to stop. Runs as a process of its own. */
export async function holdStack(
  prometheusPath: string,
  selector: Readonly<Record<string, string>>,
  servicePort: number,
  io: Io,
): Promise<void> {
  const folder = logsFolder(io);
  await using stack = await startLocalStack({
    root: io.root,
    env: io.env,
    prometheusPath,
    selector,
    folder,
    signal: io.signal,
    servicePort,
  });
  const told: UpStack = {
    serviceUrl: stack.serviceUrl,
    prometheusUrl: stack.prometheusUrl,
    logs: folder,
    pid: process.pid,
  };
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  const connections = new Set<Socket>();
  const server = createServer((connection) => {
    connections.add(connection);
    connection.on('error', () => connection.destroy());
    connection.write(`${JSON.stringify({ ...told, incidents: stack.incidents() })}\n`);
    connection.on('data', (data) => data.toString().includes('stop') && stop());
  });
  await rm(socketPath(io), { force: true });
  await new Promise<void>((resolve) => server.listen(socketPath(io), resolve));
  io.signal.addEventListener('abort', () => stop());
  await stopped;
  server.close();
  await stack[Symbol.asyncDispose]();
  // Whoever asked us to stop is waiting for the line to close.
  for (const connection of connections) connection.destroy();
}

// ---------------------------------------------------------------------------------------------- from outside

interface Line extends AsyncDisposable {
  readonly told: UpStack & { readonly incidents: readonly string[] };
  /** Asks it to stop and resolves when it has. */
  stop(): Promise<void>;
}

/** A line to the holder, or null when there is none. */
async function connect(io: Io): Promise<Line | null> {
  const socket = createConnection(socketPath(io));
  socket.setTimeout(ANSWER_PATIENCE_MS, () => socket.destroy());
  const first = await new Promise<string | null>((resolve) => {
    let text = '';
    socket.on('data', (data) => {
      text += data.toString();
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
    });
    socket.once('error', () => resolve(null));
    socket.once('close', () => resolve(null));
  });
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

export async function stackStatus(io: Io): Promise<Line['told'] | null> {
  await using line = await connect(io);
  return line === null ? null : line.told;
}

export async function stackDown(io: Io): Promise<boolean> {
  await using line = await connect(io);
  await line?.stop();
  return line !== null;
}

/** The stack that is up, as one to run against; null when none is. It stays up afterwards. */
export async function useUpStack(io: Io): Promise<Stack | null> {
  const up = await stackStatus(io);
  if (up === null) return null;
  io.progress(`using the stack that is up: ${up.serviceUrl}`);
  return { ...up, kind: 'local', isOurs: true, incidents: () => [], [Symbol.asyncDispose]: async () => {} };
}

/** Starts a holder and waits until its stack answers. */
export async function stackUp(args: readonly string[], io: Io): Promise<UpStack> {
  await mkdir(logsFolder(io), { recursive: true });
  const logFile = join(logsFolder(io), 'holder.log');
  const log = openSync(logFile, 'w');
  const holder = spawn(process.execPath, [join(io.root, 'scripts', 'sla.ts'), 'stack', 'hold', ...args], {
    cwd: io.root,
    env: { ...io.env },
    stdio: ['ignore', log, log],
    detached: true,
  });
  closeSync(log);
  let ended = false;
  holder.once('exit', () => {
    ended = true;
  });
  const deadline = Date.now() + UP_PATIENCE_MS;
  for (;;) {
    const up = await stackStatus(io);
    if (up !== null) {
      holder.unref();
      return up;
    }
    if (ended || io.signal.aborted || Date.now() > deadline) {
      if (!ended) holder.kill('SIGTERM');
      io.signal.throwIfAborted();
      throw new HarnessError(
        'stack-not-up',
        `the stack did not come up. Its last lines:\n${readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-15).join('\n')}`,
        {
          nextStep: `see ${logsFolder(io)}`,
        },
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
