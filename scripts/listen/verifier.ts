import type { Verdict } from '../../slas/model/model.ts';
import { HarnessError } from '../cli/errors.ts';
import { badOption, type Input, type PlacedProblem } from '../cli/inputs.ts';
import type { Io } from '../cli/io.ts';
import { onAbort } from '../process/processes.ts';
import { checkTokens, secretOf } from '../run/tokens.ts';
import { createRedactor } from '../runs/redact.ts';
import { readListenAddress } from './address.ts';
import { shareJudgements } from './judgements.ts';
import type { Question } from './question.ts';
import { listen } from './server.ts';
import { authorisedBy } from './token.ts';

/** Runs `./sla verify --listen`, which responds to requests until it is asked to stop. */

export interface VerifierOptions {
  readonly listen: string;
  readonly prometheus: string;
  /** The operator's confidence, which a request may raise but not lower. null: the observed value decides. */
  readonly least: number | null;
  readonly judge: (question: Question, io: Io) => Promise<Verdict>;
}

const TOKEN = 'SLA_LISTEN_TOKEN';
/** Shorter than the timeouts in the shipped templates, so that clients get a response before they give up. */
const JUDGE_LIMIT_MS = 45_000;

/** The problems with an address and its token. */
export function checkListening(text: string, io: Io): readonly PlacedProblem[] {
  const address = readListenAddress(text);
  if (!address.ok) return address.error;
  const problems = checkTokens([TOKEN], io.env, io.cwd);
  if (problems.length > 0) return problems;
  if (address.value.isLoopback || secretOf(TOKEN, io.env, io.cwd) !== null) return [];
  return badOption(
    '--listen',
    `"${text}" can be reached from other machines, and there is no token: set ${TOKEN} or ${TOKEN}_FILE, or listen on 127.0.0.1`,
  ).error;
}

/** Resolves once all requests that were received before the stop have a response. */
export async function verifyUntilStopped(options: VerifierOptions, io: Io): Promise<void> {
  const address = unwrap(readListenAddress(options.listen));
  const token = secretOf(TOKEN, io.env, io.cwd);
  const judging = new AbortController();
  const judgements = shareJudgements({
    judge: async (question, signal) => {
      const verdict = await options.judge(question, { ...io, signal });
      io.progress(`${spanOf(question)}: ${verdict.verdict}`);
      return verdict;
    },
    signal: judging.signal,
    limitMs: JUDGE_LIMIT_MS,
  });
  const listening = await listen(address, {
    judgements,
    least: options.least,
    isAuthorised: authorisedBy(typeof token === 'string' ? token : null),
    redact: createRedactor(io.env, [options.prometheus]).text,
  });
  io.progress(`listening on ${listening.url}: GET /verdict, POST /verdict, POST /rollback, GET /healthz`);
  await new Promise<void>((resolve) => onAbort(io.signal, resolve));
  io.progress('stopping: finishing requests in progress first');
  await listening[Symbol.asyncDispose]();
  judging.abort(io.signal.reason);
  // If standard error is closed, that is a failure of the harness. Normally, a signal stops the server.
  if (io.signal.reason instanceof HarnessError) throw io.signal.reason;
}

const spanOf = ({ fromSeconds, toSeconds }: Question) =>
  [fromSeconds, toSeconds].map((at) => new Date(at * 1000).toISOString()).join(' to ');

/** The options have already been checked. */
function unwrap<T>(input: Input<T>): T {
  if (!input.ok) throw new Error(input.error.map(({ message }) => message).join('; '));
  return input.value;
}
