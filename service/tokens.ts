import { readFile } from 'node:fs/promises';
import type { Config } from './config.ts';
import type { Problem } from './problem.ts';
import { type TokenSource, tokenProblems } from './token-config.ts';

/** The tokens that are accepted; empty means that none is required. */
export interface Tokens {
  readonly predict: readonly string[];
  readonly metrics: readonly string[];
}

/**
 * All tokens, including those from the files. A file that is unreadable or empty is a problem, because it was meant to
 * protect the service.
 */
export async function loadTokens({ tokens }: Pick<Config, 'tokens'>): Promise<Tokens | Problem[]> {
  const predict = await loadSource('API_TOKENS_FILE', tokens.predict);
  const metrics = await loadSource('METRICS_TOKENS_FILE', tokens.metrics);
  const problems = [predict, metrics].flatMap((each) => ('problems' in each ? each.problems : []));
  if ('problems' in predict || 'problems' in metrics) return problems;
  return { predict: predict.tokens, metrics: metrics.tokens };
}

type Loaded = { readonly tokens: readonly string[] } | { readonly problems: Problem[] };

async function loadSource(path: string, { listed, file }: TokenSource): Promise<Loaded> {
  if (file === undefined) return { tokens: listed };
  const lines = await readFile(file, 'utf8').then(
    (text) => text.split('\n').map((line) => line.trim()),
    (error: Error) => error,
  );
  if (lines instanceof Error) {
    const message = `${lines.message}: write the tokens into it, one per line`;
    return { problems: [{ code: 'unreadable', path, message }] };
  }
  const tokens = lines.filter((line) => line !== '' && !line.startsWith('#'));
  const problems = tokenProblems(path, tokens);
  if (tokens.length === 0) {
    const message = `${file} contains no token: write one per line, or unset the variable`;
    problems.push({ code: 'no_tokens', path, message });
  }
  return problems.length > 0 ? { problems } : { tokens: [...listed, ...tokens] };
}
