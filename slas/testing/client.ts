import { columnsOf } from '../client/columns.ts';
import type { ClientRequests } from '../model/model.ts';

/**
 * A request in seconds of its run: when it was sent, how long it took, its status (200), its path
 * (`/predict`).
 */
export type Sent = readonly [sent: number, took: number, status?: number, path?: '/predict' | '/batch'];

/** Where the runs of `clientOf` begin, in Unix seconds. */
export const CLIENT_ORIGIN_SECONDS = 1000;

/** The client's record of these requests. No request had to open a connection. */
export const clientOf = (requests: readonly Sent[]): ClientRequests =>
  columnsOf(
    CLIENT_ORIGIN_SECONDS,
    requests.map(([startSeconds, durationSeconds, status = 200, path = '/predict']) => ({
      ...{ startSeconds, durationSeconds, blockedSeconds: 0, status, path },
    })),
    ['/predict', '/batch'],
  );
