/**
 * Parses k6's CSV output (`--out csv=…`, times in Unix microseconds) as it arrives. k6 writes a dozen rows per request, so
 * rows of metrics that are not needed are skipped without being split into fields.
 */

/** The columns that the record needs. A column that is absent is read as an empty text. */
export interface CsvRow {
  readonly metric: string;
  /** The end of the request, the iteration or the check, in Unix microseconds. */
  readonly atMicros: number;
  readonly value: number;
  field(name: CsvColumn): string;
}

export type CsvColumn =
  | 'check'
  | 'error_code'
  | 'extra_tags'
  | 'method'
  | 'name'
  | 'scenario'
  | 'status'
  | 'url';

const QUOTE = '"';
/** The limit is large, because a script may use whole bodies as names or groups. */
const MAX_ROW_LENGTH = 1_000_000;

export class CsvRows {
  readonly #wanted: ReadonlySet<string>;
  readonly #found: (row: CsvRow) => void;
  #index: ReadonlyMap<string, number> | null = null;
  /** The bytes of an incomplete row. */
  #rest: Buffer = Buffer.alloc(0);
  /** The lines so far of a row with a line break inside a quoted field; otherwise empty. */
  #open: string[] = [];
  #openLength = 0;
  /** The number of rows that could not be parsed: they were too long, or their number of fields differed from the header. */
  unread = 0;

  /** @param wanted the names of the metrics to read; rows of other metrics are skipped */
  constructor(wanted: readonly string[], found: (row: CsvRow) => void) {
    this.#wanted = new Set(wanted);
    this.#found = found;
  }

  push(chunk: Buffer): void {
    const end = chunk.lastIndexOf(10);
    if (end === -1) {
      this.#rest = Buffer.concat([this.#rest, chunk]);
      return;
    }
    // Only complete lines are decoded, because a chunk may end inside a character.
    const whole = chunk.subarray(0, end + 1);
    const text = (this.#rest.length === 0 ? whole : Buffer.concat([this.#rest, whole])).toString('utf8');
    this.#rest = Buffer.from(chunk.subarray(end + 1));
    let from = 0;
    for (let to = text.indexOf('\n'); to !== -1; to = text.indexOf('\n', from)) {
      this.#line(text, from, to);
      from = to + 1;
    }
  }

  #line(text: string, from: number, to: number): void {
    const quotes = quotesIn(text, from, to);
    if (this.#open.length === 0) {
      if (quotes % 2 === 1) this.#begin(text.slice(from, to));
      else this.#row(text, from, to);
      return;
    }
    this.#openLength += to - from;
    // A row that is too long is discarded, but its end must still be found.
    if (this.#openLength <= MAX_ROW_LENGTH) this.#open.push(text.slice(from, to));
    if (quotes % 2 === 0) return;
    const whole = this.#open.join('\n');
    const isTooLong = this.#openLength > MAX_ROW_LENGTH;
    this.#open = [];
    if (!isTooLong) this.#row(whole, 0, whole.length);
    else if (this.#isWanted(whole, 0)) this.unread++;
  }

  #begin(line: string): void {
    this.#open = [line];
    this.#openLength = line.length;
  }

  #isWanted = (text: string, from: number) => this.#wanted.has(text.slice(from, text.indexOf(',', from)));

  #row(text: string, from: number, to: number): void {
    if (this.#index === null) {
      this.#index = new Map(fieldsOf(text.slice(from, to)).map((name, at) => [name, at]));
      return;
    }
    if (!this.#isWanted(text, from)) return;
    const fields = fieldsOf(text.slice(from, to));
    if (fields.length === this.#index.size) this.#found(rowOf(fields, this.#index));
    else this.unread++;
  }
}

function quotesIn(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf(QUOTE, from); at !== -1 && at < to; at = text.indexOf(QUOTE, at + 1)) count++;
  return count;
}

const rowOf = (fields: readonly string[], index: ReadonlyMap<string, number>): CsvRow => ({
  metric: fields[0]!,
  atMicros: Number(fields[1]),
  value: Number(fields[2]),
  field: (name) => fields[index.get(name) ?? -1] ?? '',
});

/** Splits a row. The names of groups and checks come from the script and may contain commas, quotes and line breaks. */
export function fieldsOf(line: string): readonly string[] {
  if (!line.includes(QUOTE)) return line.split(',');
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare!,
  );
}

/** The value of one of the `name=value` pairs that k6 joins with `&`. The harness's own tags do not contain these characters. */
export const tagIn = (extraTags: string, name: string): string | null =>
  extraTags === '' ? null : (new RegExp(`(?:^|&)${name}=([^&]*)`).exec(extraTags)?.[1] ?? null);
