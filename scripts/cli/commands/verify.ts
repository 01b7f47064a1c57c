import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { judge } from '../../../slas/judge/judge.ts';
import type { Plan, Verdict } from '../../../slas/model/model.ts';
import { planWindow } from '../../../slas/plan/plan.ts';
import type { PlanOverrides } from '../../../slas/plan/planned-load.ts';
import { verdictDocument } from '../../../slas/render/json.ts';
import { isSearchFolder } from '../../capacity/storage.ts';
import { verifySearch } from '../../capacity/verify-search.ts';
import { FILES, readStoredRun, type StoredRun, toJson } from '../../runs/bundle.ts';
import {
  countDifferences,
  evidenceDifferences,
  storedDifferences,
  verdictDifferences,
} from '../../runs/differences.ts';
import { ifItCanBeJudged } from '../../runs/judge-stored.ts';
import { runPath } from '../../runs/run-folders.ts';
import { findAlterations, MANIFEST } from '../../runs/seal.ts';
import { addConfidence, addIngestDelay, type Register, RUN_ARGUMENT, VERBOSE } from '../command.ts';
import { HarnessError } from '../errors.ts';
import {
  accept,
  badOption,
  checkConfidence,
  checkIngestDelay,
  type Input,
  type PlacedProblem,
  readConfidence,
  readDocument,
  readTime,
  refuse,
  shortPath,
} from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';
import { listenTo } from '../verify-listen.ts';
import { askFor, checkServer, judgeSpan } from '../verify-server.ts';
import { printVerdict } from './gate.ts';

export interface VerifyOptions {
  readonly run?: string;
  readonly prometheus?: string;
  readonly from?: string;
  readonly to?: string;
  readonly sla?: string;
  readonly confidence?: string;
  readonly ingestDelay?: string;
  readonly offline?: boolean;
  /** Respond to requests at this address instead of judging once. */
  readonly listen?: string;
  readonly json?: boolean;
  readonly verbose?: boolean;
}

export const register: Register = (program, io, done) => {
  const command = program
    .command('verify')
    .description('judge a stored run or capacity search again, or any time window of any service')
    .argument('[run]', RUN_ARGUMENT)
    .option('--offline', 'use the run folder only; default when --prometheus is not given')
    .option('--prometheus <url>', 'query this server, and report differences from the stored run')
    .option('--from <time>', 'start of the window: RFC 3339 or Unix seconds (needs --to and --prometheus)')
    .option('--to <time>', 'end of the window (needs --from)')
    .option('--sla <file>', 'the SLA document of the window: with --from and --to, or with --listen')
    .option(
      '--listen <address>',
      'serve GET /verdict for progressive delivery at this address, for example :8080 (needs --prometheus; SLA_LISTEN_TOKEN sets the token)',
    );
  addIngestDelay(addConfidence(command))
    .option('--json', 'print the verdict as JSON on standard output')
    .option('--verbose', VERBOSE)
    .action(async (stored: string | undefined, options: VerifyOptions) =>
      done(await verify({ ...options, ...(stored === undefined ? {} : { run: stored }) }, io)),
    );
};

interface Judged {
  readonly plan: Plan;
  readonly verdict: Verdict;
}

/** Judges a stored run again, or any window of any service that a Prometheus scrapes. */
export async function verify(options: VerifyOptions, io: Io): Promise<ExitCode | readonly PlacedProblem[]> {
  if (options.listen !== undefined) return await listenTo(options.listen, options, io);
  const isWindow = options.from !== undefined || options.to !== undefined;
  const path = runPath(options.run, io);
  if (!isWindow && isSearchFolder(path)) return await verifySearch(path, options, io);
  const sure = readConfidence(options.confidence);
  if (!sure.ok) return sure.error;
  if (options.offline === true && (isWindow || options.prometheus !== undefined)) {
    return badOption(
      '--offline',
      'a stored run is judged from its files only: leave out --prometheus, --from and --to',
    ).error;
  }
  const delay = checkIngestDelay(options.ingestDelay);
  if (delay.length > 0) return delay;
  if (options.ingestDelay !== undefined && options.prometheus === undefined)
    return badOption(
      '--ingest-delay',
      'applies only when a server is queried: add --prometheus, or leave it out',
    ).error;
  const judged = await (isWindow
    ? judgeWindow(options, sure.value, io)
    : judgeStored(options, sure.value, io));
  if (!judged.ok) return judged.error;
  const { plan, verdict } = judged.value;
  printVerdict(verdict, plan, options, io);
  return verdict.exitCode;
}

// ---------------------------------------------------------------------------------------------- windows without a run

async function judgeWindow(options: VerifyOptions, overrides: PlanOverrides, io: Io): Promise<Input<Judged>> {
  const { prometheus, from, to } = options;
  if (options.run !== undefined)
    return badOption('RUN', 'a stored run has its own window: leave out --from and --to');
  if (prometheus === undefined || from === undefined || to === undefined) {
    return badOption('verify', 'a window needs --prometheus URL, --from T and --to T');
  }
  const [read, start, end] = [
    await readDocument(io, options.sla),
    readTime('--from', from),
    readTime('--to', to),
  ];
  const problems = [
    ...checkServer(prometheus, io),
    ...[read, start, end].flatMap((input) => (input.ok ? [] : input.error)),
  ];
  if (problems.length > 0 || !read.ok || !start.ok || !end.ok) return refuse(...problems);
  if (end.value <= start.value) return badOption('--to', `"${to}" is not after --from "${from}"`);
  if (end.value > Date.now() / 1000)
    return badOption('--to', `"${to}" is in the future: nothing has been measured there yet`);
  const { document, file } = read.value;
  const looser = checkConfidence(overrides, document.confidence, options.sla ?? shortPath(io, file));
  if (looser.length > 0) return refuse(...looser);
  const plan = planWindow(document, overrides);
  const window = { fromSeconds: start.value, toSeconds: end.value };
  return accept({ plan, verdict: await judgeSpan(plan, window, prometheus, options, io) });
}

