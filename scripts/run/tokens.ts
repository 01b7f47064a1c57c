import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { PlacedProblem } from '../cli/inputs.ts';
import { isFindable } from '../runs/redact.ts';

/**
 * Reads secrets from environment variables, or from the files named by variables with the suffix `_FILE`. Child processes
 * also get them through the environment, because any user of the machine can read the arguments of a process.
 */

export type Env = Readonly<Record<string, string | undefined>>;

/**
 * The first two are sent as `Authorization: Bearer …` to the load target and to Prometheus. `verify --listen` expects the
 * third one from its clients.
 */
export type TokenVariable = 'SLA_TARGET_TOKEN' | 'PROMETHEUS_TOKEN' | 'SLA_LISTEN_TOKEN';
/** The password belongs to PROMETHEUS_USER. PROMETHEUS_HEADERS contains one header per line. */
export type SecretVariable = TokenVariable | 'PROMETHEUS_PASSWORD' | 'PROMETHEUS_HEADERS';
const VARIABLES: readonly SecretVariable[] = [
  'SLA_TARGET_TOKEN',
  'SLA_LISTEN_TOKEN',
  'PROMETHEUS_TOKEN',
  'PROMETHEUS_PASSWORD',
  'PROMETHEUS_HEADERS',
];

/**
 * The environment, with the secrets from files added to their variables. Omits secrets that cannot be read; `checkTokens`
 * and `checkAccess` report them.
 */
export function withTokens(env: Env, cwd: string): Env {
  const read = VARIABLES.flatMap((name) => {
    const secret = secretOf(name, env, cwd);
    return secret === null || secret instanceof Error ? [] : [[name, secret] as const];
  });
  return { ...env, ...Object.fromEntries(read) };
}

/** Problems of the tokens that will be used. No message contains a token or the path of its file. */
export function checkTokens(
  names: readonly TokenVariable[],
  env: Env,
  cwd: string,
): readonly PlacedProblem[] {
  return names.flatMap((name) => {
    const token = secretOf(name, env, cwd);
    if (token === null) return [];
    const why = token instanceof Error ? token.message : whatIsWrong(token);
    return why === null ? [] : [{ code: 'bad-token', path: placeOf(name, env), message: why }];
  });
}

const MAX_FILE_BYTES = 64 * 1024;

/** The variable or file that contains a secret. */
export const placeOf = (name: SecretVariable, env: Env) => (env[name] ? name : `${name}_FILE`);

/**
 * null: the secret is not set. The variable takes precedence over its file. An empty variable counts as unset, because CI
 * servers create empty variables.
 */
export function secretOf(name: SecretVariable, env: Env, cwd: string): string | Error | null {
  const [value, file] = [env[name], env[`${name}_FILE`]];
  if (value) return value.trim();
  if (!file) return null;
  const text = readPlainFile(file, cwd);
  if (text instanceof Error) return text;
  const lines = text.split('\n').map((line) => line.trim());
  const secret = name === 'PROMETHEUS_HEADERS' ? lines.join('\n').trim() : lines.find((line) => line !== '');
  return secret || new Error('the file that it names is empty: fill it, or unset the variable');
}

/** The error contains neither the text nor the path: someone may have put the secret into the variable for the path. */
export function readPlainFile(file: string, cwd: string): string | Error {
  try {
    // A pipe could block forever. It can also be read only once, but the file is read again after the check.
    const path = resolve(cwd, file);
    if (!statSync(path).isFile() || statSync(path).size > MAX_FILE_BYTES)
      return new Error(
        'it does not name a plain file of at most 64 KiB: name such a file, or unset the variable',
      );
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code = 'unknown trouble' } = error as NodeJS.ErrnoException;
    return new Error(
      `the file that it names cannot be read (${code}): correct the path, or unset the variable`,
    );
  }
}

function whatIsWrong(token: string): string | null {
  if (!/^[\x21-\x7e]+$/.test(token))
    return 'the token contains spaces, or characters that are not allowed in a header: check that it is complete';
  return isFindable(token) ? null : TOO_SHORT;
}

export const TOO_SHORT =
  'it is too short or a plain number, so it cannot be redacted reliably: use one of at least 6 characters that is not a number';
