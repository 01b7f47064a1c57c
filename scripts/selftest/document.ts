import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDocument as parseYaml } from 'yaml';
import { parseDocument } from '../../slas/document/document.ts';
import type { SlaDocument } from '../../slas/model/model.ts';
import { HarnessError } from '../cli/errors.ts';
import { readDocument } from '../cli/inputs.ts';
import type { Io } from '../cli/io.ts';

export const SCENARIO = 'selftest';

/**
 * Enough for a p99, for a census of scrapes and for an interval (12 blocks between scrapes), and no more. 1% of 600
 * requests is 6: 0.8% is at most 5, and 1.2% at least 7, even if k6 sends one request too many. Slow responses are
 * padded to 600 ms, so no request takes longer than 1 s. k6 starts with as many virtual users as can then be waiting.
 */
const LOAD = {
  description: '12 s at 50 requests a second, the shortest that can tell 0.8% from 1.2%',
  rate: '50/s',
  duration: '12s',
  seed: 1,
  requestTimeout: '1s',
};

export interface SelftestDocument {
  readonly document: SlaDocument;
  readonly file: string;
}

export async function writeDocument(folder: string, io: Io): Promise<SelftestDocument> {
  const read = await readDocument(io, undefined);
  if (!read.ok) throw broken(read.error[0]!.message);
  const { document, text } = deriveDocument(read.value.text);
  const file = join(folder, 'selftest.yaml');
  await writeFile(file, text);
  return { document, file };
}

/** The shipped document including its limits, with a short load. The limits are not repeated here. */
export function deriveDocument(shipped: string): { readonly document: SlaDocument; readonly text: string } {
  const yaml = parseYaml(shipped);
  yaml.set('scenarios', yaml.createNode({ [SCENARIO]: LOAD }));
  yaml.set('defaultScenario', SCENARIO);
  const text = yaml.toString();
  const parsed = parseDocument(text);
  if (!parsed.ok) throw broken(parsed.error[0]!.message);
  return { document: parsed.value, text };
}

const broken = (message: string) =>
  new HarnessError('bad-document', `the shipped SLA document cannot be used: ${message}`, {
    nextStep: 'see ./sla check slas/documents/sentiment-api.yaml',
  });
