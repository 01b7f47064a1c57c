import { appendFile, writeFile } from 'node:fs/promises';
import { type Exit, type Started, tailOf } from '../../process/processes.ts';
import { followFile } from './follow-file.ts';
import type { Kubectl } from './kubectl.ts';
import { RECORD } from './manifests.ts';
import type { RunnerState } from './pods.ts';

/** A k6 process in a pod. Its record is read while it runs; its summary and its log are read when it has ended. */
export interface Runner extends Started {
  /** Why its record is unreliable, in words; null while it is reliable. */
  readonly problem: string | null;
  /** Why it was lost; null if it ended by itself. */
  readonly loss: string | null;
  /** Called with each state that Kubernetes reports; null: the pod is gone. */
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
  /** k6-operator's pods log their progress, and nothing else, to standard output. */
  readonly logsProgress: boolean;
}

/** The record arrives while k6 runs, so little is left when it ends. */
const COLLECT_LIMIT_MS = 60_000;
const STOP_GRACE_MS = 30_000;

export function watchRunner(name: string, place: Place, files: RunnerFiles): Runner {
  const { kubectl, namespace, pod } = place;
  const exec = (container: string) => ['exec', '--namespace', namespace, pod, '-c', container, '--'];
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
  /** Kubernetes keeps only the newest part of a long log. */
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
      // Without its log, exceptions and interrupted iterations would be unknown, so a log that cannot be fetched is a problem.
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
    // k6 is the first process of its container, and ends gracefully on SIGTERM.
    stop: async (graceMs = STOP_GRACE_MS) => {
      if (!isEnding) await kubectl.run([...exec('k6'), 'sh', '-c', 'kill -TERM 1']).catch(() => {});
      const timer = setTimeout(() => {
        if (isEnding) return;
        isEnding = true;
        void lost('it did not stop when it was asked to');
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

/** The convention of shells and container runtimes: 128 plus the number of the signal. */
const endOf = (exitCode: number): Pick<Exit, 'code' | 'signal'> => {
  if (exitCode === KILLED) return { code: null, signal: 'SIGKILL' };
  return exitCode === 143 ? { code: null, signal: 'SIGTERM' } : { code: exitCode, signal: null };
};

/** The exit codes of k6 after which its progress output has a result: success, and a crossed threshold. */
const ENDED_ITSELF = [0, 99];

const END = 'sla-harness: end of output';

/** A file that k6 did not write is not an error. */
const printIfThere = (path: string) => `[ ! -e ${path} ] || cat ${path}`;

/**
 * The output of a command in the pod. A connection that breaks may lose the end of the output, or all of it, and kubectl does
 * not always report that. The last line therefore shows that the output is complete.
 */
async function outputOf(kubectl: Kubectl, exec: readonly string[], command: string): Promise<string> {
  const script = `{ ${command}; } && echo && echo '${END}'`;
  const text = await kubectl.run([...exec, 'sh', '-c', script], { limitMs: COLLECT_LIMIT_MS });
  const mark = `\n${END}\n`;
  if (!text.endsWith(mark)) throw new Error(`the output of "${command}" arrived only in part`);
  return text.slice(0, -mark.length);
}

/** The log has two sources. A file that k6 did not write is left out. */
async function append(text: string, file: string): Promise<void> {
  if (text !== '') await appendFile(file, text);
}
