import { setTimeout as sleep } from 'node:timers/promises';
import { dealEvenly } from '../../service/faults.ts';
import type { Answer, Behaviour } from './relay.ts';

/** The ways in which a relay can misbehave instead of forwarding. */

// ---------------------------------------------------------------------------------------------- between Prometheus and the service

/** Sends no response for as long as the caller waits. */
export const block: Behaviour = ({ gone }) =>
  new Promise((_, reject) => {
    gone.addEventListener('abort', () => reject(new Error('gone')), { once: true });
  });

/** Sends a 200 and its headers, but no metrics. */
export const answerGarbage: Behaviour = async () => ({
  status: 200,
  type: 'text/plain; version=0.0.4',
  body: '<!doctype html>\n<title>Please log in</title>\n}{ 12 = NaN\n',
});

/** Behaves like an overloaded service that returns no metrics. */
export const refuse: Behaviour = async () => ({
  status: 503,
  type: 'text/plain',
  body: 'try again later\n',
});

/** Renames a metric on every line. */
export const renameMetric = (from: string, to: string): Behaviour =>
  changeBody((text) => text.replaceAll(new RegExp(`^((?:# \\w+ )?)${from}`, 'gm'), `$1${to}`));

/** Leaves series out, as if they had never existed. */
export const dropSeries = (line: RegExp): Behaviour =>
  changeBody((text) =>
    text
      .split('\n')
      .filter((one) => !line.test(one))
      .join('\n'),
  );

const changeBody =
  (change: (text: string) => string): Behaviour =>
  async (_, forward) => {
    const answer = await forward();
    return { ...answer, body: change(answer.body) };
  };

// ---------------------------------------------------------------------------------------------- between us and Prometheus

/**
 * A Prometheus whose clock is ahead (or, if negative, behind): it is queried for a shifted time, and its results are shifted
 * back.
 */
export const shiftClock =
  (aheadSeconds: number): Behaviour =>
  async ({ path }, forward) => {
    const url = new URL(path, 'http://relay');
    const time = url.searchParams.get('time');
    if (time !== null) url.searchParams.set('time', String(Number(time) - aheadSeconds));
    const answer = await forward(url.pathname + url.search);
    return { ...answer, body: shiftTimes(answer, aheadSeconds) };
  };

type Pair = [number, string];
interface Answered {
  data?: { resultType?: string; result?: unknown };
}

function shiftTimes({ status, body }: Answer, bySeconds: number): string {
  if (status !== 200) return body;
  const answered = JSON.parse(body) as Answered;
  const { resultType, result } = answered.data ?? {};
  if (resultType === 'matrix') {
    for (const { values } of result as { values: Pair[] }[]) for (const pair of values) pair[0] += bySeconds;
  }
  // The only scalar query asks for the server's time.
  if (resultType === 'scalar') {
    const pair = result as Pair;
    pair[0] += bySeconds;
    pair[1] = String(Number(pair[1]) + bySeconds);
  }
  return JSON.stringify(answered);
}

// ---------------------------------------------------------------------------------------------- in front of the service

/** A front that replaces each body with an error, and keeps the status. */
export const errorInBody: Behaviour = async (_, forward) => ({
  ...(await forward()),
  body: '{"error":"the backend is not ready"}',
});

/** A front that finds no backend for a share of the requests, spread evenly. */
export function refuseShare(percent: number): Behaviour {
  const isNextRefused = dealEvenly(percent);
  return async (_, forward) =>
    isNextRefused() ? { status: 503, type: 'text/plain', body: 'no backend\n' } : await forward();
}

/** Lets this many requests per second through, in order of arrival; the others wait their turn. */
export function admit(perSecond: number): Behaviour {
  let line: Promise<unknown> = Promise.resolve();
  return async ({ gone }, forward) => {
    line = line.then(() => (gone.aborted ? undefined : sleep(1000 / perSecond)));
    await line;
    gone.throwIfAborted();
    return await forward();
  };
}
