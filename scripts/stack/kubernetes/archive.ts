import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { HarnessError } from '../../cli/errors.ts';

/** A k6 script in one file, together with everything that it imports and opens, as `k6 archive` creates it. */

export interface ArchiveOptions {
  readonly k6: string;
  /** The script's absolute path. */
  readonly script: string;
  readonly cwd: string;
  /** The environment variables that the script sees while k6 archives it. The archive does not contain them. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

const LIMIT_MS = 60_000;
/** Kubernetes limits a ConfigMap to 1 MiB, including its other fields. */
const MAX_BYTES = 1_000_000;

export async function archiveOf({ k6, script, cwd, env, signal }: ArchiveOptions): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'sla-archive-'));
  try {
    const [config, file] = [join(folder, 'config.json'), join(folder, 'archive.tar')];
    await writeFile(config, '{}\n');
    await promisify(execFile)(
      k6,
      [
        ...['archive', '--quiet', '--no-color', '--config', config, '--archive-out', file],
        // The cluster must not store secrets from this environment.
        ...['--include-system-env-vars', '--exclude-env-vars', script],
      ],
      { cwd, env: { ...env, K6_AUTO_EXTENSION_RESOLUTION: 'false' }, signal, timeout: LIMIT_MS },
    ).catch((cause: Error & { stderr?: string }) => {
      signal.throwIfAborted();
      const why = cause.stderr?.trim().split('\n').slice(-3).join('\n') || cause.message;
      throw new HarnessError('no-archive', `k6 cannot archive ${script}: ${why}`, {
        nextStep: 'run k6 archive by hand; the script must not need files that exist only in the cluster',
        cause,
      });
    });
    return checked(await readFile(file), script);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function checked(archive: Buffer, script: string): Buffer {
  if (archive.length <= MAX_BYTES) return archive;
  throw new HarnessError(
    'large-archive',
    `${script} and what it opens take ${archive.length} bytes, and a ConfigMap holds at most ${MAX_BYTES}`,
    {
      nextStep:
        'let the script open smaller files, or put them into the image (image: in the file of --runner)',
    },
  );
}

/** k6 removes user names from the paths in an archive; this function does the same. */
export const pathInArchive = (path: string) =>
  path.replace(/^(\/[a-zA-Z])?\/(Users|home|Documents and Settings)\/[^/]+/i, '$1/$2/nobody');
