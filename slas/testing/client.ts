import type { ClientRequests } from '../model/model.ts';

/**
 * A request in seconds of its run: when it was sent, how long it took, its status (200), its path
 * (`/predict`).
 */
export type Sent = readonly [sent: number, took: number, status?: number, path?: '/predict' | '/batch'];

/** Where the runs of `clientOf` begin, in Unix seconds. */
export const CLIENT_ORIGIN_SECONDS = 1000;

/** The client's record of these requests; none had to connect. */
export function clientOf(requests: readonly Sent[]): ClientRequests {
  const column = (of: (one: Sent) => number) => requests.map(of).join(' ');
  const paths = ['/predict', '/batch'] as const;
  return {
    originSeconds: CLIENT_ORIGIN_SECONDS,
    startMs: column(([sent]) => sent * 1000),
    durationMs: column(([, took]) => took * 1000),
    blockedMs: column(() => 0),
    status: column(([, , status = 200]) => status),
    path: column(([, , , path = '/predict']) => paths.indexOf(path)),
    paths,
  };
}
