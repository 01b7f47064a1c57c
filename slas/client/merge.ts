import type { ClientRequests } from '../model/model.ts';
import { emptyColumns, inOrder, MAX_PATHS } from './columns.ts';

/**
 * Merges the records of several load generators that shared a load, ordered by end. Their clocks are assumed
 * to agree. Throws a RangeError if there are more distinct paths than a record can have.
 */
export function mergeClients(clients: readonly ClientRequests[]): ClientRequests {
  const originSeconds = Math.min(...clients.map((client) => client.originSeconds));
  const paths = [...new Set(clients.flatMap((client) => client.paths))];
  if (paths.length > MAX_PATHS)
    throw new RangeError(`the records have ${paths.length} distinct paths together: at most ${MAX_PATHS}`);
  const columns = emptyColumns(clients.reduce((sum, { status }) => sum + status.length, 0));
  let from = 0;
  for (const client of clients) {
    const indexes = client.paths.map((path) => paths.indexOf(path));
    const shiftMicros = Math.round((client.originSeconds - originSeconds) * 1e6);
    const shifted = (start: number) => (Math.round(start * 1e6) + shiftMicros) / 1e6;
    columns.startSeconds.set(client.startSeconds.map(shifted), from);
    columns.durationSeconds.set(client.durationSeconds, from);
    columns.blockedSeconds.set(client.blockedSeconds, from);
    columns.status.set(client.status, from);
    columns.path.set(
      client.path.map((path) => indexes[path]!),
      from,
    );
    from += client.status.length;
  }
  return inOrder({ originSeconds, ...columns, paths });
}
