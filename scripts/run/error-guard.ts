import { countOf, formatCount } from '../../slas/render/numbers.ts';
import type { SeenRequest } from './record/recorder.ts';

/**
 * A service that was already running may have other users. Its load therefore stops once half of the recent requests are
 * errors. This applies even with --no-abort, and even if no error budget is exceeded.
 */
export interface ErrorGuard {
  see(request: SeenRequest): void;
  /** The reason to stop the load, in words; null while the load may continue. Once set, the reason does not change. */
  reason(): string | null;
}

const WINDOW_SECONDS = 5;
const SHARE = 0.5;
/**
 * The minimum number of requests, because half of very few requests may fail by chance. At 1 request/s, this many requests
 * fill the window.
 */
const MIN_ERRORS = 5;

/** Errors that the service or the network causes. Other refusals are caused by the request. */
const isError = (status: number) => status === 0 || status === 429 || status >= 500;

type Ended = Pick<SeenRequest, 'endMs' | 'status' | 'errorCode'>;

/**
 * The window ends when the latest recorded request ended, because k6 writes its log with a delay.
 * @param url the load target, for the message
 */
export function guardAgainstErrors(url: string): ErrorGuard {
  let recent: Ended[] = [];
  let found: string | null = null;
  return {
    see: (request) => void recent.push(request),
    reason: () => {
      const lastMs = recent.reduce((last, { endMs }) => Math.max(last, endMs), 0);
      recent = recent.filter(({ endMs }) => endMs > lastMs - WINDOW_SECONDS * 1000);
      found ??= reasonOf(recent, url);
      return found;
    },
  };
}

/** k6's error codes for requests without a response (see its package `errext`). */
const CAUSES: Readonly<Record<string, string>> = {
  '1050': 'no response in time',
  '1101': 'unknown host',
  '1211': 'no connection in time',
  '1212': 'connection refused',
  '1220': 'connection reset',
};

function outcomeOf({ status, errorCode }: Ended): string {
  if (status !== 0) return `received a ${status}`;
  const cause = CAUSES[errorCode ?? ''];
  return cause === undefined ? 'unanswered' : `unanswered: ${cause}`;
}

function reasonOf(ended: readonly Ended[], url: string): string | null {
  const errors = ended.filter(({ status }) => isError(status));
  if (errors.length < MIN_ERRORS || errors.length < SHARE * ended.length) return null;
  const kinds = Map.groupBy(
    errors.toSorted((a, b) => a.status - b.status),
    outcomeOf,
  );
  const outcomes = [...kinds].map(([outcome, all]) => `${formatCount(all.length)} ${outcome}`);
  return `${formatCount(errors.length)} of the ${countOf(ended.length, 'request')} to ${url} that ended within ${WINDOW_SECONDS} s were errors (${outcomes.join(', ')}); sla-harness stops the load when half of the requests to a service that it did not start are errors`;
}
