import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { judge } from '../../slas/judge.ts';
import type { Evidence, Plan, RunRecord } from '../../slas/model.ts';
import { type PlanOverrides, planWindow } from '../../slas/plan.ts';
import { collectEvidence } from '../../slas/prometheus.ts';
import { readRun } from '../bundle.ts';
import { HarnessError } from '../errors.ts';
import {
  accept,
  badOption,
  type Input,
  type PlacedProblem,
  readConfidence,
  readDocument,
  readTime,
  refuse,
  theirPath,
} from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';
import { checkUrl } from '../stack/existing.ts';
import { printVerdict } from './gate.ts';

export interface VerifyOptions {
  readonly run?: string;
  readonly prometheus?: string;
  readonly from?: string;
  readonly to?: string;
  readonly sla?: string;
  readonly confidence?: string;
  readonly json?: boolean;
}

interface Judgeable {
  readonly plan: Plan;
  readonly run: RunRecord;
  readonly evidence: Evidence;
}

/** Judges a stored run again, or any window of any service that a Prometheus knows. */
export async function verify(options: VerifyOptions, io: Io): Promise<ExitCode | readonly PlacedProblem[]> {
  const isWindow = options.from !== undefined || options.to !== undefined;
  const sure = readConfidence(options.confidence);
  if (!sure.ok) return sure.problems;
  const found = await (isWindow ? windowOf(options, sure.value, io) : storedRun(options, io));
  if (!found.ok) return found.problems;
  const { run, evidence } = found.value;
  const plan = { ...found.value.plan, ...sure.value };
  const verdict = judge(plan, run, evidence);
  printVerdict(verdict, plan, options.json === true, io);
  return verdict.exitCode;
}

async function windowOf(options: VerifyOptions, overrides: PlanOverrides, io: Io): Promise<Input<Judgeable>> {
  const { prometheus, from, to } = options;
  if (options.run !== undefined)
    return badOption('RUN', 'a stored run has its own window: leave out --from and --to');
  if (prometheus === undefined || from === undefined || to === undefined) {
    return badOption('verify', 'a window needs all three: --prometheus URL --from T --to T');
  }
  const [read, start, end] = [
    await readDocument(io, options.sla),
    readTime('--from', from),
    readTime('--to', to),
  ];
  const problems = [
    ...checkUrl('--prometheus', prometheus),
    ...[read, start, end].flatMap((input) => (input.ok ? [] : input.problems)),
  ];
  if (problems.length > 0 || !read.ok || !start.ok || !end.ok) return refuse(...problems);
  if (end.value <= start.value) return badOption('--to', `"${to}" is not after --from "${from}"`);
  if (end.value > Date.now() / 1000)
    return badOption('--to', `"${to}" lies in the future: nothing was measured there yet`);
  const plan = planWindow(read.value.document, overrides);
  const run: RunRecord = {
    schema: 'sla-harness/run/v1',
    id: 'window',
    window: { fromSeconds: start.value, toSeconds: end.value },
    load: null,
    incidents: null,
  };
  return accept({ plan, run, evidence: await askFor(plan, run, prometheus, io) });
}

async function storedRun(options: VerifyOptions, io: Io): Promise<Input<Judgeable>> {
  if (options.sla !== undefined)
    return badOption('--sla', 'a stored run carries its own plan: --sla goes with --from and --to');
  const urlProblems = options.prometheus === undefined ? [] : checkUrl('--prometheus', options.prometheus);
  if (urlProblems.length > 0) return refuse(...urlProblems);
  const path = runPath(options.run, io);
  if (!existsSync(path))
    return badOption('RUN', `there is no run folder ${path}: make one with ./sla gate, or name another`);
  const { plan, run, evidence } = await readRun(path);
  if (options.prometheus !== undefined)
    return accept({ plan, run, evidence: await askFor(plan, run, options.prometheus, io) });
  if (evidence !== null) return accept({ plan, run, evidence });
  throw new HarnessError('no-evidence', `${path} has no evidence: Prometheus was not asked`, {
    nextStep: 'ask one now: ./sla verify RUN --prometheus URL',
  });
}

/** A path, or the name of a run under runs/; the latest by default. */
function runPath(run: string | undefined, io: Io): string {
  if (run === undefined) return join(io.root, 'runs', 'latest');
  const theirs = theirPath(io, run);
  return existsSync(theirs) ? theirs : join(io.root, 'runs', run);
}

const askFor = (plan: Plan, run: RunRecord, url: string, io: Io) =>
  collectEvidence(plan, run, { url, signal: io.signal, progress: io.progress });
