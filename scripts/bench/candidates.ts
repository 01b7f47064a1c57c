import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { allocatorSettings } from '../../service/allocator.ts';
import type { Io } from '../cli/io.ts';
import { type Running, start, waitFor } from '../process/processes.ts';

/** The servers that are compared. */
export const candidateNames = ['usual', 'ours', 'no-metrics', 'batching'] as const;
export type CandidateName = (typeof candidateNames)[number];

export const candidateTitles: Readonly<Record<CandidateName, string>> = {
  usual: 'conventional server',
  ours: 'this service',
  'no-metrics': 'without metrics',
  batching: 'with batching',
};

export interface Candidate extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** The last lines of its log. */
  tail(): string;
}

const startPatienceMs = 120_000;
const bench = import.meta.dirname;

/** Batches of four texts of similar length were the best setting tried for the embedded model. */
const batchingSettings = { BATCH_TEXTS: '4' };

function programOf(name: CandidateName, root: string): readonly [string[], Record<string, string>] {
  const service = join(root, 'service', 'server.ts');
  const model = join(root, 'service', 'model', 'sentiment-small');
  switch (name) {
    case 'usual':
      return [[join(bench, 'usual-server.ts'), model], {}];
    case 'ours':
      return [[service], {}];
    case 'no-metrics':
      return [[join(bench, 'without-metrics.ts')], {}];
    case 'batching':
      return [[service], batchingSettings];
    default:
      return name satisfies never;
  }
}

export async function startCandidate(
  name: CandidateName,
  folder: string,
  io: Io,
  more: Record<string, string> = {},
): Promise<Candidate> {
  const [args, settings] = programOf(name, io.root);
  return startServer(candidateTitles[name], args, { ...settings, ...more }, folder, io);
}

/** Starts a server that logs JSON lines, including one with its `address` and one that says "ready". */
export async function startServer(
  title: string,
  args: readonly string[],
  settings: Readonly<Record<string, string>>,
  folder: string,
  io: Io,
): Promise<Candidate> {
  // The operator's own settings must not affect the comparison.
  const { PATH, HOME } = io.env;
  const running: Running = await start(title, process.execPath, args, {
    cwd: io.root,
    env: { PATH, HOME, NODE_ENV: 'production', PORT: '0', ...allocatorSettings, ...settings },
    logFile: join(folder, `${title.replaceAll(' ', '-')}.log`),
  });
  const url = await waitFor(running, 'getting ready', startPatienceMs, io.signal, async () =>
    readAddress(running.logFile),
  );
  return {
    url,
    pid: running.pid,
    tail: running.tail,
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

function readAddress(logFile: string): string | null {
  const log = readFileSync(logFile, 'utf8');
  const address = /"address":"(http:[^"]+)"/.exec(log)?.[1];
  return log.includes('"msg":"ready"') && address !== undefined ? address : null;
}
