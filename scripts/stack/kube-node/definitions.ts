import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HarnessError } from '../../cli/errors.ts';
import { describeResult, runCommand } from '../../tools/command.ts';
import type { ToolIo } from '../../tools/types.ts';

/**
 * Custom resource definitions of other projects, downloaded as Go modules. With them, a test can apply objects of these
 * kinds to a real API server. This repository contains no copies of their files.
 */
interface Definitions {
  readonly module: string;
  readonly version: string;
  /** A path in the module: a YAML file or a folder of YAML files. */
  readonly path: string;
}

const PROJECTS = {
  'prometheus-operator': {
    module: 'github.com/prometheus-operator/prometheus-operator',
    version: 'v0.85.0',
    path: 'example/prometheus-operator-crd',
  },
  'cert-manager': { module: 'github.com/cert-manager/cert-manager', version: 'v1.21.2', path: 'deploy/crds' },
  // Newer versions require a newer version of Go than the other tools here.
  'argo-rollouts': {
    module: 'github.com/argoproj/argo-rollouts',
    version: 'v1.10.0',
    path: 'manifests/crds',
  },
  flagger: { module: 'github.com/fluxcd/flagger', version: 'v1.36.1', path: 'artifacts/flagger/crd.yaml' },
} as const satisfies Record<string, Definitions>;

export type DefiningProject = keyof typeof PROJECTS;

const DOWNLOAD_LIMIT_MS = 3 * 60_000;

/**
 * The absolute paths of the YAML files. Apply them with `kubectl apply --server-side`, because some are too large for the
 * annotation of a plain apply. Throws HarnessError `no-definitions` if Go is missing or the download fails.
 */
export async function definitionsOf(project: DefiningProject, io: ToolIo): Promise<readonly string[]> {
  const { module, version, path } = PROJECTS[project];
  const root = await moduleFolder(`${module}@${version}`, io);
  if (path.endsWith('.yaml')) return [join(root, path)];
  const names = await readdir(join(root, path));
  return names
    .filter((name) => name.endsWith('.yaml') && name !== 'kustomization.yaml')
    .toSorted()
    .map((name) => join(root, path, name));
}

async function moduleFolder(module: string, io: ToolIo): Promise<string> {
  const result = await runCommand('go', ['mod', 'download', '-json', module], {
    cwd: tmpdir(),
    env: { ...io.env, GOWORK: 'off', GOFLAGS: '-mod=mod' },
    limitMs: DOWNLOAD_LIMIT_MS,
    signal: io.signal,
  });
  const folder = result.kind === 'exited' ? /"Dir": "([^"]+)"/.exec(result.output)?.[1] : undefined;
  if (folder !== undefined) return folder;
  throw new HarnessError(
    'no-definitions',
    `the definitions in ${module} cannot be downloaded: ${describeResult(result)}`,
    {
      nextStep: 'install Go, and let this machine reach its module proxy',
    },
  );
}
