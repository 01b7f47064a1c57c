import { judge } from '../../../slas/judge/judge.ts';
import { verdictDocument } from '../../../slas/render/json.ts';
import { testResultOf } from '../../../slas/render/test-result.ts';
import { writeWhole } from '../../run/disk.ts';
import {
  configurationOf,
  faultsIn,
  jobUrl,
  recordedIn,
  type SubjectOptions,
  subjectOf,
} from '../../runs/attestation.ts';
import { readStoredRun, type StoredRun, toJson } from '../../runs/bundle.ts';
import { ifItCanBeJudged } from '../../runs/judge-stored.ts';
import { runPath } from '../../runs/run-folders.ts';
import { type Register, RUN_ARGUMENT } from '../command.ts';
import { badOption, type Input, type PlacedProblem, shortPath, userPath } from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';
import { findProblems } from './verify.ts';

export interface AttestOptions extends SubjectOptions {
  readonly run?: string;
  readonly out?: string;
}

export const register: Register = (program, io, done) =>
  void program
    .command('attest')
    .description('print the verdict of a stored run as an in-toto test result, ready for signing')
    .argument('[run]', RUN_ARGUMENT)
    .option('--subject <image>', 'the tested image by its digest: registry/name@sha256:…')
    .option(
      '--commit <sha>',
      'the tested commit (default: that of the checkout in which the run was started)',
    )
    .option('--out <file>', 'where to write the statement (default: standard output)')
    .action(async (stored: string | undefined, options: AttestOptions) =>
      done(await attest({ ...options, ...(stored === undefined ? {} : { run: stored }) }, io)),
    );

/**
 * Judges the run again from its files, so that the statement does not depend on a stored verdict. Succeeds
 * with any verdict.
 */
export async function attest(options: AttestOptions, io: Io): Promise<ExitCode | readonly PlacedProblem[]> {
  const path = runPath(options.run, io);
  const problems = await findProblems(path, io);
  if (problems.length > 0) return problems;
  const read = await readStoredRun(path);
  if (!read.ok) return read.error;
  const stated = await statementOf(read.value, options, io);
  if (!stated.ok) return stated.error;
  const { text, result } = stated.value;
  if (options.out === undefined) io.print(text);
  else await writeWhole(userPath(io, options.out), text);
  io.progress(
    `${shortPath(io, path)}: ${result}${options.out === undefined ? '' : `, written to ${options.out}`}; sign it before you rely on it`,
  );
  return 0;
}

async function statementOf(
  stored: StoredRun,
  options: AttestOptions,
  io: Io,
): Promise<Input<{ readonly text: string; readonly result: string }>> {
  const { path, plan, run, evidence, verdictText } = stored;
  if (evidence === null || verdictText === null)
    return badOption('RUN', 'the run was not judged: attest a run of ./sla gate');
  const recorded = await recordedIn(stored);
  const faults = faultsIn(recorded);
  if (!faults.ok) return faults;
  const subject = subjectOf(options, recorded);
  if (!subject.ok) return subject;
  const judged = await ifItCanBeJudged(path, io, async () => judge(plan, run, evidence));
  if (!judged.ok) return judged;
  const verdict = judged.value;
  const before = (JSON.parse(verdictText) as { verdict?: unknown }).verdict;
  if (before !== verdictDocument(verdict).verdict)
    return badOption(
      'RUN',
      `the stored verdict is ${String(before)}, but this version of the harness gives ${verdict.verdict}: see ./sla verify RUN, and attest with the version that judged the run`,
    );
  const configuration = await configurationOf(stored, recorded);
  const statement = testResultOf(verdict, subject.value, configuration, jobUrl(recorded));
  return { ok: true, value: { text: toJson(statement), result: statement.predicate.result } };
}
