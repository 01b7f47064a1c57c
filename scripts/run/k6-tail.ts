import { open } from 'node:fs/promises';
import { parseLine, REQUEST_METRIC, type RecordedRequest } from './k6-requests.ts';

/** Follows the requests that k6 records while it runs; all observers of a load share one reader. */

/** k6 writes its samples once per second. */
const EVERY_MS = 1_000;
const MAX_BYTES_PER_READ = 16 * 2 ** 20;

/**
 * Reads the files as they grow, until disposed of.
 *
 * @param found receives each request; those of one file in the order in which k6 wrote them
 * @param looked is called after each read, about once per second
 */
export function followRequests(
  csvFiles: readonly string[],
  found: (request: RecordedRequest) => void,
  looked: () => void,
): Disposable {
  const tails = csvFiles.map((file) => new Tail(file));
  let isOver = false;
  let isReading = false;
  const look = async () => {
    // A slow read must not overlap with the next one.
    if (isReading) return;
    isReading = true;
    // A file that does not exist yet is read next time.
    for (const tail of tails) await tail.read(found).catch(() => {});
    isReading = false;
    if (!isOver) looked();
  };
  const ticker = setInterval(() => void look(), EVERY_MS);
  return {
    [Symbol.dispose]: () => {
      isOver = true;
      clearInterval(ticker);
    },
  };
}

/** Reads a file of k6's CSV output from the last position. */
export class Tail {
  readonly #file: string;
  #offset = 0;
  #rest = '';
  #columns: readonly string[] | null = null;

  constructor(file: string) {
    this.#file = file;
  }

  /** Passes on each request that was written since the last read. */
  async read(found: (request: RecordedRequest) => void): Promise<void> {
    await using file = await open(this.#file);
    const { size } = await file.stat();
    while (this.#offset < size) {
      const length = Math.min(MAX_BYTES_PER_READ, size - this.#offset);
      const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, this.#offset);
      if (bytesRead === 0) return;
      this.#offset += bytesRead;
      this.#take(buffer.toString('latin1', 0, bytesRead), found);
    }
  }

  #take(text: string, found: (request: RecordedRequest) => void): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!;
    for (const line of lines) {
      if (this.#columns === null) this.#columns = line.split(',');
      else if (line.startsWith(`${REQUEST_METRIC},`))
        for (const request of parseLine(line, this.#columns)) found(request);
    }
  }
}
