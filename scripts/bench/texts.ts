import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { locateModel } from '../../service/classifier/model-files.ts';
import { WorkerPool } from '../../service/classifier/worker-pool.ts';

/** A text of the load's corpus, with its number of word pieces. */
export interface MeasuredText {
  readonly text: string;
  readonly pieces: number;
}

/** Texts with at most this many word pieces are short; the comparison uses these. */
export const shortPieces = 64;

const longestMs = 120_000;

/** The corpus of the load scenarios, counted by the model's own tokenizer. */
export async function readTexts(root: string, signal: AbortSignal): Promise<readonly MeasuredText[]> {
  const file = join(root, 'loadtests', 'lib', 'corpus.json');
  const { texts } = JSON.parse(await readFile(file, 'utf8')) as { texts: readonly { text: string }[] };
  const settings = await locateModel({ kind: 'embedded' });
  await using pool = new WorkerPool({ settings, queueLimit: texts.length });
  await pool.start();
  const all = texts.map(({ text }) => text);
  const answers = await pool.classify(all, { deadlineMs: longestMs, isAbandoned: () => signal.aborted });
  return all.map((text, index) => ({ text, pieces: answers[index]!.pieces }));
}
