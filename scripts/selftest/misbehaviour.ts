import { setTimeout as sleep } from 'node:timers/promises';
import { dealEvenly } from '../../service/faults.ts';
import type { Answer, Behaviour } from './relay.ts';

/** What a relay may do instead of passing on. */

// ---------------------------------------------------------------------------------------------- between Prometheus and the service

/** No answer, for as long as whoever asks will wait. */
export const block: Behaviour = ({ gone }) =>
  new Promise((_, reject) => {
    gone.addEventListener('abort', () => reject(new Error('gone')), { once: true });
  });

/** Says that all is well, and then no metrics. */
export const answerGarbage: Behaviour = async () => ({
  status: 200,
  type: 'text/plain; version=0.0.4',
  body: '<!doctype html>\n<title>Please log in</title>\n}{ 12 = NaN\n',
});

/** Overloaded: no metrics this time. */
export const refuse: Behaviour = async () => ({
  status: 503,
  type: 'text/plain',
  body: 'try again later\n',
});

/** Another name for a metric, in every line that has it. */
export const renameMetric = (from: string, to: string): Behaviour =>
  changeBody((text) => text.replaceAll(new RegExp(`^((?:# \\w+ )?)${from}`, 'gm'), `$1${to}`));

/** As though some series had never been there. */
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

/** A Prometheus whose clock is ahead (or, below 0, behind): it is asked for another time, and answers with another. */
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
  // The one scalar that is asked for is the server's time.
  if (resultType === 'scalar') {
    const pair = result as Pair;
    pair[0] += bySeconds;
    pair[1] = String(Number(pair[1]) + bySeconds);
  }
  return JSON.stringify(answered);
}

// ---------------------------------------------------------------------------------------------- in front of the service

/** A front that puts an error in place of each body, and leaves the status as it is. */
export const errorInBody: Behaviour = async (_, forward) => ({
  ...(await forward()),
  body: '{"error":"the backend is not ready"}',
});

/** A front that finds no backend for a share of the requests, dealt out evenly. */
export function refuseShare(percent: number): Behaviour {
  const isNextRefused = dealEvenly(percent);
  return async (_, forward) =>
    isNextRefused() ? { status: 503, type: 'text/plain', body: 'no backend\n' } : await forward();
}

/** Lets so many a second through, in the order of arrival; the others wait until they are gone. */
export function admit(perSecond: number): Behaviour {
  let line: Promise<unknown> = Promise.resolve();
  return async ({ gone }, forward) => {
    line = line.then(() => (gone.aborted ? undefined : sleep(1000 / perSecond)));
    await line;
    gone.throwIfAborted();
    return await forward();
  };
}
