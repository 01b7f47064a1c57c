import { close, constants, open as openFile } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import { promisify } from 'node:util';

/**
 * Reads a text file that the user named. The path may refer to anything, so the size and the time are bounded, and reading
 * can be interrupted.
 */

/** About a hundred times the size of the largest document written by hand. */
const MAX_BYTES = 2 * 2 ** 20;
/** The maximum time for which the writer of a pipe may send nothing. */
const PIPE_PATIENCE_MS = 30_000;

/** Why a text cannot be read, in words that follow the file name in a message. */
export class NoText extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NoText';
  }
}

/** Throws NoText. On abort, throws the signal's reason. */
export async function readUserText(path: string, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  return textOf(await readBytes(path, signal));
}

async function readBytes(path: string, signal: AbortSignal): Promise<Buffer> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) throw new NoText('it is a folder');
    if (found.isFIFO() || found.isSocket()) return await readPipe(path, signal);
    // A device may never end (/dev/zero) or wait for input.
    if (!found.isFile()) throw new NoText('it is a device: name a file or a pipe');
    if (found.size > MAX_BYTES) throw tooLong();
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    // Files in /proc report a size of 0 although they have content.
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_BYTES + 1), 0, MAX_BYTES + 1, 0);
    if (bytesRead > MAX_BYTES) throw tooLong();
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof NoText) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new NoText(code === 'ENOENT' ? 'there is no such file' : message);
  }
}

const tooLong = () => new NoText(`it is longer than ${MAX_BYTES / 2 ** 20} MiB`);

/** Uses no worker thread, because a thread that waits for a pipe would keep the process from exiting. */
async function readPipe(path: string, signal: AbortSignal): Promise<Buffer> {
  const fd = await promisify(openFile)(path, constants.O_RDONLY | constants.O_NONBLOCK);
  let pipe: Socket;
  try {
    pipe = new Socket({ fd, readable: true, writable: false });
  } catch (error) {
    close(fd);
    throw error;
  }
  const timer = setTimeout(() => {
    pipe.destroy(new NoText(`this pipe delivered nothing for ${PIPE_PATIENCE_MS / 1000} s`));
  }, PIPE_PATIENCE_MS);
  const abort = () => pipe.destroy(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  try {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of pipe) {
      chunks.push(chunk as Buffer);
      bytes += (chunk as Buffer).length;
      if (bytes > MAX_BYTES) throw tooLong();
    }
    return Buffer.concat(chunks);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    pipe.destroy();
  }
}

// ---------------------------------------------------------------------------------------------- encodings

/** Longer byte order marks are tried first, because the mark of UTF-32 starts with that of UTF-16. */
const BYTE_ORDER_MARKS: readonly (readonly [encoding: string, mark: readonly number[]])[] = [
  ['UTF-32 (little-endian)', [0xff, 0xfe, 0, 0]],
  ['UTF-32 (big-endian)', [0, 0, 0xfe, 0xff]],
  ['UTF-16 (little-endian)', [0xff, 0xfe]],
  ['UTF-16 (big-endian)', [0xfe, 0xff]],
];
const NEXT = 'save it as UTF-8';

function textOf(bytes: Buffer): string {
  const marked = BYTE_ORDER_MARKS.find(([, mark]) => mark.every((byte, index) => bytes[index] === byte));
  if (marked !== undefined) throw new NoText(`it is encoded in ${marked[0]}: ${NEXT}`);
  const nul = bytes.indexOf(0);
  if (nul !== -1)
    throw new NoText(
      `${placeOf(bytes, nul)} has a NUL byte, so it is not UTF-8 text (perhaps UTF-16): ${NEXT}`,
    );
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const at = firstInvalid(bytes);
    const byte = bytes[at]!.toString(16).padStart(2, '0');
    throw new NoText(`${placeOf(bytes, at)} has the byte 0x${byte}, which is not valid UTF-8: ${NEXT}`);
  }
}

const placeOf = (bytes: Buffer, at: number) =>
  `line ${bytes.subarray(0, at).filter((byte) => byte === 0x0a).length + 1}`;

/** The position of the first byte that is not valid UTF-8. */
function firstInvalid(bytes: Buffer): number {
  const again = Buffer.from(bytes.toString('utf8'));
  const at = bytes.findIndex((byte, index) => again[index] !== byte);
  return at === -1 ? bytes.length - 1 : at;
}
