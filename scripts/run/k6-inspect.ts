import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { accept, type Input, refuse } from '../cli/inputs.ts';
import { errorsIn } from './k6-log.ts';
import { parsePlan, type ScriptPlan, UnplannableScript } from './k6-plan.ts';

/** Asks k6 for the scenarios and thresholds of a script before the script runs. */

export interface InspectOptions {
  readonly k6: string;
  /** The environment of the run, because the plan may depend on it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The working directory of the run. */
  readonly cwd: string;
  readonly signal: AbortSignal;
  /** The time limit; default: a minute. */
  readonly limitMs?: number;
}

/** k6 runs the script's init code, which may open files and import modules from the network. */
const LIMIT_MS = 60_000;
/** Far more than the few kilobytes that k6 prints about a script. */
const MAX_BYTES = 16 * 2 ** 20;

/**
 * Asks k6 what a script plans. k6 runs only the init code, so nothing is sent to the load target.
 *
 * @param file the absolute path of the script
 * @param shown the path as the operator typed it, for messages
 */
export async function inspectScript(
  file: string,
  shown: string,
  options: InspectOptions,
): Promise<Input<ScriptPlan>> {
  const missing = await notAFile(file);
  if (missing !== null) return unreadable(shown, `the load script cannot be read: ${missing}`);
  const asked = await ask(file, options);
  options.signal.throwIfAborted();
  if (!asked.ok) return unreadable(shown, `k6 cannot plan this script: ${asked.because}`);
  try {
    return accept(parsePlan(asked.text));
  } catch (error) {
    if (!(error instanceof UnplannableScript) && !(error instanceof SyntaxError)) throw error;
    return unreadable(shown, error.message);
  }
}

const unreadable = (file: string, message: string) => refuse({ code: 'bad-script', path: '', file, message });

async function notAFile(file: string): Promise<string | null> {
  try {
    return (await stat(file)).isFile() ? null : 'it is not a file';
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? 'there is no such file' : message;
  }
}

type Asked = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly because: string };

/**
 * k6's own variables are removed, as they are for the run, because they would change the plan. Extensions are disabled,
 * because k6 would download them.
 */
async function ask(
  file: string,
  { k6, env, cwd, signal, limitMs = LIMIT_MS }: InspectOptions,
): Promise<Asked> {
  const folder = await mkdtemp(join(tmpdir(), 'sla-inspect-'));
  try {
    const config = join(folder, 'config.json');
    await writeFile(config, '{}\n');
    const args = ['inspect', '--execution-requirements', '--include-system-env-vars', '--no-color'];
    const { promise, resolve } = Promise.withResolvers<Asked>();
    execFile(
      k6,
      [...args, '--config', config, file],
      {
        cwd,
        signal,
        timeout: limitMs,
        killSignal: 'SIGKILL',
        maxBuffer: MAX_BYTES,
        env: { ...env, K6_AUTO_EXTENSION_RESOLUTION: 'false' },
      },
      (error, stdout, stderr) =>
        resolve(
          error === null
            ? { ok: true, text: stdout }
            : { ok: false, because: becauseOf(error, stderr, dirname(file), limitMs) },
        ),
    );
    return await promise;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function becauseOf(
  { killed, code, message }: Error & { readonly killed?: boolean; readonly code?: unknown },
  log: string,
  folder: string,
  limitMs: number,
): string {
  if (killed === true && code !== 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER')
    return `its init code did not end within ${limitMs / 1000} s`;
  return errorsIn(log, folder).first ?? message.split('\n')[0]!;
}
