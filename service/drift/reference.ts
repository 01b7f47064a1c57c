import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { folderOf } from '../classifier/model-files.ts';
import type { ModelChoice } from '../config.ts';
import type { DriftFeature } from '../metric-names.ts';

/**
 * A histogram. `counts[i]` values were at most `edges[i]` and above the previous edge; the last count is that of the
 * values above all edges.
 */
export interface Histogram {
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

/**
 * Statistics of the predictions when the model was put into use; traffic is compared with them. Counts only,
 * no texts.
 */
export interface Reference {
  readonly model: string;
  /**
   * The model's version, as in `sentiment_model_info`: the confidences of one version cannot serve as a reference for
   * another.
   */
  readonly version: string;
  /** Where the predicted texts come from, for human readers. */
  readonly source: string;
  readonly predictions: number;
  readonly positive: number;
  readonly features: Readonly<Record<DriftFeature, Histogram>>;
}

const fileName = 'reference.json';

/**
 * The reference in the model's folder or its parent, if there is one for this version of the model. A model from the
 * hub has none. Throws if the file is not valid.
 */
export function referenceOf(choice: ModelChoice, version: string): Reference | undefined {
  if (choice.kind === 'hub') return undefined;
  const dir = folderOf(choice);
  const path = [join(dir, fileName), join(dirname(dir), fileName)].find(existsSync);
  if (path === undefined) return undefined;
  const reference = JSON.parse(readFileSync(path, 'utf8')) as Reference;
  return reference.version === version ? reference : undefined;
}
