import type { Problem } from '../model/model.ts';
import { isDuration, parseDuration } from './limits.ts';
import { problem } from './problems.ts';
import type { RawScenario } from './schema.ts';

/** Checks of a scenario that lasts until it is decided. */
export function checkUntil(name: string, raw: RawScenario): Problem[] {
  const path = `scenarios.${name}`;
  const bad = (['atLeast', 'maxDuration'] as const).flatMap((field) => checkField(raw, field, path));
  if (raw.until === undefined || bad.length > 0) return bad;
  return [...severalPhases(name, raw, path), ...twoDurations(raw, path), ...tooLate(raw, path)];
}

function checkField(raw: RawScenario, field: 'atLeast' | 'maxDuration', path: string): Problem[] {
  const text = raw[field];
  if (text === undefined) return [];
  const at = `${path}.${field}`;
  if (raw.until === undefined)
    return [problem('bad-load', at, `${field} needs until: decided: add it, or leave out ${field}`)];
  if (isDuration(parseDuration(text))) return [];
  return [problem('bad-load', at, `"${text}" is not a valid duration (1s to 24h): write it as 60s`)];
}

function severalPhases(name: string, { phases }: RawScenario, path: string): Problem[] {
  if (phases === undefined || phases.length < 2) return [];
  const message = `scenario "${name}" has ${phases.length} phases, and a run that lasts until it is decided needs a single one: leave out until: decided, or use rate and maxDuration`;
  return [problem('several-phases', `${path}.until`, message)];
}

function twoDurations({ duration, phases, maxDuration }: RawScenario, path: string): Problem[] {
  if (maxDuration === undefined || (duration === undefined && phases === undefined)) return [];
  const message =
    'a run that lasts until it is decided has only a maximum duration: leave out duration or maxDuration';
  return [problem('bad-load', `${path}.maxDuration`, message)];
}

/** Options may shorten the run below `atLeast`, but a document should not contradict itself. */
function tooLate({ duration, phases, maxDuration, atLeast }: RawScenario, path: string): Problem[] {
  const longest = maxDuration ?? duration ?? phases?.[0]?.duration;
  if (atLeast === undefined || longest === undefined) return [];
  const [least, most] = [parseDuration(atLeast), parseDuration(longest)];
  if (least === null || most === null || least <= most) return [];
  const message = `atLeast ${atLeast} is longer than the run may last (${longest}): lower it`;
  return [problem('bad-load', `${path}.atLeast`, message)];
}
