import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Evidence, Plan, RunRecord, Verdict } from '../slas/model.ts';
import { renderJUnit } from '../slas/render/junit.ts';
import { renderMarkdown } from '../slas/render/markdown.ts';
import { renderText } from '../slas/render/text.ts';
import { HarnessError } from './errors.ts';

/** A run folder: everything that was planned, seen and decided, as files. */
export interface RunFolder {
  readonly id: string;
  readonly path: string;
  readonly logs: string;
  writeJson(name: string, data: unknown): Promise<void>;
  writeText(name: string, text: string): Promise<void>;
}

export const FILES = {
  plan: 'plan.json',
  run: 'run.json',
  evidence: 'evidence.json',
  verdict: 'verdict.json',
} as const;

const folderAt = (path: string): RunFolder => ({
  id: basename(path),
  path,
  logs: join(path, 'logs'),
  writeJson: (name, data) => writeFile(join(path, name), `${JSON.stringify(data, null, 2)}\n`),
  writeText: (name, text) => writeFile(join(path, name), text),
});

/** `2026-11-23T05-31-02Z-steady-3f9a`: sorts by time, unique where two begin in one second. */
function newId(what: string): string {
  const time = new Date().toISOString().replace(/\.\d+/, '').replaceAll(':', '-');
  return `${time}-${what}-${randomBytes(2).toString('hex')}`;
}

export async function createRunFolder(parent: string, what: string): Promise<RunFolder> {
  const folder = folderAt(join(parent, newId(what)));
  try {
    await mkdir(folder.logs, { recursive: true });
  } catch (cause) {
    throw new HarnessError(
      'no-run-folder',
      `the run folder ${folder.path} cannot be made: ${(cause as Error).message}`,
      {
        nextStep: 'choose another place with --out DIR',
        cause,
      },
    );
  }
  await pointLatestAt(folder);
  return folder;
}

/** Points `latest` at a run, in one step, as soon as it begins: what is judged next must not be an older one. */
async function pointLatestAt(folder: RunFolder): Promise<void> {
  const parent = join(folder.path, '..');
  const fresh = join(parent, `.latest-${folder.id}`);
  await rm(fresh, { force: true });
  await symlink(folder.id, fresh);
  await rename(fresh, join(parent, 'latest'));
}

/** The verdict for people, for CI servers and for scripts. */
export async function writeVerdict(folder: RunFolder, verdict: Verdict, plan: Plan): Promise<void> {
  await folder.writeJson(FILES.verdict, verdict);
  await folder.writeText('verdict.txt', renderText(verdict, plan, { colour: false }));
  await folder.writeText('summary.md', renderMarkdown(verdict, plan));
  await folder.writeText('junit.xml', renderJUnit(verdict));
}

export interface StoredRun {
  readonly folder: RunFolder;
  readonly plan: Plan;
  readonly run: RunRecord;
  /** null: the load was run, and Prometheus was not asked. */
  readonly evidence: Evidence | null;
}

/** Reads a run folder back. Throws a HarnessError that names what is missing. */
export async function readRun(path: string): Promise<StoredRun> {
  if (!existsSync(path)) {
    throw new HarnessError('no-run', `there is no run folder ${path}`, {
      nextStep: 'make one with ./sla gate, or name another',
    });
  }
  const folder = folderAt(await realpath(path));
  const plan = await readJson<Plan>(folder, FILES.plan);
  const run = await readJson<RunRecord>(folder, FILES.run);
  const hasEvidence = existsSync(join(folder.path, FILES.evidence));
  return {
    folder,
    plan,
    run,
    evidence: hasEvidence ? await readJson<Evidence>(folder, FILES.evidence) : null,
  };
}

async function readJson<T>(folder: RunFolder, name: string): Promise<T> {
  try {
    return JSON.parse(await readFile(join(folder.path, name), 'utf8')) as T;
  } catch (cause) {
    throw new HarnessError(
      'bad-run',
      `${join(folder.path, name)} cannot be read: ${(cause as Error).message}`,
      {
        nextStep: 'the run did not get that far, or the folder was altered: run it again',
        cause,
      },
    );
  }
}
