import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ReadDocument } from '../cli/inputs.ts';
import type { Io } from '../cli/io.ts';
import { bareAddress } from '../runs/redact.ts';
import { prometheusVersion } from '../stack/prometheus-admin.ts';
import type { Stack } from '../stack/stack.ts';
import type { RunTools } from './prepare.ts';
import { askerOf } from './prometheus-access.ts';

/** The value of `faults` if none were injected. */
export const NO_FAULTS = 'none';

const GIT_LIMIT_MS = 10_000;

/** Variables of CI servers that name the job; none of them is a secret. */
const CI_VARIABLES = [
  'CI',
  'GITHUB_SERVER_URL',
  'GITHUB_REPOSITORY',
  'GITHUB_WORKFLOW',
  'GITHUB_JOB',
  'GITHUB_RUN_ID',
  'GITHUB_RUN_ATTEMPT',
  'GITHUB_REF',
  'GITHUB_SHA',
  'CI_PROJECT_PATH',
  'CI_PIPELINE_ID',
  'CI_JOB_ID',
  'CI_JOB_NAME',
  'CI_JOB_URL',
  'CI_COMMIT_REF_NAME',
  'CI_COMMIT_SHA',
  'BUILD_NUMBER',
  'BUILD_URL',
  'JOB_NAME',
  'BUILDKITE_BUILD_ID',
  'BUILDKITE_JOB_ID',
  'CIRCLE_WORKFLOW_ID',
  'CIRCLE_BUILD_NUM',
  'BUILD_BUILDID',
];

/** Describes the machine, the tools and the versions of the run for later readers; null means unknown. */
export async function describeEnvironment(
  tools: RunTools,
  read: ReadDocument,
  stack: Stack,
  faults: string | undefined,
  io: Io,
): Promise<object> {
  const processors = cpus();
  const isBuiltHere = stack.kind !== 'existing';
  return {
    schema: 'sla-harness/environment/v1',
    harness: { version: await harnessVersion(io.root) },
    git: await describeCheckout(io.project),
    document: { sha256: createHash('sha256').update(read.text).digest('hex') },
    model: isBuiltHere ? await describeModel(io) : null,
    // Whether an external service has injected faults is unknown.
    faults: faults ?? (isBuiltHere ? NO_FAULTS : null),
    ...(stack.images === undefined ? {} : { images: stack.images }),
    tools: {
      node: process.version.slice(1),
      k6: tools.k6.version,
      prometheus: await prometheusVersion(askerOf(stack.prometheusUrl, io)),
    },
    machine: {
      system: `${process.platform} ${process.arch}`,
      kernel: release(),
      processors: processors.length,
      processor: processors[0]?.model ?? 'unknown',
      memoryBytes: totalmem(),
    },
    ci: Object.fromEntries(CI_VARIABLES.flatMap((name) => (io.env[name] ? [[name, io.env[name]]] : []))),
  };
}

export async function harnessVersion(root: string): Promise<string> {
  return (JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }).version;
}

/** The commit that is checked out in this folder; null outside a checkout. */
export const headOf = async (folder: string): Promise<string | null> =>
  await git(folder, 'rev-parse', 'HEAD');

/** Describes the checkout: its commit, its remote, and whether it has uncommitted changes. null outside a checkout. */
async function describeCheckout(root: string): Promise<object | null> {
  const commit = await headOf(root);
  if (commit === null) return null;
  const changes = await git(root, '--no-optional-locks', 'status', '--porcelain');
  const names = (await git(root, 'remote'))?.split('\n').filter((name) => name !== '') ?? [];
  const name = names.includes('origin') ? 'origin' : names[0];
  const remote = name === undefined ? null : await git(root, 'remote', 'get-url', name);
  return {
    commit,
    dirty: changes === null ? null : changes !== '',
    remote: remote === null ? null : bareAddress(remote),
  };
}

async function git(root: string, ...args: readonly string[]): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)('git', ['-C', root, ...args], { timeout: GIT_LIMIT_MS });
    return stdout.trim();
  } catch {
    // There is no git or no checkout. That is not an error: the harness may run from an archive.
    return null;
  }
}

/** Describes the model that our own service loads: its name and, for the embedded one, the hash of its weights. */
async function describeModel({ root, env }: Io): Promise<object> {
  const chosen = env.MODEL_ID || env.MODEL_DIR;
  if (chosen) return { name: chosen, sha256: null };
  const sums = await readFile(join(root, 'service', 'model', 'SHA256SUMS'), 'utf8');
  const [, sha256 = null, path = ''] = /^([0-9a-f]{64}) +(\S+\.onnx)$/m.exec(sums) ?? [];
  return { name: path.split('/')[0], file: path, sha256 };
}
