import { claimsCode } from '../document/statuses.ts';
import type { ClientRequests, LoadRecord } from '../model/model.ts';
import type { Block } from '../statistics/design-effect.ts';
import { nthSmallest } from './nth.ts';
import { slotsOf } from './slots.ts';

/**
 * Queries over a client's requests. No other module of the core reads their columns. There may be millions,
 * so nothing here creates an object for each, and a condition on the outcome is evaluated once for each
 * distinct outcome.
 */

/** The outcome of a request. */
export interface Outcome {
  /** The status as text; `0` means that there was no response. */
  readonly status: string;
  readonly path: string;
}

type Condition = (outcome: Outcome) => boolean;
type Requests = ClientRequests | null | undefined;

export const isLost: Condition = ({ status }) => status === '0';

/** Whether there was a response whose status matches this pattern (null: any status). */
export function isAnsweredWith(status: string | null): Condition {
  const isClaimed = claimsCode(status ?? '[1-5]..');
  return (one) => !isLost(one) && isClaimed(one.status);
}

/** All responses that the client received, with any status. */
export const allResponses = ({ answered }: Pick<LoadRecord, 'answered'>) =>
  Object.values(answered).reduce((sum, count) => sum + count, 0);

// ---------------------------------------------------------------------------------------------- counting

/** The outcomes of a record; empty if there is no record. */
export const countOf = (client: Requests): number => client?.status.length ?? 0;

export interface CountedOutcome extends Outcome {
  readonly count: number;
}

/** Outcomes by their number in the columns, in the order of first occurrence. */
type Outcomes = ReadonlyMap<number, CountedOutcome>;

/** Counts are cached, so each record is counted once, however many objectives use it. */
const counted = new WeakMap<ClientRequests, Outcomes>();

function outcomesIn(client: ClientRequests): Outcomes {
  const known = counted.get(client) ?? countOutcomes(client);
  counted.set(client, known);
  return known;
}

