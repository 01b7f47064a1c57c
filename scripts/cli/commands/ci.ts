import { existsSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readVerdict } from '../../../slas/render/stored.ts';
import { annotationsOfProblems, annotationsOfVerdict } from '../../ci/annotations.ts';
import { bodyOf, postComment } from '../../ci/comment.ts';
import { type Annotation, annotationLine } from '../../ci/github-commands.ts';
import { platformOf } from '../../ci/platform.ts';
import { readStoredRun } from '../../runs/bundle.ts';
import { createRedactor } from '../../runs/redact.ts';
import { runPath } from '../../runs/run-folders.ts';
import { type Register, RUN_ARGUMENT } from '../command.ts';
import { badOption, type Input, type PlacedProblem, readDocument, shortPath, userPath } from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';
import { NoText, readUserText } from '../user-text.ts';

export const register: Register = (program, io, done) => {
  const group = program.command('ci').description('show a run on the pages of GitHub Actions or GitLab CI');
  group
    .command('check')
    .description('check documents, and annotate each problem at its line (GitHub)')
    .argument('<file...>', 'SLA documents')
    .action(async (files: string[]) => done(await checkHere(files, io)));
  group
    .command('annotate')
    .description('annotate each objective of a run that is not met (GitHub)')
    .argument('[run]', RUN_ARGUMENT)
    .option('--sla <file>', 'the document of the run, to annotate its lines')
    .action(async (run: string | undefined, { sla }: { sla?: string }) => done(await annotate(run, sla, io)));
  group
    .command('summary')
    .description('add the verdict of a run to the summary of the job (GitHub)')
    .argument('[run]', RUN_ARGUMENT)
    .action(async (run: string | undefined) => done(await summary(run, io)));
  group
    .command('comment')
    .description(
      'post the verdict of a run as a comment on the pull or merge request, or update it (GitHub, GitLab)',
    )
    .argument('[run]', RUN_ARGUMENT)
    .option(
      '--key <text>',
      'a name that distinguishes the comments of several jobs (default: workflow and job)',
    )
    .option('--file <file>', 'Markdown to write instead of the verdict')
    .option('--exit-code <code>', "the gate's exit code, for the comment if no verdict was stored")
    .action(async (run: string | undefined, options: CommentOptions) =>
      done(await comment(run, options, io)),
    );
};

const isOnGithub = ({ env }: Io) => env.GITHUB_ACTIONS === 'true';

/** GitHub's runner must execute each of these lines as a command, so they are not escaped like other output. */
function printAnnotations(annotations: readonly Annotation[], io: Io): void {
  for (const one of annotations) io.command?.(annotationLine(one));
}

async function checkHere(files: readonly string[], io: Io): Promise<ExitCode | readonly PlacedProblem[]> {
  const read = await Promise.all(files.map((file) => readDocument(io, file)));
  const problems = read.flatMap((one) => (one.ok ? [] : one.error));
  if (isOnGithub(io)) printAnnotations(annotationsOfProblems(problems), io);
  for (const [index, file] of files.entries()) if (read[index]!.ok) io.print(`${file}: ok\n`);
  return problems.length === 0 ? 0 : problems;
}

async function annotate(
  run: string | undefined,
  sla: string | undefined,
  io: Io,
): Promise<ExitCode | readonly PlacedProblem[]> {
  const stored = await readJudged(run, io);
  if (!stored.ok) return stored.error;
  const text = sla === undefined ? null : await readText('--sla', sla, io);
  if (text?.ok === false) return text.error;
  const document = text === null ? null : { file: sla!, text: text.value };
  const annotations = annotationsOfVerdict(readVerdict(JSON.parse(stored.value)), document);
  if (isOnGithub(io)) printAnnotations(annotations, io);
  else for (const { title, message } of annotations) io.print(`${title}: ${message}\n`);
  return 0;
}

/** GitHub rejects a job summary of more than 1 MiB. */
const MAX_SUMMARY_BYTES = 1_000_000;

async function summary(run: string | undefined, io: Io): Promise<ExitCode | readonly PlacedProblem[]> {
  const text = await readText('RUN', join(runPath(run, io), 'summary.md'), io);
  if (!text.ok) return text.error;
  const file = io.env.GITHUB_STEP_SUMMARY;
  if (!file) {
    io.print(text.value);
    return 0;
  }
  if (Buffer.byteLength(text.value) > MAX_SUMMARY_BYTES)
    io.progress('the summary is too long for GitHub: see summary.md in the run folder');
  else await appendFile(file, text.value);
  return 0;
}

interface CommentOptions {
  readonly key?: string;
  readonly file?: string;
  readonly exitCode?: string;
}

async function comment(
  run: string | undefined,
  options: CommentOptions,
  io: Io,
): Promise<ExitCode | readonly PlacedProblem[]> {
  const platform = platformOf(io.env);
  if ('why' in platform) {
    if (platform.why === 'no-token') return badOption('comment', platform.message).error;
    io.progress(platform.message);
    return 0;
  }
  const markdown = await markdownOf(run, options, io);
  if (!markdown.ok) return markdown.error;
  const key = options.key ?? keyOf(io.env);
  const { text } = createRedactor(io.env, []);
  const done = await postComment(platform, key, text(bodyOf(markdown.value, key, platform)), io.signal);
  io.progress(`the comment on the ${platform.name === 'github' ? 'pull' : 'merge'} request was ${done}`);
  return 0;
}

const keyOf = (env: Io['env']): string =>
  [env.GITHUB_WORKFLOW, env.GITHUB_JOB].filter(Boolean).join('/') || env.CI_JOB_NAME || 'gate';

/** If the gate stored no verdict, the comment says so, because an earlier comment might still report a pass. */
async function markdownOf(
  run: string | undefined,
  { file, exitCode }: CommentOptions,
  io: Io,
): Promise<Input<string>> {
  if (file !== undefined) return await readText('--file', file, io);
  const path = join(runPath(run, io), 'summary.md');
  if (existsSync(path) || exitCode === undefined) return await readText('RUN', path, io);
  return {
    ok: true,
    value: `## ❌ no verdict\n\nThe gate ended with exit code ${exitCode.replace(/\D/g, '')} and stored no verdict: see the log of the job.`,
  };
}

async function readJudged(run: string | undefined, io: Io): Promise<Input<string>> {
  const path = runPath(run, io);
  const stored = await readStoredRun(path);
  if (!stored.ok) return stored;
  const { verdictText } = stored.value;
  return verdictText === null
    ? badOption('RUN', `${shortPath(io, path)} has no verdict: it was not judged`)
    : { ok: true, value: verdictText };
}

async function readText(option: string, path: string, io: Io): Promise<Input<string>> {
  try {
    return { ok: true, value: await readUserText(userPath(io, path), io.signal) };
  } catch (error) {
    if (!(error instanceof NoText)) throw error;
    return badOption(option, `${shortPath(io, userPath(io, path))} cannot be read: ${error.message}`);
  }
}
