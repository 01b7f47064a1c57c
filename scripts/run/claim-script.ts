import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { accept, type Input } from '../cli/inputs.ts';
import type { Io } from '../cli/io.ts';
import { isInClaim, parseClaimScript } from '../stack/kubernetes/claim-script.ts';
import { DEFAULT_NAMESPACE, DEFAULT_TARGET, runnerSettingsOf } from '../stack/kubernetes/options.ts';

interface ClaimOptions {
  readonly script?: string;
  readonly target?: string;
  readonly context?: string;
  readonly namespace?: string;
  readonly runner?: string;
}

/**
 * Archives a script that is in a volume of the cluster, and replaces its path with that of the archive. Other scripts are
 * returned unchanged.
 */
export async function withLocalScript<T extends ClaimOptions>(options: T, io: Io): Promise<Input<T>> {
  const { script, target, context, namespace } = options;
  if (script === undefined || !isInClaim(script)) return accept(options);
  const read = parseClaimScript(script);
  if (!read.ok) return read;
  const settings = await runnerSettingsOf(options, io);
  if (!settings.ok) return settings;
  const [{ packInCluster }, { kubectlOf }] = await Promise.all([
    import('../stack/kubernetes/pack-in-cluster.ts'),
    import('../stack/kubernetes/kubectl.ts'),
  ]);
  const archive = await packInCluster({
    script: read.value,
    target: target ?? DEFAULT_TARGET,
    namespace: namespace ?? DEFAULT_NAMESPACE,
    settings: settings.value,
    kubectl: kubectlOf({ env: io.env, ...(context === undefined ? {} : { context }) }),
    ...{ signal: io.signal, progress: io.progress },
  });
  return accept({ ...options, script: await stored(archive, read.value.claim, read.value.file) });
}

/** Stores the archive for planning and for the run. The file is deleted when this process exits. */
async function stored(archive: Buffer, claim: string, file: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sla-claim-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, claim, `${file.slice(0, file.length - extname(file).length)}.tar`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, archive);
  return path;
}