function countOutcomes(
  { status, path, paths }: ClientRequests,
  isWanted: (index: number) => boolean = () => true,
): Outcomes {
  const counts = new Map<number, number>();
  for (let index = 0; index < status.length; index++) {
    if (!isWanted(index)) continue;
    const key = keyOf(status[index]!, path[index]!);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return new Map(
    [...counts].map(([key, count]) => [
      key,
      { status: String(key % 2 ** 16), path: paths[Math.floor(key / 2 ** 16)] ?? '', count },
    ]),
  );
}

const keyOf = (status: number, path: number) => path * 2 ** 16 + status;

/** How long all requests took together. */
export const totalSeconds = ({ durationSeconds }: ClientRequests): number =>
  durationSeconds.reduce((sum, seconds) => sum + seconds, 0);

/** How many requests had each outcome. */
export const outcomesOf = (client: Requests): readonly CountedOutcome[] =>
  client == null ? [] : [...outcomesIn(client).values()];

export const countIn = (outcomes: readonly CountedOutcome[], is: Condition): number =>
  outcomes.reduce((sum, outcome) => sum + (is(outcome) ? outcome.count : 0), 0);

export const countWhere = (client: Requests, is: Condition): number => countIn(outcomesOf(client), is);

/** For requests whose start and end (in Unix seconds) satisfy the conditions: how many had each outcome. */
export function outcomesWhen(
  client: ClientRequests,
  isThen: (sentSeconds: number, endedSeconds: number, isLost: boolean) => boolean,
): readonly CountedOutcome[] {
  const { originSeconds, startSeconds, durationSeconds, status } = client;
  const outcomes = countOutcomes(client, (index) => {
    const sent = originSeconds + startSeconds[index]!;
    return isThen(sent, sent + durationSeconds[index]!, status[index] === 0);
  });
  return [...outcomes.values()];
}

// ---------------------------------------------------------------------------------------------- selecting

/** Positions in the columns, in order. */
function positionsWhere(client: ClientRequests, is: Condition): Uint32Array {
  const outcomes = outcomesIn(client);
  const wanted = new Set([...outcomes].flatMap(([key, outcome]) => (is(outcome) ? [key] : [])));
  if (wanted.size === outcomes.size) return positionsIn(client, () => true);
  const { status, path } = client;
  return positionsIn(client, (index) => wanted.has(keyOf(status[index]!, path[index]!)));
}

function positionsIn(client: ClientRequests, isWanted: (index: number) => boolean): Uint32Array {
  const positions = new Uint32Array(countOf(client));
  let count = 0;
  for (let index = 0; index < positions.length; index++) if (isWanted(index)) positions[count++] = index;
  // A copy that is nearly as long would only take more memory.
  return count > positions.length / 2 ? positions.subarray(0, count) : positions.slice(0, count);
}

function valuesAt(positions: Uint32Array, valueFor: (index: number) => number): Float64Array {
  const values = new Float64Array(positions.length);
  for (let index = 0; index < values.length; index++) values[index] = valueFor(positions[index]!);
  return values;
}

/** The same columns at these positions only; starts may be shifted. */
function takeAt(
  client: ClientRequests,
  positions: Uint32Array,
  startFor = (startSeconds: number) => startSeconds,
): ClientRequests {
  const status = new Uint16Array(positions.length);
  const path = new Uint16Array(positions.length);
  for (let index = 0; index < positions.length; index++) {
    status[index] = client.status[positions[index]!]!;
    path[index] = client.path[positions[index]!]!;
  }
  return {
    ...client,
    startSeconds: valuesAt(positions, (index) => startFor(client.startSeconds[index]!)),
    durationSeconds: valuesAt(positions, (index) => client.durationSeconds[index]!),
    blockedSeconds: valuesAt(positions, (index) => client.blockedSeconds[index]!),
    status,
    path,
  };
}

/** The requests with such an outcome, by their positions in the columns. */
export interface Selection {
  readonly client: ClientRequests;
  readonly positions: Uint32Array;
}

export const selectWhere = (client: ClientRequests, is: Condition): Selection => ({
  client,
  positions: positionsWhere(client, is),
});

/** The durations of the requests at these positions, in ascending order; infinite without a response. */
export const ascendingSeconds = ({ client, positions }: Selection): Float64Array =>
  valuesAt(positions, (index) => waitAt(client, index)).sort();

/** The connecting time at the given position of the ascending order. */
export const nthBlocked = ({ client, positions }: Selection, position: number): number =>
  nthSmallest(positions.length, (at) => client.blockedSeconds[positions[at]!]!, position);

export const waitAt = ({ status, durationSeconds }: ClientRequests, index: number): number =>
  status[index] === 0 ? Number.POSITIVE_INFINITY : durationSeconds[index]!;

/** For each limit, the number of requests in each second (by start, from the record's origin), and how many of these took longer. */
export function slowerBySecond(
  { client, positions }: Selection,
  limitsSeconds: readonly number[],
): readonly (readonly Block[])[] {
  const { startSeconds } = client;
  return slotsOf(
    positions.length,
    (at) => startSeconds[positions[at]!]!,
    (at) => waitAt(client, positions[at]!),
    limitsSeconds,
  );
}

const ALL: Condition = () => true;

/** When the requests were sent, relative to an origin in Unix seconds (0: Unix time itself). */
export function startsWhere(client: Requests, is: Condition = ALL, sinceSeconds = 0): Float64Array {
  if (client == null) return new Float64Array();
  const shift = client.originSeconds - sinceSeconds;
  return valuesAt(positionsWhere(client, is), (index) => shift + client.startSeconds[index]!);
}

/** When the requests ended, relative to the record's origin, in ascending order. */
export function endsWhere(client: ClientRequests, is: Condition): Float64Array {
  const { startSeconds, durationSeconds } = client;
  return valuesAt(
    positionsWhere(client, is),
    (index) => startSeconds[index]! + durationSeconds[index]!,
  ).sort();
}

/** Successful requests in order of their ends (in Unix seconds), with their durations. */
export function successesByEnd(client: ClientRequests) {
  const { originSeconds, startSeconds, durationSeconds } = client;
  const positions = positionsWhere(client, ({ status }) => status.startsWith('2'));
  const endOf = (index: number) => originSeconds + startSeconds[index]! + durationSeconds[index]!;
  const ends = valuesAt(positions, endOf);
  // The record is ordered by end to within a microsecond, so most stay in place.
  const isOrdered = ends.every((end, index) => index === 0 || ends[index - 1]! <= end);
  const ordered = isOrdered ? positions : positions.toSorted((a, b) => endOf(a) - endOf(b) || a - b);
  return {
    endSeconds: isOrdered ? ends : valuesAt(ordered, endOf),
    durationSeconds: valuesAt(ordered, (index) => durationSeconds[index]!),
  };
}

// ---------------------------------------------------------------------------------------------- by time

type Moment = (unixSeconds: number) => boolean;

/** How many requests were sent at a time that satisfies the condition. */
export function countSent({ originSeconds, startSeconds }: ClientRequests, isThen: Moment): number {
  let count = 0;
  for (const start of startSeconds) if (isThen(originSeconds + start)) count++;
  return count;
}

/** The Unix times from one to the other at which requests were sent, in ascending order. */
export function sentBetween(client: ClientRequests, fromSeconds: number, toSeconds: number): Float64Array {
  const { originSeconds, startSeconds } = client;
  const positions = positionsIn(client, (index) => {
    const at = originSeconds + startSeconds[index]!;
    return at >= fromSeconds && at < toSeconds;
  });
  return valuesAt(positions, (index) => originSeconds + startSeconds[index]!).sort();
}

/** The requests whose start satisfies the condition, as a record that begins at `originSeconds`. */
export function sentAt(client: ClientRequests, isThen: Moment, originSeconds: number): ClientRequests {
  const { originSeconds: origin, startSeconds } = client;
  const positions = positionsIn(client, (index) => isThen(origin + startSeconds[index]!));
  const shiftMs = (origin - originSeconds) * 1000;
  // Starts are rounded to whole microseconds again, so that a request at the edge of a second stays in that second.
  const shifted = (start: number) => Math.round((start * 1000 + shiftMs) * 1000) / 1000 / 1000;
  return { ...takeAt(client, positions, shifted), originSeconds };
}

/** The requests of each of these kinds, by start, end (in Unix seconds) and outcome; null: none. */
export function ofKinds<K extends string>(
  client: ClientRequests,
  kinds: readonly K[],
  kindOf: (sentSeconds: number, endedSeconds: number, isLost: boolean) => K | null,
): Readonly<Record<K, ClientRequests>> {
  const { originSeconds, startSeconds, durationSeconds, status } = client;
  const positions = new Map(kinds.map((kind) => [kind, [] as number[]]));
  for (let index = 0; index < status.length; index++) {
    const sent = originSeconds + startSeconds[index]!;
    const kind = kindOf(sent, sent + durationSeconds[index]!, status[index] === 0);
    if (kind !== null) positions.get(kind)!.push(index);
  }
  const taken = kinds.map((kind) => [kind, takeAt(client, Uint32Array.from(positions.get(kind)!))]);
  return Object.fromEntries(taken) as Record<K, ClientRequests>;
}

/** Equal times must not differ by floating-point error. */
const micros = (seconds: number) => Math.round(seconds * 1e6);

/** The maximum number of requests that were in flight at the same time. */
export function maxInFlight({ startSeconds, durationSeconds }: ClientRequests): number {
  const starts = startSeconds.map(micros).sort();
  const ends = startSeconds.map((start, index) => micros(start + durationSeconds[index]!)).sort();
  let [ended, most] = [0, 0];
  for (let sent = 0; sent < starts.length; sent++) {
    // A client may send its next request at the very moment when the previous one ends.
    while (ends[ended]! <= starts[sent]!) ended++;
    most = Math.max(most, sent + 1 - ended);
  }
  return most;
}

// ---------------------------------------------------------------------------------------------- sorted values

/** How many of these ascending values are at or below a limit. */
export function rankOf(ascending: Float64Array, limit: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
