import { expect, test } from 'vitest';
import { GrowingColumns } from '../../../slas/client/columns.ts';
import type { Load } from '../../../slas/model/model.ts';
import type { Snapshot } from '../record/recorder.ts';
import { recordSoFar, toSend } from './record-so-far.ts';

const load = {
  phases: [{ name: 'hold', ratePerSecond: 10, durationSeconds: 60 }],
  plannedRequests: 600,
  scheduledSeconds: 60,
} as unknown as Load;
const SO = {
  id: 'run',
  load,
  generator: { name: 'k6', version: '2.2.0' },
  startedSeconds: 999.5,
  nowSeconds: 1003,
  incidents: null,
};

/** Thirty requests of 50 ms each, starting at 1000 s. The last one has no response. */
function snapshotOf(): { snapshot: Snapshot; columns: GrowingColumns } {
  const columns = new GrowingColumns();
  const moments = Array.from({ length: 30 }, (_, index) => 1000 + index / 10);
  for (const [index, at] of moments.entries())
    columns.add(Math.round((at + 0.05) * 1e6), 0.05, 0, index === 29 ? 0 : 200, '/predict');
  const hold = { requests: 30, iterations: 30, dropped: 0, moments, lateMs: [], beganMs: Infinity };
  const rest = {
    bodies: { checked: 29, wrong: 1, refusals: 0 },
    elsewhere: new Map(),
    grpc: 0,
    webSockets: 0,
    unread: 0,
  };
  return { columns, snapshot: { columns: columns.copy(), scenarios: new Map([['hold', hold]]), ...rest } };
}

test('a look gets the record that the run would have if it were stopped now', () => {
  const { snapshot } = toSend(snapshotOf().snapshot);
  const { window, load: record } = recordSoFar(snapshot, SO, 2);
  expect(window.fromSeconds).toBeCloseTo(1000, 6);
  expect(window.toSeconds).toBeCloseTo(1002.95, 5);
  expect(record).toMatchObject({
    ...{ sent: 30, lost: 1, wrongAnswers: 1, lookedInto: 29, completed: false, decidedAtSeconds: 2 },
    answered: { '2xx': 29 },
    scheduledSeconds: 3.5,
    phases: [{ name: 'hold', sent: 30 }],
  });
});

test('transferring a snapshot to another thread leaves the growing columns unchanged', () => {
  const { columns, snapshot } = snapshotOf();
  const { snapshot: sent, buffers } = toSend(snapshot);
  const there = structuredClone(sent, { transfer: buffers });
  expect(recordSoFar(there, SO, 2).load!.sent).toBe(30);
  expect(snapshot.columns.status.length).toBe(0);
  columns.add(1_004_000_000, 0.05, 0, 200, '/predict');
  expect(columns.done()!.status.length).toBe(31);
});
