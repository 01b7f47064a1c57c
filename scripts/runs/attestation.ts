import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Resource } from '../../slas/render/test-result.ts';
import { accept, badOption, type Input } from '../cli/inputs.ts';
import { NO_FAULTS } from '../run/environment.ts';
import { FILES, type StoredRun } from './bundle.ts';
import { MANIFEST } from './seal.ts';
import { readOptional, readPlainFile } from './stored-files.ts';

/** Builds the in-toto statement about a run. */

export interface SubjectOptions {
  readonly subject?: string;
  readonly commit?: string;
}

/** The fields of environment.json that the statement needs; earlier versions lack some of them. */
export interface Recorded {
  readonly git?: {
    readonly commit: string;
    readonly dirty: boolean | null;
    readonly remote: string | null;
  } | null;
  readonly document?: { readonly sha256: string };
  readonly faults?: string | null;
  readonly ci?: Readonly<Record<string, string>>;
}

export const recordedIn = async ({ path }: StoredRun): Promise<Recorded> =>
  (await readOptional<Recorded>(FILES.environment, path)) ?? {};

const IMAGE = /^([^@\s]+)@sha256:([0-9a-f]{64})$/;
const COMMIT = /^([0-9a-f]{40}|[0-9a-f]{64})$/;

/**
 * The subject of the statement: the image and the commit given by the options. Default: the commit of the checkout that ran
 * the gate.
 */
export function subjectOf(
  { subject, commit }: SubjectOptions,
  { git }: Recorded,
): Input<readonly Resource[]> {
  const image = subject === undefined ? null : IMAGE.exec(subject);
  if (subject !== undefined && image === null)
    return badOption(
      '--subject',
      `"${subject}" does not name an image by its digest: write it as registry/name@sha256:…`,
    );
  if (commit !== undefined && !COMMIT.test(commit))
    return badOption(
      '--commit',
      `"${commit}" is not a whole commit: write all 40 (or 64) hexadecimal digits`,
    );
  const named = [
    ...(image === null ? [] : [{ name: image[1]!, digest: { sha256: image[2]! } }]),
    ...(commit === undefined ? [] : [{ digest: { gitCommit: commit } }]),
  ];
  return named.length > 0 ? accept(named) : commitOf(git);
}

function commitOf(git: Recorded['git']): Input<readonly Resource[]> {
  const ask = 'name what was tested: --subject IMAGE@sha256:…, or --commit SHA';
  if (!git) return badOption('--commit', `the run was not started in a checkout: ${ask}`);
  if (git.dirty !== false)
    return badOption('--commit', `the checkout had uncommitted changes when the run was started: ${ask}`);
  return accept([
    { ...(git.remote === null ? {} : { name: git.remote }), digest: { gitCommit: git.commit } },
  ]);
}

/** A run with injected faults does not show the quality of the build. */
export function faultsIn({ faults }: Recorded): Input<null> {
  if (!faults || faults === NO_FAULTS) return accept(null);
  return badOption('RUN', `faults were injected into the service (${faults}): attest a run without faults`);
}

/** The inputs of the test: the document, the plan with its load, and the seal, which covers every file of the run. */
export async function configurationOf(
  { path, plan }: StoredRun,
  recorded: Recorded,
): Promise<readonly Resource[]> {
  const sha256 = async (name: string) =>
    createHash('sha256')
      .update(await readPlainFile(join(path, name)))
      .digest('hex');
  const document = recorded.document?.sha256;
  return [
    // The hash of the document in the repository. It may differ from that of the stored copy, in which secrets are redacted.
    document === undefined
      ? { name: FILES.document, digest: { sha256: await sha256(FILES.document) } }
      : { name: 'SLA document', digest: { sha256: document } },
    {
      name: FILES.plan,
      digest: { sha256: await sha256(FILES.plan) },
      ...(plan.load === null
        ? {}
        : { annotations: { scenario: plan.load.scenario, script: plan.load.script } }),
    },
    { name: MANIFEST, digest: { sha256: await sha256(MANIFEST) } },
  ];
}

/** The URL of the CI job that made the run; null: unknown. */
export function jobUrl({ ci = {} }: Recorded): string | null {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: id } = ci;
  if (server && repository && id) return `${server}/${repository}/actions/runs/${id}`;
  return ci.CI_JOB_URL ?? ci.BUILD_URL ?? null;
}
