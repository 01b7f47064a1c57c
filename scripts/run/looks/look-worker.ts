/**
 * Judges looks in a worker thread. With a million requests, sorting and counting would block the main thread for too long,
 * because it must keep reading k6's samples.
 */
import { parentPort } from 'node:worker_threads';
import { judge } from '../../../slas/judge/judge.ts';
import type { Evidence, Plan, RunRecord } from '../../../slas/model/model.ts';
import { type RunSoFar, recordSoFar, type SentSnapshot } from './record-so-far.ts';

export type LookMessage =
  | {
      readonly kind: 'record';
      readonly snapshot: SentSnapshot;
      readonly so: RunSoFar;
      readonly atSeconds: number;
    }
  | { readonly kind: 'judge'; readonly plan: Plan; readonly evidence: Evidence };

let run: RunRecord | null = null;

function answer(message: LookMessage): unknown {
  switch (message.kind) {
    case 'record': {
      run = recordSoFar(message.snapshot, message.so, message.atSeconds);
      // The evidence is collected for the window and its phases; the requests stay in this thread.
      const { client: _, ...load } = run.load!;
      return { ...run, load };
    }
    case 'judge': {
      const { verdict, sequential, preconditions } = judge(message.plan, run!, message.evidence);
      return { verdict, sequential, preconditions: preconditions.filter(({ ok }) => ok === false) };
    }
    default:
      return message satisfies never;
  }
}

parentPort!.on('message', (message: LookMessage) => parentPort!.postMessage(answer(message)));
