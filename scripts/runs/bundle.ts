import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, realpath, rename, rm, rmdir, stat, symlink } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { CLIENT_FILE } from '../../slas/client/file.ts';
import type { Evidence, Plan, RunRecord, Verdict } from '../../slas/model/model.ts';
import { verdictDocument } from '../../slas/render/json.ts';
import { renderJUnit } from '../../slas/render/junit.ts';
import { renderMarkdown } from '../../slas/render/markdown.ts';
import { printableJson } from '../../slas/render/printable.ts';
import { renderText } from '../../slas/render/text.ts';
import { HarnessError } from '../cli/errors.ts';
import { accept, badOption, formatProblem, type Input, type PlacedProblem, refuse } from '../cli/inputs.ts';
import { makePath, writeWhole } from '../run/disk.ts';
import type { Redactor } from './redact.ts';
import { readRunRecord, runFiles } from './run-record.ts';
import { readPlainFile, readStored, Unreadable } from './stored-files.ts';

/**
 * A run folder, which stores the plan, the evidence and the verdict as files. It contains no partially written files and no
 * secrets.
 */
export interface RunFolder {
  readonly id: string;
  readonly path: string;
  readonly logs: string;
  writeJson(name: string, data: unknown): Promise<void>;
  /** Writes run.json and, if the client recorded its requests, client.bin. */
  writeRun(run: RunRecord): Promise<void>;
  writeText(name: string, text: string): Promise<void>;
  /**
   * For text or data that the user wrote. There, `password: …` is redacted as a secret; in our own data, it would be a
   * label.
   */
  writeTheirText(name: string, text: string): Promise<void>;
  writeTheirJson(name: string, data: unknown): Promise<void>;
  /** For output that was made from redacted files. Redacting it again could break it, for example a script in a page. */
  writeMade(name: string, text: string): Promise<void>;
  /** Redacts the files of other programs after these programs have ended. */
  redact(): Promise<void>;
}

export const FILES = {
  plan: 'plan.json',
  run: 'run.json',
  client: CLIENT_FILE,
  evidence: 'evidence.json',
  series: 'series.json',
  verdict: 'verdict.json',
  report: 'report.html',
  environment: 'environment.json',
  baseline: 'baseline.json',
  document: 'document.json',
  documentText: 'document.yaml',
  snapshot: 'prometheus-snapshot',
} as const;

/** JSON that is safe to print, because it contains no control characters. */
export const toJson = (data: unknown) => `${printableJson(JSON.stringify(data, null, 2))}\n`;

const folderAt = (path: string, redactor: Redactor): RunFolder => {
  const written = new Set<string>();
  const write = (name: string, content: string | Uint8Array) => {
    written.add(name);
    return writeWhole(join(path, name), content);
  };
  return {
    id: basename(path),
    path,
    logs: join(path, 'logs'),
    writeJson: (name, data) => write(name, toJson(redactor.data(data))),
    writeRun: async (run) => {
      for (const [name, content] of Object.entries(runFiles(redactedRun(run, redactor), toJson)))
        await write(name, content);
    },
    writeText: (name, text) => write(name, redactor.text(text)),
    writeTheirText: (name, text) => write(name, redactor.log(text)),
    writeTheirJson: (name, data) => write(name, toJson(redactor.theirData(data))),
    writeMade: write,
    redact: async () => {
      const files = await foreignFiles(path, written);
      const done = await Promise.allSettled(files.map((name) => redactFile(join(path, name), redactor)));
      const failed = done.find(({ status }) => status === 'rejected');
      if (failed?.status === 'rejected') throw failed.reason;
    },
  };
};

/** Of the client's record, only the paths of the requests are text, so only they are redacted. */
function redactedRun({ load, ...run }: RunRecord, redactor: Redactor): RunRecord {
  if (load?.client === undefined) return redactor.data({ ...run, load }) as RunRecord;
  const { client, ...rest } = load;
  const redacted = redactor.data({ ...run, load: rest }) as RunRecord;
  const paths = client.paths.map(redactor.text);
  return { ...redacted, load: { ...redacted.load!, client: { ...client, paths } } };
}

/** The files in the folder that other programs wrote: k6's summary and logs. */
async function foreignFiles(path: string, written: ReadonlySet<string>): Promise<readonly string[]> {
  const own = await readdir(path, { withFileTypes: true });
  const logs = await readdir(join(path, 'logs'), { withFileTypes: true });
  return [
    ...own.filter((entry) => entry.isFile() && !written.has(entry.name)).map(({ name }) => name),
    ...logs.filter((entry) => entry.isFile()).map(({ name }) => join('logs', name)),
  ];
}

/**
 * Deletes a file that cannot be redacted, because a missing log is better than a log with a password. Also deletes JSON that
 * a full disk truncated, so that no partially written file keeps its final name.
 */
