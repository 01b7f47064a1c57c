import { execFile } from 'node:child_process';
import { close, constants, open } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import { HarnessError } from '../../cli/errors.ts';

/**
 * A named pipe that another program writes to as if it were a file, so that its output is not stored. This process also
 * keeps the writing end open. The stream ends once `close` has been called and everything written has been read, even if the
 * program never opened the pipe.
 */
export interface NamedPipe extends AsyncDisposable {
  readonly path: string;
  /**
   * Call this after the writer has ended. Resolves to true once everything has been read, and to false after the time limit.
   */
  close(): Promise<boolean>;
}

/** A pipe buffers at most 64 KiB, so this time is enough to read the rest, even on a busy machine. */
const MAX_DRAIN_MS = 20_000;

const openFile = promisify(open);
const closeFile = promisify(close);

export async function openPipe(path: string, found: (chunk: Buffer) => void): Promise<NamedPipe> {
  try {
    await promisify(execFile)('mkfifo', ['-m', '600', path]);
  } catch (cause) {
    throw new HarnessError('no-pipe', `cannot make the named pipe ${path}: ${(cause as Error).message}`, {
      nextStep:
        'the run folder must be on a file system that supports named pipes: choose another with --out',
      cause,
    });
  }
  // A pipe that is opened for both reading and writing never waits for its other end.
  let keeper: number | null = await openFile(path, constants.O_RDWR | constants.O_NONBLOCK);
  const socket = new Socket({
    fd: await openFile(path, constants.O_RDONLY | constants.O_NONBLOCK),
    readable: true,
    writable: false,
  });
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('data', found);
  // After an error, nothing more can be read. The verdict is based on the samples so far, and compares them with the
  // service's counts.
  socket.on('error', () => socket.destroy());
  const release = async () => {
    const fd = keeper;
    keeper = null;
    if (fd !== null) await closeFile(fd);
  };
  return {
    path,
    close: async () => {
      await release();
      let isWhole = true;
      const timer = setTimeout(() => {
        isWhole = false;
        socket.destroy();
      }, MAX_DRAIN_MS);
      await ended;
      clearTimeout(timer);
      return isWhole;
    },
    [Symbol.asyncDispose]: async () => {
      await release();
      socket.destroy();
      await rm(path, { force: true });
    },
  };
}
