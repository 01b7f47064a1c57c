import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { stringify } from 'yaml';
import { HarnessError } from '../cli/errors.ts';
import { describeResult, runCommand } from '../tools/command.ts';
import { findTool } from '../tools/find-tool.ts';
import type { ToolIo } from '../tools/types.ts';

const LIMIT_MS = 30_000;

/** Additions to an overlay. */
export interface Additions {
  /** The absolute paths of components. */
  readonly components?: readonly string[];
  readonly images?: readonly { readonly name: string; readonly newName: string; readonly newTag: string }[];
  readonly patches?: readonly { readonly target: object; readonly patch: string }[];
}

/** The YAML that `kubectl apply -k` would apply for a folder with these additions. Throws HarnessError `no-manifests`. */
export async function render(folder: string, additions: Additions, io: ToolIo): Promise<string> {
  // Kustomize accepts relative paths only.
  const own = await mkdtemp(join(await realpath(tmpdir()), 'sla-kustomize-'));
  try {
    const { components = [], ...others } = additions;
    const kustomization = {
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      resources: [relative(own, folder)],
      components: components.map((component) => relative(own, component)),
      ...others,
    };
    await writeFile(join(own, 'kustomization.yaml'), stringify(kustomization));
    return await kustomize(own, io);
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

async function kustomize(folder: string, io: ToolIo): Promise<string> {
  const { path } = await findTool('kustomize', io);
  const output = join(folder, 'rendered.yaml');
  const result = await runCommand(path, ['build', folder, '--output', output], {
    env: io.env,
    limitMs: LIMIT_MS,
    signal: io.signal,
  });
  // Text on standard error is a warning, for example about a deprecated field.
  if (result.kind === 'exited' && result.exitCode === 0 && result.output === '')
    return await readFile(output, 'utf8');
  throw new HarnessError('no-manifests', `kustomize cannot build ${folder}: ${describeResult(result)}`, {
    nextStep: 'correct the kustomization.yaml that it names',
  });
}
