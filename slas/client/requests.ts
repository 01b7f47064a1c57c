import { claimsCode } from '../document/statuses.ts';
import type { ClientRequests, LoadRecord } from '../model/model.ts';

/** The only reader of a run record's columns. */
export interface ClientRequest {
  /** From the first request's start. */
  readonly startSeconds: number;
  readonly durationSeconds: number;
  readonly blockedSeconds: number;
  /** As text; `0` was never answered. */
  readonly status: string;
  readonly path: string;
}

/** Every request of a record, in its order; none where there is no record, or it is of a phase in which none was sent. */
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

/** Those that were answered with a status of this pattern (null: with any). */
export function answeredWith(
  requests: readonly ClientRequest[],
  status: string | null,
): readonly ClientRequest[] {
  const isClaimed = claimsCode(status ?? '[1-5]..');
  return requests.filter((one) => !isLost(one) && isClaimed(one.status));
}

/** Moments that are the same must not differ by what addition leaves in the last digits. */
const micros = (seconds: number) => Math.round(seconds * 1e6);

/** How many at most were sent and not yet answered at one moment. */
export function mostInFlight(requests: readonly ClientRequest[]): number {
  const changes = requests.flatMap(({ startSeconds, durationSeconds }) => [
    { at: micros(startSeconds), by: 1 },
    { at: micros(startSeconds + durationSeconds), by: -1 },
  ]);
  let [inFlight, most] = [0, 0];
  // Whoever is answered may send the next one at that moment.
  for (const { by } of changes.sort((a, b) => a.at - b.at || a.by - b.by)) {
    inFlight += by;
    most = Math.max(most, inFlight);
  }
  return most;
}

/** All answers that the client saw, whatever their status. */
export const answersInAll = ({ answered }: Pick<LoadRecord, 'answered'>) =>
  Object.values(answered).reduce((sum, count) => sum + count, 0);
