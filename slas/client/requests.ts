import { claimsCode } from '../document/statuses.ts';
import type { ClientRequests, LoadRecord } from '../model/model.ts';

/** The only parser of a run record's columns. */
export interface ClientRequest {
  /** Relative to the first request's start. */
  readonly startSeconds: number;
  readonly durationSeconds: number;
  readonly blockedSeconds: number;
  /** As text; `0` means unanswered. */
  readonly status: string;
  readonly path: string;
}

/** All requests of a record, in order; empty without a record, or for a phase in which none was sent. */
export function requestsOf(client: ClientRequests | null | undefined): readonly ClientRequest[] {
  if (client == null || client.status === '') return [];
  const [starts, durations, blocked, paths] = [
    client.startMs,
    client.durationMs,
    client.blockedMs,
    client.path,
  ].map((column) => column.split(' '));
  const secondsAt = (column: readonly string[] | undefined, index: number) => Number(column![index]) / 1000;
  return client.status.split(' ').map((status, index) => ({
    startSeconds: secondsAt(starts, index),
    durationSeconds: secondsAt(durations, index),
    blockedSeconds: secondsAt(blocked, index),
    status,
    path: client.paths[Number(paths![index])] ?? '',
  }));
}

export const isLost = ({ status }: Pick<ClientRequest, 'status'>) => status === '0';

/** Those with a response whose status matches this pattern (null: any status). */
export function answeredWith(
  requests: readonly ClientRequest[],
  status: string | null,
): readonly ClientRequest[] {
  const isClaimed = claimsCode(status ?? '[1-5]..');
  return requests.filter((one) => !isLost(one) && isClaimed(one.status));
}

/** Equal times must not differ by floating-point error. */
const micros = (seconds: number) => Math.round(seconds * 1e6);

/** The maximum number of requests that were sent and not yet answered at the same time. */
export function mostInFlight(requests: readonly ClientRequest[]): number {
  const changes = requests.flatMap(({ startSeconds, durationSeconds }) => [
    { at: micros(startSeconds), by: 1 },
    { at: micros(startSeconds + durationSeconds), by: -1 },
  ]);
  let [inFlight, most] = [0, 0];
  // A client whose request is answered may send the next one at the same time.
  for (const { by } of changes.sort((a, b) => a.at - b.at || a.by - b.by)) {
    inFlight += by;
    most = Math.max(most, inFlight);
  }
  return most;
}

/** All responses that the client received, with any status. */
export const answersInAll = ({ answered }: Pick<LoadRecord, 'answered'>) =>
  Object.values(answered).reduce((sum, count) => sum + count, 0);
