import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Outcome, Plan } from '../../slas/model/model.ts';
import { fail, ok, type Result } from '../../slas/model/result.ts';
import { HarnessError } from '../cli/errors.ts';
import { badOption, type Input, shortPath } from '../cli/inputs.ts';
import type { Io } from '../cli/io.ts';
import { headOf } from './environment.ts';

/**
 * Counts how often the same commit is gated. Repeating a gate until it passes proves nothing: exactly at a
 * limit, half of the runs pass by chance. The ledger is a file of JSON lines that a CI server caches. An
 * attempt is recorded before its load starts, so cancelled attempts also count.
 */

export interface LedgerOptions {
  readonly ledger?: string;
  /** The maximum number of attempts that end without a pass. */
  readonly attempts?: string;
}

export interface Attempt {
  /** The number of this attempt, starting at 1. */
  readonly number: number;
  /** The outcomes of earlier attempts, oldest first. */
  readonly earlier: readonly Ended[];
  readonly commit: string;
  readonly finish: (outcome: Outcome) => void;
}

/** `unfinished`: the attempt was interrupted, or the harness failed. */
type Ended = Outcome | 'unfinished';

/** One line of the ledger. */
interface Line {
  readonly at: string;
  readonly key: string;
  readonly id: string;
  /** A hash of the plan: rate, duration, limits, confidence. */
  readonly plan: string;
  readonly outcome: Outcome | 'started';
}

const MAX_ATTEMPTS = 1000;
const DEFAULT_FILE = join('.sla', 'attempts.jsonl');

/** Attempts are counted by default in CI, where a rerun is only one click away. */
const isCounted = ({ ledger, attempts }: LedgerOptions, { env }: Io) =>
  ledger !== undefined || attempts !== undefined || Boolean(env.CI);

/** Registers an attempt or refuses it. Resolves to null if attempts are not counted. */
export async function beginAttempt(
  options: LedgerOptions & { readonly target?: string },
  plan: Plan,
  io: Io,
): Promise<Input<Attempt | null>> {
  const allowed = options.attempts === undefined ? null : Number(options.attempts);
  if (allowed !== null && !(Number.isInteger(allowed) && allowed >= 1 && allowed <= MAX_ATTEMPTS))
    return badOption(
      '--attempts',
      `"${options.attempts}" is not a valid number of attempts (1 to ${MAX_ATTEMPTS})`,
    );
  if (!isCounted(options, io)) return ok(null);
  const commit = await headOf(io.cwd);
  if (commit === null) return withoutCommit(options);
  const file = resolve(io.cwd, options.ledger ?? DEFAULT_FILE);
  const known = readLedger(file, shortPath(io, file));
  if (!known.ok && (allowed !== null || options.ledger !== undefined))
    return badOption(
      '--ledger',
      `${known.error}: delete the file to start a new count, without the attempts in it`,
    );
  const key = keyOf(commit, plan, options.target);
  const own = hashOf([JSON.stringify({ ...plan, load: plan.load && { ...plan.load, seed: 0 } })]);
  const lines = known.ok ? known.value.filter((line) => line.key === key) : [];
  const earlier = endedOf(lines);
  // A pass with a lower load or looser limits does not count for this plan.
  const hasPassed = lines.some((line) => line.outcome === 'pass' && line.plan === own);
  if (allowed !== null) {
    const failed = earlier.filter((one) => one !== 'pass');
    if (failed.length >= allowed && !hasPassed)
      return badOption(
        '--attempts',
        `${allowed === 1 ? 'one attempt is' : `${allowed} attempts are`} allowed, and commit ${commit.slice(0, 12)} had ${failed.length} without a pass of this plan (${earlier.join(', ')}): change the service or the document, and commit`,
      );
  }
  return ok(registered(file, { key, plan: own }, { number: earlier.length + 1, earlier, commit }, io));
}

/** Attempts are counted for each commit, so no limit can be enforced without one. */
const withoutCommit = ({ attempts, ledger }: LedgerOptions): Input<null> =>
  attempts === undefined && ledger === undefined
    ? ok(null)
    : badOption(
        attempts === undefined ? '--ledger' : '--attempts',
        'attempts are counted per commit, but the working directory is not in a git checkout: change to one, or leave the option out',
      );

function registered(
  file: string,
  what: Pick<Line, 'key' | 'plan'>,
  attempt: Omit<Attempt, 'finish'>,
  io: Io,
): Attempt {
  const id = `${process.pid}-${Date.now()}`;
  const write = (outcome: Line['outcome']) =>
    append(file, { at: new Date().toISOString(), ...what, id, outcome }, io);
  write('started');
  return { ...attempt, finish: write };
}

/** Writes each line with a single call, so that the lines of two concurrent gates do not mix. */
function append(file: string, line: Line, io: Io): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    appendFileSync(file, `${JSON.stringify(line)}\n`);
  } catch (cause) {
    throw new HarnessError(
      'no-ledger',
      `the attempt cannot be written to ${shortPath(io, file)}: ${(cause as Error).message}`,
      { nextStep: 'make the file writable, or name another with --ledger', cause },
    );
  }
}

/**
 * The lines of the ledger; none if the file does not exist. If a crash truncated the last line, its attempt has no outcome.
 */
function readLedger(file: string, shown: string): Result<readonly Line[], string> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? ok([]) : fail(`${shown} cannot be read (${code})`);
  }
  const lines: Line[] = [];
  for (const [index, one] of text.split('\n').entries()) {
    if (one.trim() === '') continue;
    const line = parsed(one);
    if (line === null) return fail(`line ${index + 1} of ${shown} is not an attempt`);
    lines.push(line);
  }
  return ok(lines);
}

const OUTCOMES = new Set(['started', 'pass', 'fail', 'inconclusive']);

function parsed(text: string): Line | null {
  try {
    const line = JSON.parse(text) as Line;
    const isWhole = [line.at, line.key, line.id, line.plan].every((one) => typeof one === 'string');
    return isWhole && OUTCOMES.has(line.outcome) ? line : null;
  } catch {
    return null;
  }
}

/** The outcome of each attempt, in the order in which the attempts started. */
function endedOf(lines: readonly Line[]): readonly Ended[] {
  const byId = Map.groupBy(lines, ({ id }) => id);
  return [...byId.values()].map((own) => {
    const end = own.find(({ outcome }) => outcome !== 'started');
    return end === undefined ? 'unfinished' : (end.outcome as Outcome);
  });
}

/**
 * Identifies attempts that share one limit: the same commit, document name, load and target. A different rate or an
 * uncommitted change of the document does not start a new count.
 */
function keyOf(commit: string, { sla, load }: Plan, target: string | undefined): string {
  const address = target === undefined ? 'started for the run' : new URL(target).origin;
  return `${commit.slice(0, 12)}-${hashOf([commit, sla.name, load?.scenario ?? '', address])}`;
}

function hashOf(parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:${part}`);
  return hash.digest('hex').slice(0, 16);
}

/**
 * Such as `attempt 3 of commit 0a1b2c3d4e5f with this document and load; earlier: fail, unfinished`. null for the first
 * attempt.
 */
export function attemptInWords({ number, earlier, commit }: Attempt): string | null {
  if (earlier.length === 0) return null;
  return `attempt ${number} of commit ${commit.slice(0, 12)} with this document and load; earlier: ${earlier.join(', ')}`;
}
