import type { Evidence, Reading, RunRecord, Sample, Series, Verdict } from '../slas/model.ts';

/** In what a second look differs from the first, in words, a line each. Nothing: they agree. */

// ---------------------------------------------------------------------------------------------- verdicts

/** Fields whose value follows from the time at which was asked, not from what happened. */
const NOT_COMPARED = ['query'];

/** Every field in which two verdicts differ, as `objectives.latency-p95.samples: 360 before, 361 now`. */
export function verdictDifferences(before: Verdict, now: Verdict): readonly string[] {
  return fieldDifferences('', before, now);
}

function fieldDifferences(path: string, before: unknown, now: unknown): string[] {
  if (!isNode(before) || !isNode(now)) {
    return Object.is(before, now) ? [] : [`${path}: ${told(before)} before, ${told(now)} now`];
  }
  const [old, fresh] = [membersOf(before), membersOf(now)];
  const names = [...new Set([...Object.keys(old), ...Object.keys(fresh)])];
  return names
    .filter((name) => !NOT_COMPARED.includes(name))
    .flatMap((name) => fieldDifferences(path === '' ? name : `${path}.${name}`, old[name], fresh[name]));
}

const isNode = (value: unknown): value is object => typeof value === 'object' && value !== null;
const told = (value: unknown) => (value === undefined ? 'nothing' : JSON.stringify(value));

/** Elements that have an id are called by it: an objective more moves no other. */
function membersOf(node: object): Record<string, unknown> {
  if (!Array.isArray(node)) return node as Record<string, unknown>;
  return Object.fromEntries(node.map((one, index) => [(one as { id?: string } | null)?.id ?? index, one]));
}

/** Objectives whose counts are not the same: their samples, or what was computed from them. */
export function countDifferences(before: Verdict, now: Verdict): readonly string[] {
  return now.objectives.flatMap(({ id, samples, value, share }) => {
    const old = before.objectives.find((one) => one.id === id);
    const isSame = old?.samples === samples && old.value === value && old.share === share;
    return isSame ? [] : [id];
  });
}

// ---------------------------------------------------------------------------------------------- evidence

/**
 * Compares what was read of each selector, series by series and sample by sample, over the time that both cover: the first
 * asked as soon as the window was closed, and a later one sees the scrapes after it as well.
 */
export function evidenceDifferences(
  before: Evidence,
  now: Evidence,
  { window }: RunRecord,
): readonly string[] {
  const selectors = [...new Set([...before.readings, ...now.readings].map(({ selector }) => selector))];
  return selectors.flatMap((selector) => {
    const [old, fresh] = [before, now].map((one) =>
      one.readings.find((reading) => reading.selector === selector),
    );
    if (old === undefined || fresh === undefined)
      return [`${selector}: it was asked for only ${old === undefined ? 'now' : 'before'}`];
    return readingDifferences(old, fresh, window.toSeconds).map((difference) => `${selector}: ${difference}`);
  });
}

function readingDifferences(old: Reading, fresh: Reading, windowEndSeconds: number): string[] {
  const answers: string[] = [];
  if (old.error !== fresh.error) answers.push(`error ${told(old.error)} before, ${told(fresh.error)} now`);
  if (told(old.warnings) !== told(fresh.warnings))
    answers.push(`warnings ${told(old.warnings)} before, ${told(fresh.warnings)} now`);
  if (old.error !== null || fresh.error !== null) return answers;
  const fromSeconds = Math.max(startOf(old), startOf(fresh));
  const [before, now] = [byLabels(old.series), byLabels(fresh.series)];
  const series = [...new Set([...before.keys(), ...now.keys()])].flatMap((labels) => {
    const stored = (before.get(labels) ?? []).filter(([at]) => at > fromSeconds);
    const lastSeconds = Math.max(windowEndSeconds, stored.at(-1)?.[0] ?? 0);
    const asked = (now.get(labels) ?? []).filter(([at]) => at > fromSeconds && at <= lastSeconds);
    const difference = sampleDifferences(stored, asked);
    return difference === null ? [] : [`series ${labels}: ${difference}`];
  });
  return [...answers, ...series];
}

/** Where the range of a query begins, which is open on that side. */
function startOf({ query, atSeconds }: Reading): number {
  const range = /\[(\d+)ms\]$/.exec(query);
  return range === null ? Number.NEGATIVE_INFINITY : atSeconds - Number(range[1]) / 1000;
}

const byLabels = (series: readonly Series[]) =>
  new Map(series.map(({ labels, samples }) => [JSON.stringify(Object.entries(labels).sort()), samples]));

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
