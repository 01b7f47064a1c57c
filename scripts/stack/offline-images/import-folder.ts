import { spawn } from 'node:child_process';
import { addAbortSignal, type Readable } from 'node:stream';
import { HarnessError } from '../../cli/errors.ts';
import { onAbort } from '../../process/processes.ts';
import type { ToolIo } from '../../tools/types.ts';
import { type Engine, ignoring } from '../containers/engine.ts';

export interface ImportWorld {
  readonly engine: Engine;
  readonly toolIo: ToolIo;
}

export interface ImportOptions {
  readonly tag: string;
  /** Settings of the image, as lines of a Dockerfile. */
  readonly changes: readonly string[];
  /** `uid:gid` of every file; absent: the owners stay unchanged. */
  readonly owner?: string;
}

const LONGEST_MS = 5 * 60_000;

/** Creates an image with one layer from a folder. Throws HarnessError `no-image`. */
export async function importFolder(
  folder: string,
  { tag, changes, owner }: ImportOptions,
  { engine, toolIo }: ImportWorld,
): Promise<void> {
  const as = owner?.split(':');
  const owned = as === undefined ? [] : [`--owner=${as[0]}`, `--group=${as[1]}`, '--numeric-owner'];
  const tar = spawn('tar', ['-C', folder, ...owned, '-c', '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const stop = () => tar.kill('SIGKILL');
  const limit = AbortSignal.timeout(LONGEST_MS);
  const abortSignal = toolIo.signal === undefined ? limit : AbortSignal.any([toolIo.signal, limit]);
  const forget = onAbort(abortSignal, stop);
  const exited = new Promise<number | null>((resolve) => {
    tar.once('exit', resolve);
    tar.once('error', () => resolve(null));
  });
  try {
    const told = await engine.importImage(tar.stdout, {
      repo: tag.slice(0, tag.lastIndexOf(':')),
      tag: tag.slice(tag.lastIndexOf(':') + 1),
      changes,
      // To the engine, the output of a killed tar looks complete. Closing the connection prevents the import of a partial
      // image.
      abortSignal,
    });
    for await (const _ of addAbortSignal(abortSignal, told as Readable)) {
      // The engine reports the image's id once it has received the whole archive.
    }
    const code = await exited;
    toolIo.signal?.throwIfAborted();
    if (code !== 0) {
      // Otherwise a later run would use a partial image under this tag.
      await ignoring([404], engine.getImage(tag).remove());
      throw new Error(`tar ended with ${code}`);
    }
  } catch (cause) {
    toolIo.signal?.throwIfAborted();
    throw new HarnessError('no-image', `the image ${tag} could not be created: ${(cause as Error).message}`, {
      nextStep: 'check that docker info responds and that the disk has space',
      cause,
    });
  } finally {
    forget();
    stop();
  }
}
