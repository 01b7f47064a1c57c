import type { Evidence, Reading, RunRecord, Sample, Verdict } from '../../slas/model/model.ts';
import { stretchOf } from '../../slas/prometheus/merging.ts';
import { verdictDocument } from '../../slas/render/json.ts';

/** Lists the differences between a stored judgement and a new one; empty if they agree. */

/** Fields that depend on the time of the query, and not on the run. */
const NOT_COMPARED = ['query'];
/** Fields that earlier versions did not store for runs with a fixed duration. */
const NEW_SINCE_FLIPS = ['flips'];
/** Fields that the first version of verdict.json lacked, or whose wording differed. */
const NEW_SINCE_FIRST = ['schema', 'summary', 'summaryReason', 'reason', 'reasons', 'detail', 'note'];

/** Lists the fields in which two verdicts differ, for example `objectives.latency-p95.samples: 360 before, 361 now`. */
export const verdictDifferences = (before: Verdict, now: Verdict): readonly string[] =>
  fieldDifferences('', verdictDocument(before), verdictDocument(now), NOT_COMPARED);

/** Compares a stored verdict of any version with a new one. The wording of the first version is not compared. */
export function storedDifferences(stored: { readonly schema: string }, now: Verdict): readonly string[] {
  const isFirst = stored.schema === 'sla-harness/verdict/v1';
  return fieldDifferences('', stored, verdictDocument(now), [
    ...NOT_COMPARED,
    ...(isFirst ? NEW_SINCE_FIRST : []),
    ...('flips' in stored ? [] : NEW_SINCE_FLIPS),
  ]);
}

function fieldDifferences(
  path: string,
  before: unknown,
  now: unknown,
  notCompared: readonly string[],
): string[] {
  if (!isNode(before) || !isNode(now)) {
    return Object.is(before, now) ? [] : [`${path}: ${asText(before)} before, ${asText(now)} now`];
  }
  const [old, fresh] = [membersOf(before), membersOf(now)];
  const names = [...new Set([...Object.keys(old), ...Object.keys(fresh)])];
  return names
    .filter((name) => !notCompared.includes(name))
    .flatMap((name) =>
      fieldDifferences(path === '' ? name : `${path}.${name}`, old[name], fresh[name], notCompared),
    );
}

const isNode = (value: unknown): value is object => typeof value === 'object' && value !== null;
const asText = (value: unknown) => (value === undefined ? 'nothing' : JSON.stringify(value));

/** Elements with an id are compared by id, so that an additional objective does not shift the others. */
function membersOf(node: object): Record<string, unknown> {
  if (!Array.isArray(node)) return node as Record<string, unknown>;
  return Object.fromEntries(node.map((one, index) => [(one as { id?: string } | null)?.id ?? index, one]));
}

/** The objectives whose samples, value or share differ. */
export function countDifferences(before: Verdict, now: Verdict): readonly string[] {
  return now.objectives.flatMap(({ id, samples, value, share }) => {
    const old = before.objectives.find((one) => one.id === id);
    const isSame = old?.samples === samples && old.value === value && old.share === share;
    return isSame ? [] : [id];
  });
}

// ---------------------------------------------------------------------------------------------- evidence

/**
 * Compares the readings of each selector by series and sample, in the time that both cover. The first query was sent when
 * the window closed; a later query also returns later scrapes. The server's aggregates are compared in the same way.
 */
export function evidenceDifferences(
  before: Evidence,
  now: Evidence,
  { window }: RunRecord,
): readonly string[] {
  const [old, fresh] = [byQuestion(before), byQuestion(now)];
  const questions = [...new Set([...old.keys(), ...fresh.keys()])];
  return questions.flatMap((question) => {
    const [stored, asked] = [old.get(question), fresh.get(question)];
    if (stored === undefined || asked === undefined)
      return [`${question}: queried only ${stored === undefined ? 'now' : 'before'}`];
    return readingDifferences(stored, asked, window.toSeconds).map(
      (difference) => `${question}: ${difference}`,
    );
  });
}

/** Groups the readings by selector, and the aggregates by selector and function. */
const byQuestion = ({ readings }: Evidence) =>
  Map.groupBy(readings, ({ selector, digest }) =>
    digest === undefined ? selector : `${digest} of ${selector}`,
  );

function readingDifferences(
  old: readonly Reading[],
  fresh: readonly Reading[],
  windowEndSeconds: number,
): string[] {
  const answers: string[] = [];
  const [errors, freshErrors] = [errorsOf(old), errorsOf(fresh)];
  if (asText(errors) !== asText(freshErrors))
    answers.push(`error ${asText(errors)} before, ${asText(freshErrors)} now`);
  const [warnings, freshWarnings] = [warningsOf(old), warningsOf(fresh)];
  if (asText(warnings) !== asText(freshWarnings))
    answers.push(`warnings ${asText(warnings)} before, ${asText(freshWarnings)} now`);
  if (errors !== null || freshErrors !== null) return answers;
  const [before, now] = [byLabels(old), byLabels(fresh)];
  const series = [...new Set([...before.keys(), ...now.keys()])].flatMap((labels) => {
    const stored = (before.get(labels) ?? []).filter(([at]) => isCovered(at, fresh));
    const lastSeconds = Math.max(windowEndSeconds, stored.at(-1)?.[0] ?? 0);
    const asked = (now.get(labels) ?? []).filter(([at]) => isCovered(at, old) && at <= lastSeconds);
    const difference = sampleDifferences(stored, asked);
    return difference === null ? [] : [`series ${labels}: ${difference}`];
  });
  return [...answers, ...series];
}

const errorsOf = (readings: readonly Reading[]) =>
  readings.find(({ error }) => error !== null)?.error ?? null;

const warningsOf = (readings: readonly Reading[]) => readings.flatMap(({ warnings }) => warnings);

/**
 * Aggregates were queried at the same times, so they are always compared. Raw samples are compared only where both readings
 * cover the time.
 */
const isCovered = (atSeconds: number, readings: readonly Reading[]) =>
  readings.some((reading) => {
    if (reading.digest !== undefined) return true;
    const [fromSeconds] = stretchOf(reading);
    // The last reading may have been queried before later scrapes happened.
    const isLast = readings.every((one) => one.atSeconds <= reading.atSeconds);
    return atSeconds > fromSeconds && (isLast || atSeconds <= reading.atSeconds);
  });

function byLabels(readings: readonly Reading[]): ReadonlyMap<string, readonly Sample[]> {
  const found = new Map<string, Sample[]>();
  for (const { labels, samples } of readings.flatMap(({ series }) => series)) {
    const key = JSON.stringify(Object.entries(labels).sort());
    found.set(key, [...(found.get(key) ?? []), ...samples]);
  }
  for (const samples of found.values()) samples.sort(([a], [b]) => a - b);
  return found;
}

function sampleDifferences(stored: readonly Sample[], asked: readonly Sample[]): string | null {
  const [old, fresh] = [new Map(stored), new Map(asked)];
  const times = [...new Set([...old.keys(), ...fresh.keys()])].sort((a, b) => a - b);
  const differing = times.filter((at) => old.get(at) !== fresh.get(at));
  const first = differing[0];
  if (first === undefined) return null;
  const when = new Date(first * 1000).toISOString();
  const [was, is] = [old.get(first) ?? 'no sample', fresh.get(first) ?? 'no sample'];
  return `${differing.length} of ${times.length} samples differ, the first at ${when}: ${was} before, ${is} now`;
}
