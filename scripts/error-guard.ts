import { countOf, formatCount } from '../slas/numbers.ts';
import type { RecordedRequest } from './k6-requests.ts';

/**
 * A service that is already there may be in use, and one that fails is not loaded on: whatever the plan could still bear, and
 * with --no-abort as well, half of the last seconds' requests being errors ends the load.
 */
export interface ErrorGuard {
  see(request: RecordedRequest): void;
  /** Why the load must end, in words; null while it may go on. Once given, it stays. */
  reason(): string | null;
}

const WINDOW_SECONDS = 5;
const SHARE = 0.5;
/** One or two failures at the beginning are half of what was seen, and say nothing; at 1/s it is all of the window. */
const LEAST_ERRORS = 5;

/** What the service or the way to it has to answer for. Other refusals are of the request. */
const isError = (status: string) => status === '0' || status === '429' || status.startsWith('5');

/** The window ends with the last request that ended: what k6 has not written yet is no silence. */
export function guardAgainstErrors(): ErrorGuard {
  let recent: { readonly endMs: number; readonly status: string }[] = [];
  let found: string | null = null;
  return {
    see: ({ endMs, status }) => void recent.push({ endMs, status }),
    reason: () => {
      const lastMs = recent.reduce((last, { endMs }) => Math.max(last, endMs), 0);
      recent = recent.filter(({ endMs }) => endMs > lastMs - WINDOW_SECONDS * 1000);
      found ??= reasonOf(recent.map(({ status }) => status));
      return found;
    },
  };
}

function reasonOf(statuses: readonly string[]): string | null {
  const errors = statuses.filter(isError);
  if (errors.length < LEAST_ERRORS || errors.length < SHARE * statuses.length) return null;
  const kinds = Map.groupBy(errors.toSorted(), (status) => status);
  const told = [...kinds].map(([status, all]) =>
    status === '0'
      ? `${formatCount(all.length)} never answered`
      : `${formatCount(all.length)} answered ${status}`,
  );
  return `${formatCount(errors.length)} of the ${countOf(statuses.length, 'request')} that ended within ${WINDOW_SECONDS} s were errors (${told.join(', ')}): a service that is already there is not loaded on when it is half of them`;
}
