import { appendFile, writeFile } from 'node:fs/promises';
import { type Exit, type Started, tailOf } from '../../process/processes.ts';
import { followFile } from './follow-file.ts';
import { execIn } from './in-pod.ts';
import type { Kubectl } from './kubectl.ts';
import { RECORD } from './manifests.ts';
import type { RunnerState } from './pods.ts';

/** One k6 in a pod. Its record is read while k6 runs; its summary and its log are read after it has ended. */
export interface Runner extends Started {
  /** Why the record is unreliable, in words; null: it is reliable so far. */
  readonly problem: string | null;
  /** Why the pod was lost; null: k6 ended by itself. */
  readonly loss: string | null;
  /** Receives each state that Kubernetes reports; null: the pod no longer exists. */
  see(state: RunnerState | null): void;
}

export interface RunnerFiles {
  readonly logFile: string;
  readonly summaryFile: string;
  readonly samples: (chunk: Buffer) => void;
}

interface Place {
  readonly kubectl: Kubectl;
  readonly namespace: string;
  readonly pod: string;
  readonly node: string;
  /** Whether the pod's standard output contains the progress of k6 and nothing else, as with k6-operator. */
  readonly logsProgress: boolean;
}

/** Most of the record has already arrived when k6 ends, so this limit covers only the rest. */
const COLLECT_LIMIT_MS = 60_000;
const STOP_GRACE_MS = 30_000;

export function watchRunner(name: string, place: Place, files: RunnerFiles): Runner {
  const { kubectl, namespace, pod } = place;
  const exec = (container: string) => execIn(namespace, pod, container);
  const followed = followFile(kubectl, exec('record'), `${RECORD}/samples.csv`, files.samples);
  const { promise: exited, resolve } = Promise.withResolvers<Exit>();
  let ended: Exit | null = null;
  let isEnding = false;
  let problem: string | null = null;
  let loss: string | null = null;
  const where = `load generator ${name} (pod ${pod} on node ${place.node})`;

  const finish = (exit: Omit<Exit, 'atSeconds'>, atSeconds = Date.now() / 1000) => {
    followed[Symbol.dispose]();
    ended = { ...exit, atSeconds };
    resolve(ended);
  };
  const lost = async (because: string) => {
    loss = `${where} was lost: ${because}`;
    problem = `the record of ${where} ends where the pod was lost`;
    await writeFile(files.logFile, `${loss}\n`, { flag: 'a' });
    finish({ code: null, signal: 'SIGKILL' });
  };
  /** Kubernetes keeps only the end of a long log. */
  const fetchProgress = async (exitCode: number) => {
    const progress = await kubectl.run(['logs', '--namespace', namespace, pod, '-c', 'k6'], {
      limitMs: COLLECT_LIMIT_MS,
    });
    await append(progress, files.logFile);
    if (ENDED_ITSELF.includes(exitCode) && !progress.includes('interrupted iterations'))
      problem ??= `the progress output of ${where} has no result, so it is unknown how many iterations were interrupted`;
  };
  const collect = async (exitCode: number, reason: string | null) => {
    const atSeconds = Date.now() / 1000;
    try {
      const bytes = Number(await outputOf(kubectl, exec('record'), `wc -c <${RECORD}/samples.csv`));
      const isWhole = await followed.until(bytes, COLLECT_LIMIT_MS);
      if (!isWhole)
        problem = `the record of ${where} is incomplete: ${followed.received} of ${bytes} bytes arrived`;
      // Without the log, the number of exceptions and interrupted iterations would be unknown. A log that cannot be read is
      // therefore a problem.
      for (const [name, file] of [
        ['summary.json', files.summaryFile],
        ['k6.log', files.logFile],
      ] as const)
        await append(await outputOf(kubectl, exec('record'), printIfThere(`${RECORD}/${name}`)), file);
      if (place.logsProgress) await fetchProgress(exitCode);
    } catch (error) {
      problem ??= `the record of ${where} could not be collected: ${(error as Error).message}`;
    }
    if (reason === 'OOMKilled') loss = `${where} was killed: it exceeded its memory limit`;
    else if (exitCode === KILLED) loss = `${where} was killed with SIGKILL`;
    finish(endOf(exitCode), atSeconds);
  };
  return {
    name,
    logFile: files.logFile,
    get problem() {
      return problem;
    },
    get loss() {
      return loss;
    },
    exited,
    exit: () => ended,
    see: (state) => {
      if (isEnding) return;
      if (state === null || state.kind === 'lost') {
        isEnding = true;
        void lost(state === null ? 'the pod was deleted' : state.because);
      } else if (state.kind === 'ended') {
        isEnding = true;
        void collect(state.exitCode, state.reason);
      }
    },
    // k6 is the first process of its container and ends gracefully on SIGTERM.
    stop: async (graceMs = STOP_GRACE_MS) => {
      if (!isEnding) await kubectl.run([...exec('k6'), 'sh', '-c', 'kill -TERM 1']).catch(() => {});
      const timer = setTimeout(() => {
        if (isEnding) return;
        isEnding = true;
        void lost('it did not stop when asked to');
      }, graceMs);
      const exit = await exited;
      clearTimeout(timer);
      return exit;
    },
    tail: (lines) => tailOf(files.logFile, lines),
    [Symbol.asyncDispose]: async () => followed[Symbol.dispose](),
  };
}

const KILLED = 137;

/** Shells and container runtimes use exit code 128 plus the signal number for a process that a signal ended. */
const endOf = (exitCode: number): Pick<Exit, 'code' | 'signal'> => {
  if (exitCode === KILLED) return { code: null, signal: 'SIGKILL' };
  return exitCode === 143 ? { code: null, signal: 'SIGTERM' } : { code: exitCode, signal: null };
};

/** k6 completes its progress output if it exits with 0 (no failure) or 99 (a crossed threshold). */
const ENDED_ITSELF = [0, 99];

const END = 'sla-harness: end of output';

/** Prints nothing if k6 did not write the file. */
const printIfThere = (path: string) => `[ ! -e ${path} ] || cat ${path}`;

/**
 * Returns the output of a command in the pod. If a connection breaks, output may be lost, and kubectl does not always report
 * that. The command therefore prints a last line that proves that the output is complete.
 */
async function outputOf(kubectl: Kubectl, exec: readonly string[], command: string): Promise<string> {
  const script = `{ ${command}; } && echo && echo '${END}'`;
  const text = await kubectl.run([...exec, 'sh', '-c', script], { limitMs: COLLECT_LIMIT_MS });
  const mark = `\n${END}\n`;
  if (!text.endsWith(mark)) throw new Error(`the output of "${command}" arrived incomplete`);
  return text.slice(0, -mark.length);
}

/** Appends to the log, which has two sources. An empty text does not create the file. */
async function append(text: string, file: string): Promise<void> {
  if (text !== '') await appendFile(file, text);
}
