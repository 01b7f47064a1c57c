import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { folderOf } from '../classifier/model-files.ts';
import type { ModelChoice } from '../config.ts';
import type { DriftFeature } from '../metric-names.ts';

/** A histogram: `counts[i]` values were at most `edges[i]` and above the edge before; the last count is of those above all. */
export interface Histogram {
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

/** What predictions were like when the model was put into use: what traffic is held against. Counts only, no text. */
export interface Reference {
  readonly model: string;
  /** Of the model, as `sentiment_model_info` tells it: another version's confidences are no reference for this one's. */
  readonly version: string;
  /** What the predictions were made from, for people. */
  readonly source: string;
  readonly predictions: number;
  readonly positive: number;
  readonly features: Readonly<Record<DriftFeature, Histogram>>;
}

const fileName = 'reference.json';

/**
 * The reference in the model's folder or beside it, if there is one for this version of the model; a model of the hub has none.
 * Throws on a broken file.
 */
export function referenceOf(choice: ModelChoice, version: string): Reference | undefined {
  if (choice.kind === 'hub') return undefined;
  const dir = folderOf(choice);
  const path = [join(dir, fileName), join(dirname(dir), fileName)].find(existsSync);
  if (path === undefined) return undefined;
  const reference = JSON.parse(readFileSync(path, 'utf8')) as Reference;
  return reference.version === version ? reference : undefined;
}
