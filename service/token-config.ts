import type { Reader } from './env-reader.ts';
import type { Problem } from './problem.ts';

/** The tokens as given, and the file that lists more, one per line. Without either, no token is required. */
export interface TokenSource {
  readonly listed: readonly string[];
  readonly file: string | undefined;
}

/** Reads `NAME`, comma-separated tokens, and `NAME_FILE`. */
export function readTokens(
  read: Reader,
  problems: Problem[],
  name: 'API_TOKENS' | 'METRICS_TOKENS',
): TokenSource {
  const parts = (read.text(name) ?? '').split(',').map((token) => token.trim());
  const listed = parts.filter((token) => token !== '');
  problems.push(...tokenProblems(name, listed));
  return { listed, file: read.text(`${name}_FILE`) };
}

/** A token as RFC 6750 allows it, and too long to be guessed. No message contains its value. */
export function tokenProblems(path: string, tokens: readonly string[]): Problem[] {
  return tokens.flatMap((token, index) => {
    if (/^[\w.~+/-]{16,512}=*$/.test(token)) return [];
    const message = `token number ${index + 1} is not 16 to 512 letters, digits and "-._~+/" (openssl rand -hex 32 makes one)`;
    return [{ code: 'bad_token', path, message }];
  });
}
