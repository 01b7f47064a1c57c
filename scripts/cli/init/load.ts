import type { PlannedObjective, SlaDocument } from '../../../slas/model/model.ts';
import { strictest } from '../../../slas/plan/document-warnings.ts';
import { countOf, formatCount, formatValue } from '../../../slas/render/numbers.ts';
import { accept, badOption, type Input } from '../inputs.ts';
import type { Choices, InitOptions } from './choices.ts';

/** Chooses the load of the generated script, so that it decides every objective of the document. */

/** The maximum duration that `init` chooses by itself. */
const MAX_CHOSEN_SECONDS = 600;

export interface FittedLoad {
  readonly choices: Choices;
  /** The load in words, for the list of choices; null: the operator's script defines the load. */
  readonly words: string | null;
}

export function fitLoad(document: SlaDocument, choices: Choices, options: InitOptions): Input<FittedLoad> {
  if (choices.script !== null) return accept({ choices, words: null });
  const { ratePerSecond, durationSeconds } = choices;
  const objective = strictest(document);
  const least = objective?.leastSamples ?? 0;
  if (objective === null || requestsOf(choices) >= least)
    return accept({ choices, words: loadInWords(choices, objective) });
  const seconds = Math.ceil(least / ratePerSecond / 10) * 10;
  if (options.duration === undefined && seconds <= MAX_CHOSEN_SECONDS) {
    const longer = { ...choices, durationSeconds: seconds };
    return accept({ choices: longer, words: loadInWords(longer, objective) });
  }
  const planned = `${formatCount(durationSeconds)} s at ${formatValue(ratePerSecond, 'per_second')} send ${countOf(requestsOf(choices), 'request')}, but ${needs(objective)}`;
  return options.duration === undefined
    ? badOption('--rate', `${planned}: use ${remedies(least, choices, MAX_CHOSEN_SECONDS)}`)
    : badOption('--duration', `${planned}: use ${remedies(least, choices, durationSeconds)}`);
}

const requestsOf = ({ ratePerSecond, durationSeconds }: Choices) =>
  Math.floor(ratePerSecond * durationSeconds);

const needs = ({ id, target, leastSamples }: PlannedObjective) =>
  `objective "${id}" (${target.text}) cannot be decided by fewer than ${formatCount(leastSamples)}`;

/** Suggests round numbers that are not below the required ones. */
function remedies(least: number, { ratePerSecond }: Choices, seconds: number): string {
  const longer = Math.ceil(Math.ceil(least / ratePerSecond) / 5) * 5;
  const faster = Math.ceil(least / seconds / 5) * 5;
  return `--duration ${longer}s, or --rate ${faster}/s${seconds === MAX_CHOSEN_SECONDS ? ` --duration ${seconds}s` : ''}`;
}

function loadInWords(choices: Choices, objective: PlannedObjective | null): string {
  const { ratePerSecond, durationSeconds } = choices;
  const load = `load: ${formatValue(ratePerSecond, 'per_second')} for ${formatCount(durationSeconds)} s, ${countOf(requestsOf(choices), 'request')}`;
  const least =
    objective === null
      ? ''
      : ` (objective "${objective.id}" needs at least ${formatCount(objective.leastSamples)})`;
  return `${load}${least}; change it with --rate and --duration`;
}
