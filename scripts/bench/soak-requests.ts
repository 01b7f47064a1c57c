import { requestBytes } from './raw-client.ts';

/** One kind of request in the mixed load: how often it occurs, and the statuses that are permitted. */
export interface RequestKind {
  readonly name: string;
  /** Out of a thousand requests. */
  readonly perMille: number;
  readonly statuses: readonly number[];
  readonly bytes: readonly Buffer[];
  /** The client disconnects after this many milliseconds instead of waiting. */
  readonly leavesAfterMs?: number;
  /**
   * The response is sent while the client is still sending, and then the connection is closed. The operating system may discard
   * the response.
   */
  readonly mayBeCutOff?: boolean;
}

const predict = (text: string, headers: Record<string, string> = {}) =>
  requestBytes('/predict', JSON.stringify({ text }), headers);

/** Valid texts, every kind of invalid input, clients that leave or are impatient, and texts that crash a worker. */
export function soakKinds(texts: readonly string[]): readonly RequestKind[] {
  const batches = Array.from({ length: 20 }, (_, index) => texts.slice(index * 8, index * 8 + 8));
  const bad = [
    requestBytes('/predict', '{"text":'),
    requestBytes('/predict', '{"text":1}'),
    requestBytes('/predict', '{"text":" "}'),
    requestBytes('/predict', '{"text":"a","b":1}'),
    requestBytes('/predict/batch', '{"texts":[]}'),
    predict('x'.repeat(6000)),
    requestBytes('/predict', '{"text":"a"}', { 'content-type': 'text/plain' }),
    requestBytes('/nope', '{}'),
  ];
  return [
    { name: 'one text', perMille: 800, statuses: [200], bytes: texts.map((text) => predict(text)) },
    {
      name: 'a batch of 8',
      perMille: 40,
      statuses: [200],
      bytes: batches.map((batch) => requestBytes('/predict/batch', JSON.stringify({ texts: batch }))),
    },
    { name: 'bad input', perMille: 90, statuses: [400, 404, 415], bytes: bad },
    {
      name: 'body far too large',
      perMille: 10,
      statuses: [413],
      mayBeCutOff: true,
      bytes: [requestBytes('/predict', 'y'.repeat(2_000_000))],
    },
    {
      name: 'short deadline',
      perMille: 20,
      statuses: [200, 503, 504],
      bytes: texts.slice(0, 50).map((text) => predict(text, { 'x-request-deadline-ms': '3' })),
    },
    {
      name: 'client leaves',
      perMille: 20,
      statuses: [],
      bytes: texts.slice(50, 100).map((text) => predict(text)),
      leavesAfterMs: 2,
    },
    { name: 'fails the model', perMille: 18, statuses: [500], bytes: [predict('poison')] },
    { name: 'kills a worker', perMille: 1.5, statuses: [500], bytes: [predict('die')] },
    { name: 'hangs a worker', perMille: 0.5, statuses: [500], bytes: [predict('sleep 60000 ms')] },
  ];
}

/** Selects the next kind: evenly distributed over each thousand, always in the same order. */
export function distributeKinds(kinds: readonly RequestKind[]): () => RequestKind {
  const owed = kinds.map(() => 0);
  const total = kinds.reduce((sum, { perMille }) => sum + perMille, 0);
  return () => {
    for (const [index, { perMille }] of kinds.entries()) owed[index]! += perMille / total;
    const next = owed.indexOf(Math.max(...owed));
    owed[next]! -= 1;
    return kinds[next]!;
  };
}
