import type { Reader } from './env-reader.ts';
import type { Problem } from './problem.ts';

/** A second model. */
export interface ModelB {
  readonly dir: string;
  /** Its share of the requests, in percent. */
  readonly percent: number;
}

/**
 * Settings for what the service records in addition to its responses, and the limits of what it stores for
 * that.
 */
export interface RecordingConfig {
  /** MODEL_B_DIR and MODEL_B_SHARE. */
  readonly modelB: ModelB | undefined;
  /** VALUE_PER_PREDICTION: the value of one text's prediction, in a unit of your own. */
  readonly valuePerPrediction: number;
  /** EXPLAIN_MAX_WORDS: words per text to explain; each costs an inference. */
  readonly maxExplainedWords: number;
  /** FEEDBACK_WINDOW: feedback is accepted for this many most recent predictions. */
  readonly feedbackWindow: number;
  /** DRIFT_WINDOW: number of recent predictions compared with the reference. */
  readonly driftWindow: number;
  /** EXPECTED_POSITIVE_RATIO: the expected share of positive predictions; undefined means that of the reference. */
  readonly expectedPositiveRatio: number | undefined;
}

export function readRecordingConfig(read: Reader, problems: Problem[]): RecordingConfig {
  return {
    modelB: readModelB(read, problems),
    valuePerPrediction: read.decimal('VALUE_PER_PREDICTION', 0, 1_000_000) ?? 0,
    maxExplainedWords: read.whole('EXPLAIN_MAX_WORDS', 1, 1000) ?? 64,
    feedbackWindow: read.whole('FEEDBACK_WINDOW', 1, 10_000_000) ?? 100_000,
    driftWindow: read.whole('DRIFT_WINDOW', 100, 1_000_000) ?? 2000,
    expectedPositiveRatio: read.decimal('EXPECTED_POSITIVE_RATIO', 0, 1),
  };
}

function readModelB(read: Reader, problems: Problem[]): ModelB | undefined {
  const dir = read.text('MODEL_B_DIR');
  const share = read.text('MODEL_B_SHARE');
  if (dir === undefined) {
    if (share === undefined) return undefined;
    const message = `"${share}" has no effect without MODEL_B_DIR, the folder of the second model`;
    problems.push({ code: 'conflict', path: 'MODEL_B_SHARE', message });
    return undefined;
  }
  if (share === undefined) return { dir, percent: 10 };
  const percent = /^\d{1,3}(\.\d{1,6})?%$/.test(share) ? Number(share.slice(0, -1)) : Number.NaN;
  if (percent >= 0 && percent <= 100) return { dir, percent };
  const message = `"${share}" is not a share from 0% to 100%, such as 10% or 0.5%`;
  problems.push({ code: 'out_of_range', path: 'MODEL_B_SHARE', message });
  return undefined;
}
