import { judge } from '../../slas/judge/judge.ts';
import type { Evidence, Plan, RunRecord, Verdict } from '../../slas/model/model.ts';
import { collectEvidence } from '../../slas/prometheus/prometheus.ts';
import { askerOf, checkAccess } from '../run/prometheus-access.ts';
import { checkUrl } from '../stack/existing.ts';
import type { PlacedProblem } from './inputs.ts';
import type { Io } from './io.ts';

/** How `./sla verify` queries a Prometheus: for a window, for a stored run, or for a request. */

export interface AskOptions {
  readonly ingestDelay?: string;
}

/** Judges a window of a plan without a load, using the samples that a Prometheus has for the window. */
export async function judgeSpan(
  plan: Plan,
  window: RunRecord['window'],
  prometheus: string,
  options: AskOptions,
  io: Io,
  look: (evidence: Evidence) => void = () => {},
): Promise<Verdict> {
  const run: RunRecord = {
    schema: 'sla-harness/run/v1',
    id: 'window',
    window,
    load: null,
    incidents: null,
  };
  const evidence = await askFor(plan, run, prometheus, options, io);
  look(evidence);
  return judge(plan, run, evidence);
}

/** The problems with a Prometheus's address or with its credentials. */
export const checkServer = (url: string, io: Io): readonly PlacedProblem[] => [
  ...checkUrl('--prometheus', url),
  ...checkAccess(io.env, io.cwd),
];

export const askFor = (plan: Plan, run: RunRecord, url: string, { ingestDelay }: AskOptions, io: Io) =>
  collectEvidence(plan, run, askerOf(url, io, ingestDelay));