async function redactFile(path: string, redactor: Redactor): Promise<void> {
  try {
    if (extname(path) === '.json') await redactJson(path, redactor);
    else if (await hasSecrets(path, redactor))
      await writeWhole(path, changedBy(redactor.log, blocksOf(path)));
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

async function redactJson(path: string, redactor: Redactor): Promise<void> {
  const text = await readFile(path, 'utf8');
  const data = parsed(text);
  if (data === undefined) return await rm(path);
  const redacted = redactor.data(data);
  if (toJson(redacted) !== toJson(data)) await writeWhole(path, toJson(redacted));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function hasSecrets(path: string, { log }: Redactor): Promise<boolean> {
  for await (const block of blocksOf(path)) if (log(block) !== block) return true;
  return false;
}

async function* changedBy(change: (text: string) => string, blocks: AsyncIterable<string>) {
  for await (const block of blocks) yield change(block);
}

/** Reads blocks of whole lines: a log may be larger than memory, and no secret spans several lines. */
async function* blocksOf(path: string): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of createReadStream(path, 'utf8')) {
    const text = rest + chunk;
    const end = text.lastIndexOf('\n') + 1;
    if (end > 0) yield text.slice(0, end);
    rest = text.slice(end);
  }
  yield rest;
}

/**
 * Such as `2026-11-23T05-31-02Z-steady-3f9a`. Ids sort by time, and are unique even if two runs start in the same second.
 */
function newId(what: string): string {
  const time = new Date().toISOString().replace(/\.\d+/, '').replaceAll(':', '-');
  return `${time}-${what}-${randomBytes(2).toString('hex')}`;
}

/**
 * @param what a part of the run's name
 * @param id the name of a folder that already exists
 * @param isRun if false, `latest` does not point to the folder
 */
export async function createRunFolder(
  parent: string,
  what: string,
  redactor: Redactor,
  { isRun = true, id }: { readonly isRun?: boolean; readonly id?: string } = {},
): Promise<RunFolder> {
  const folder = folderAt(join(parent, id ?? newId(what)), redactor);
  try {
    await makePath(folder.logs);
    // `latest` only ever points to a run, because nothing else can be judged again.
    if (isRun) await pointLatestAt(folder);
  } catch (cause) {
    for (const made of [folder.logs, folder.path]) await rmdir(made).catch(() => {});
    throw new HarnessError(
      'no-run-folder',
      `the run folder ${folder.path} cannot be created: ${messageOf(cause)}`,
      {
        nextStep: 'choose another folder with --out DIR',
        cause,
      },
    );
  }
  return folder;
}

const messageOf = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause));

/** Atomically points `latest` to a run when the run starts, so that a later command never judges an older run. */
async function pointLatestAt(folder: RunFolder): Promise<void> {
  const parent = join(folder.path, '..');
  const fresh = join(parent, `.latest-${folder.id}`);
  await rm(fresh, { force: true });
  await symlink(folder.id, fresh);
  await rename(fresh, join(parent, 'latest'));
}

/**
 * Writes the verdict for people, for CI servers and for scripts.
 *
 * @param note a line about the circumstances of the run, which do not affect the verdict
 */
export async function writeVerdict(
  folder: RunFolder,
  verdict: Verdict,
  plan: Plan,
  note: string | null = null,
): Promise<void> {
  const added = note === null ? '' : `${note}\n`;
  await folder.writeJson(FILES.verdict, verdictDocument(verdict));
  await folder.writeText(
    'verdict.txt',
    `${renderText(verdict, plan, { colour: false, isVerbose: true })}${added}`,
  );
  await folder.writeText('summary.md', `${renderMarkdown(verdict, plan)}${added}`);
  await folder.writeText('junit.xml', renderJUnit(verdict));
}

export interface StoredRun {
  /** The absolute path, with symbolic links resolved. */
  readonly path: string;
  readonly plan: Plan;
  readonly run: RunRecord;
  /** null: the load ran, but Prometheus was not queried. */
  readonly evidence: Evidence | null;
  /** The stored text; null: the run has not been judged yet. */
  readonly verdictText: string | null;
}

/** Reads a run folder. Throws a HarnessError that lists every file that cannot be read, and why. */
export async function readRun(given: string): Promise<StoredRun> {
  const read = await readStoredRun(given);
  if (read.ok) return read.value;
  throw new HarnessError('bad-run', read.error.map(formatProblem).join('\n'), {
    nextStep: 'the run did not finish, or the folder was altered: run it again',
  });
}

/** Reads a run folder that the user named; it may contain anything. Returns all problems at once. */
export async function readStoredRun(given: string): Promise<Input<StoredRun>> {
  const isFolder = (await stat(given).catch(() => null))?.isDirectory() === true;
  if (!isFolder)
    return badOption('RUN', `there is no run folder ${given}: create one with ./sla gate, or name another`);
  const path = await realpath(given);
  const problems: PlacedProblem[] = [];
  const read = async <T>(name: string, reading: Promise<T>, isNeeded: boolean): Promise<T | null> => {
    try {
      return await reading;
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      if (isNeeded || !error.isMissing)
        problems.push({ code: 'bad-run', path: '', file: join(path, name), message: error.message });
      return null;
    }
  };
  const [plan, run, evidence, verdictText] = await Promise.all([
    read(FILES.plan, readStored<Plan>('plan', path), true),
    readRunRecord(path),
    read(FILES.evidence, readStored<Evidence>('evidence', path), false),
    read(FILES.verdict, readVerdictText(path), false),
  ]);
  if (!run.ok) {
    const { file, message } = run.error;
    problems.push({ code: 'bad-run', path: '', file: join(path, file), message });
  }
  if (plan === null || !run.ok || problems.length > 0) return refuse(...problems);
  return accept({ path, plan, run: run.value, evidence, verdictText });
}

/** Returns the stored text unchanged, after checking that it is a verdict. */
async function readVerdictText(path: string): Promise<string> {
  await readStored('verdict', path);
  return await readPlainFile(join(path, FILES.verdict));
}
