import { countOf, formatCount } from '../../slas/render/numbers.ts';
import type { SeenRequest } from './record/recorder.ts';

/**
 * Other users may depend on a service that was already running. The load on it therefore stops when half of the requests of the
 * last seconds are errors, even if the plan's error budgets are not used up, and with --no-abort too.
 */
export interface ErrorGuard {
  see(request: SeenRequest): void;
  /** Why the load must stop, in words; null while it may continue. Once set, it does not change. */
  reason(): string | null;
}

const WINDOW_SECONDS = 5;
const SHARE = 0.5;
/** One or two early failures may be half of all requests and mean nothing. At 1 request/s this many fill the window. */
const MIN_ERRORS = 5;

/** Errors of the service or of the network. Other refusals are caused by the request. */
const isError = (status: number) => status === 0 || status === 429 || status >= 500;

/** The window ends with the last request that ended, because k6 writes its log with a delay. */
export function guardAgainstErrors(): ErrorGuard {
  let recent: { readonly endMs: number; readonly status: number }[] = [];
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

function reasonOf(statuses: readonly number[]): string | null {
  const errors = statuses.filter(isError);
  if (errors.length < MIN_ERRORS || errors.length < SHARE * statuses.length) return null;
  const kinds = Map.groupBy(errors.toSorted(), (status) => status);
  const outcomes = [...kinds].map(([status, all]) =>
    status === 0 ? `${formatCount(all.length)} unanswered` : `${formatCount(all.length)} got a ${status}`,
  );
  return `${formatCount(errors.length)} of the ${countOf(statuses.length, 'request')} that ended within ${WINDOW_SECONDS} s were errors (${outcomes.join(', ')}); load on a service that was already running stops at half`;
}