// ---------------------------------------------------------------------------------------------- stored runs

async function judgeStored(options: VerifyOptions, overrides: PlanOverrides, io: Io): Promise<Input<Judged>> {
  if (options.sla !== undefined)
    return badOption(
      '--sla',
      'a stored run contains its own plan: use --sla with --from and --to, or with --listen',
    );
  const urlProblems = options.prometheus === undefined ? [] : checkServer(options.prometheus, io);
  if (urlProblems.length > 0) return refuse(...urlProblems);
  const path = runPath(options.run, io);
  const altered = await findProblems(path, io);
  if (altered.length > 0) return refuse(...altered);
  const input = await readStoredRun(path);
  if (!input.ok) return input;
  const read = input.value;
  const looser = checkConfidence(overrides, read.plan.confidence ?? null, 'the plan of the run');
  if (looser.length > 0) return refuse(...looser);
  if (read.plan.sequential !== undefined && overrides.confidence !== undefined)
    return badOption(
      '--confidence',
      'the interim looks of this run were planned for its own confidence: leave the option out',
    );
  // A different confidence may give a different verdict on the same run.
  const isAsStored = Object.keys(overrides).length === 0;
  const stored = isAsStored ? read : { ...read, plan: { ...read.plan, ...overrides }, verdictText: null };
  const { plan } = stored;
  return await ifItCanBeJudged(path, io, async () => {
    const verdict =
      options.prometheus === undefined
        ? judgeFromFiles(stored, io)
        : await judgeAfresh(stored, options.prometheus, options, io);
    return { plan, verdict };
  });
}

/** Why a folder cannot be judged: it contains no run, or its files do not match its seal. */
export async function findProblems(path: string, io: Io): Promise<readonly PlacedProblem[]> {
  if (!existsSync(path))
    return badOption('RUN', `there is no run folder ${path}: create one with ./sla gate, or name another`)
      .error;
  const holdsNothing = [MANIFEST, FILES.plan].every((name) => !existsSync(join(path, name)));
  if (holdsNothing) {
    const message = `there is no run in ${path}: name a folder that ./sla gate or ./sla run wrote (./sla runs list)`;
    return badOption('RUN', message).error;
  }
  const altered = await findAlterations(path);
  return altered.map(({ file, message }) => ({
    code: 'altered',
    path: '',
    file: shortPath(io, join(path, file)),
    message: `the run does not match its seal, and is not judged: ${message}`,
  }));
}

/** Judges the stored files without network access. The same files always give the same bytes. */
function judgeFromFiles({ path, plan, run, evidence, verdictText }: StoredRun, io: Io): Verdict {
  if (evidence === null) {
    throw new HarnessError('no-evidence', `${path} has no evidence: Prometheus was not queried`, {
      nextStep: 'query it now: ./sla verify RUN --prometheus URL',
    });
  }
  const verdict = judge(plan, run, evidence);
  if (verdictText !== null && verdictText !== toJson(verdictDocument(verdict)))
    reportStored(JSON.parse(verdictText), verdict, io);
  return verdict;
}

function reportStored(stored: { readonly schema: string }, verdict: Verdict, io: Io): void {
  const differences = storedDifferences(stored, verdict);
  io.progress(
    differences.length === 0
      ? `the stored verdict (${stored.schema}) was written by an earlier version: same result, different words`
      : 'the stored evidence now gives a different verdict from the stored one (perhaps because the harness version differs):',
  );
  for (const line of differences) io.progress(`  ${line}`);
}

/** Queries Prometheus again, and reports differences from the stored run. */
async function judgeAfresh(
  { plan, run, evidence, path }: StoredRun,
  url: string,
  options: VerifyOptions,
  io: Io,
): Promise<Verdict> {
  const { clock: _, ...asked } = await askFor(plan, run, url, options, io);
  // The window is defined by the clocks at the time of the run, not by this machine's current clock.
  const fresh = { ...asked, ...(evidence?.clock === undefined ? {} : { clock: evidence.clock }) };
  const verdict = judge(plan, run, fresh);
  if (evidence === null) return verdict;
  const before = judge(plan, run, evidence);
  const lines = [...evidenceDifferences(evidence, fresh, run), ...verdictDifferences(before, verdict)];
  if (lines.length === 0)
    io.progress(`queried again: the same samples and the same verdict as in ${shortPath(io, path)}`);
  else io.progress(`queried again: different from ${shortPath(io, path)}`);
  for (const line of lines) io.progress(`  ${line}`);
  const counts = countDifferences(before, verdict);
  if (counts.length > 0) io.progress(`THE COUNTS DIFFER from the stored run: ${counts.join(', ')}`);
  return verdict;
}
