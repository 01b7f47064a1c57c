import type { Sample } from '../model/model.ts';

/** Writes samples, and native histograms, into a Prometheus with `--web.enable-remote-write-receiver` (remote write 1.0). */

export interface NativeInput {
  /**
   * -4 to 8: exponential buckets, of which 2 to the power of this number make up a doubling. -53: custom buckets, with the upper ends
   * `edges`.
   */
  readonly schema: number;
  readonly edges?: readonly number[];
  readonly zero?: { readonly threshold: number; readonly count: number };
  readonly count: number;
  readonly sum: number;
  /** Counts by the number of their bucket. */
  readonly positive: Readonly<Record<number, number>>;
  readonly negative?: Readonly<Record<number, number>>;
}

export interface Written {
  readonly labels: Readonly<Record<string, string>>;
  readonly samples?: readonly Sample[];
  readonly histograms?: readonly (readonly [timeSeconds: number, histogram: NativeInput])[];
}

export async function writeTo(url: string, series: readonly Written[]): Promise<void> {
  const response = await fetch(`${url}/api/v1/write`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '0.1.0',
    },
    body: uncompressed(Buffer.concat(series.map((one) => bytes(1, timeSeries(one))))),
  });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
}

const timeSeries = ({ labels, samples = [], histograms = [] }: Written) =>
  Buffer.concat([
    ...Object.entries(labels)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => bytes(1, Buffer.concat([text(1, name), text(2, value)]))),
    ...samples.map(([at, value]) =>
      bytes(2, Buffer.concat([double(1, Number(value.replace('Inf', 'Infinity'))), whole(2, millis(at))])),
    ),
    ...histograms.map(([at, histogram]) => bytes(4, native(histogram, at))),
  ]);

const millis = (seconds: number) => Math.round(seconds * 1000);

function native({ schema, edges = [], zero, count, sum, positive, negative = {} }: NativeInput, at: number) {
  return Buffer.concat([
    whole(1, count),
    double(3, sum),
    whole(4, zigzag(schema)),
    ...(zero === undefined ? [] : [double(5, zero.threshold), whole(6, zero.count)]),
    ...side(negative, 8, 9),
    ...side(positive, 11, 12),
    whole(15, millis(at)),
    ...(edges.length === 0 ? [] : [bytes(16, Buffer.concat(edges.map(ofDouble)))]),
  ]);
}

/** A span for each run of adjacent buckets, and the difference of each count from the previous count. */
function side(counts: Readonly<Record<number, number>>, spans: number, deltas: number): readonly Buffer[] {
  const numbers = Object.keys(counts)
    .map(Number)
    .sort((a, b) => a - b);
  let [next, before] = [0, 0];
  const all = numbers.map((number) => {
    const span = Buffer.concat([whole(1, zigzag(number - next)), whole(2, 1)]);
    next = number + 1;
    const delta = varint(zigzag(counts[number]! - before));
    before = counts[number]!;
    return { span: bytes(spans, span), delta };
  });
  if (all.length === 0) return [];
  return [...all.map(({ span }) => span), bytes(deltas, Buffer.concat(all.map(({ delta }) => delta)))];
}

// ---------------------------------------------------------------------------------------------- protocol buffers

function varint(value: number): Buffer {
  const found: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) found.push((rest % 128) + 128);
  return Buffer.from([...found, rest]);
}

const zigzag = (value: number) => (value < 0 ? -2 * value - 1 : 2 * value);

function ofDouble(value: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeDoubleLE(value);
  return buffer;
}

const key = (field: number, wire: number) => varint(field * 8 + wire);
const whole = (field: number, value: number) => Buffer.concat([key(field, 0), varint(value)]);
const double = (field: number, value: number) => Buffer.concat([key(field, 1), ofDouble(value)]);
const bytes = (field: number, value: Buffer) => Buffer.concat([key(field, 2), varint(value.length), value]);
const text = (field: number, value: string) => bytes(field, Buffer.from(value));

/** Snappy's format without compression: the length, and literals of up to 64 KiB. */
function uncompressed(data: Buffer): Buffer<ArrayBuffer> {
  const parts: Buffer[] = [varint(data.length)];
  for (let at = 0; at < data.length; at += 65_536) {
    const part = data.subarray(at, at + 65_536);
    parts.push(Buffer.from([61 * 4, (part.length - 1) % 256, Math.floor((part.length - 1) / 256)]), part);
  }
  return Buffer.concat(parts) as Buffer<ArrayBuffer>;
}
