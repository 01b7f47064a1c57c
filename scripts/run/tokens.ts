import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseDuration } from '../../slas/document/limits.ts';
import type { Asker } from '../../slas/prometheus/http.ts';
import type { PlacedProblem } from '../cli/inputs.ts';
import type { Io } from '../cli/io.ts';
import { createRedactor, isFindable } from '../runs/redact.ts';

/**
 * Tokens come from the environment: from a variable, or from the file that the variable with the suffix `_FILE` names. They are passed on
 * in the environment as well, because any user of the machine can read the arguments of a process.
 */

type Env = Readonly<Record<string, string | undefined>>;

/** Sent as `Authorization: Bearer …` to the load target, and to the Prometheus that is queried. */
export type TokenVariable = 'SLA_TARGET_TOKEN' | 'PROMETHEUS_TOKEN';
const VARIABLES: readonly TokenVariable[] = ['SLA_TARGET_TOKEN', 'PROMETHEUS_TOKEN'];

/** The environment with the tokens of files in their variables. A token that cannot be read is left out; `checkTokens` reports it. */
export function withTokens(env: Env, cwd: string): Env {
  const read = VARIABLES.flatMap((name) => {
    const token = tokenOf(name, env, cwd);
    return token === null || token instanceof Error ? [] : [[name, token] as const];
  });
  return { ...env, ...Object.fromEntries(read) };
}

/** Problems of the tokens that are about to be used. No message contains a token or the path of its file. */
export function checkTokens(
  names: readonly TokenVariable[],
  env: Env,
  cwd: string,
): readonly PlacedProblem[] {
  return names.flatMap((name) => {
    const token = tokenOf(name, env, cwd);
    if (token === null) return [];
    const place = env[name] ? name : `${name}_FILE`;
    const why = token instanceof Error ? token.message : whatIsWrong(token);
    return why === null ? [] : [{ code: 'bad-token', path: place, message: why }];
  });
}

const MAX_FILE_BYTES = 64 * 1024;

/** null if none was given. The variable takes precedence over its file. An empty variable counts as unset, because CI servers leave those. */
function tokenOf(name: TokenVariable, env: Env, cwd: string): string | Error | null {
  const [value, file] = [env[name], env[`${name}_FILE`]];
  if (value) return value.trim();
  if (!file) return null;
  try {
    // Reading a pipe could block forever and works only once, but the token is read again when it is checked.
    const path = resolve(cwd, file);
    if (!statSync(path).isFile() || statSync(path).size > MAX_FILE_BYTES)
      return new Error(
        'it does not name a plain file of at most 64 KiB: write the token to such a file, or unset the variable',
      );
    const lines = readFileSync(path, 'utf8').split('\n');
    const token = lines.map((line) => line.trim()).find((line) => line !== '');
    return (
      token ?? new Error('the file that it names is empty: write the token to it, or unset the variable')
    );
  } catch (error) {
    const { code = 'unknown trouble' } = error as NodeJS.ErrnoException;
    return new Error(
      `the file that it names cannot be read (${code}): write the token to it, or unset the variable`,
    );
  }
}

function whatIsWrong(token: string): string | null {
  if (!/^[\x21-\x7e]+$/.test(token))
    return 'the token contains spaces, or characters that are not allowed in a header: check that it is complete';
  if (!isFindable(token))
    return 'the token is too short or a plain number, so it cannot be redacted reliably: use one of at least 6 characters that is not a number';
  return null;
}

/**
 * Creates a Prometheus client with its token, if there is one, and with the patience for late samples that
 * `--ingest-delay` sets.
 */
export const askerOf = (
  url: string,
  { signal, progress, env }: Io,
  ingestDelay?: string,
): Asker & Pick<Io, 'progress'> => ({
  url,
  signal,
  progress,
  ...(ingestDelay === undefined ? {} : { ingestDelaySeconds: parseDuration(ingestDelay)! }),
  redact: createRedactor(env, [url]).log,
  ...(env.PROMETHEUS_TOKEN ? { token: env.PROMETHEUS_TOKEN } : {}),
});
