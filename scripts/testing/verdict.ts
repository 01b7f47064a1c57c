import { availableParallelism, loadavg } from 'node:os';
import type { ReasonCode } from '../../slas/model/reasons.ts';
import type { VerdictDocument } from '../../slas/render/json.ts';
import type { Done } from './sla.ts';

/**
 * Verdicts of real runs. On a machine that has no CPU left for k6 or the service, a correct harness reports late requests and a
 * slow service. A test that expected otherwise then fails with that message, not with a wrong expectation.
 */

/** The wording of a precondition if k6 did not get enough CPU. */
const LATE: readonly ReasonCode[] = [
  'generator-too-late',
  'load-off-plan',
  'phase-off-plan',
  'requests-dropped',
  'iterations-dropped',
  'scenario-off-plan',
];
/** With more runnable processes per core than this, requests wait for the CPU. Two test files at a time stay below it. */
const BUSY_LOAD_PER_CORE = 2.5;

export const outcomesOf = ({ objectives }: VerdictDocument) =>
  Object.fromEntries(objectives.map(({ id, verdict }) => [id, verdict]));

export const objectiveOf = ({ objectives }: VerdictDocument, id: string) =>
  objectives.find((one) => one.id === id)!;

export const preconditionOf = ({ preconditions }: VerdictDocument, id: string) =>
  preconditions.find((one) => one.id === id);

type Preconditions = Pick<VerdictDocument, 'preconditions'>;

/** Parses the verdict that a command printed with `--json`, and checks it. Returns it for further checks. */
export function expectVerdict(
  { stdout, stderr }: Done,
  check: (verdict: VerdictDocument) => void = () => {},
): VerdictDocument {
  if (!stdout.startsWith('{')) throw new Error(`no verdict in JSON was printed:\n${stdout}${stderr}`);
  const verdict = JSON.parse(stdout) as VerdictDocument;
  explainIfBusy(verdict, () => check(verdict));
  return verdict;
}

/** Runs the check. If it fails and the machine was too busy for the run, the error says so and quotes the check's own message. */
export function explainIfBusy(verdict: Preconditions, check: () => void, load = loadPerCore()): void {
  explain(check, () => signsOfBusyMachine(verdict, load));
}

/** The same for a verdict that was printed as text, such as the log of a Job. */
export function explainIfPrintedLate(printed: string, check: () => void): void {
  explain(check, () => printed.match(/(?<=✗ )(generator-on-time|load-delivered): .*/g) ?? []);
}

function explain(check: () => void, findSigns: () => readonly string[]): void {
  try {
    check();
  } catch (error) {
    const busy = findSigns();
    if (busy.length === 0) throw error;
    throw new Error(
      `this machine was too busy for the run: ${busy.join('; ')}. Run the test again on a quiet machine. ` +
        `If it fails there too, look at the check that failed: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

function signsOfBusyMachine({ preconditions }: Preconditions, load: number): readonly string[] {
  const late = preconditions
    .filter(({ ok, reasons }) => ok === false && reasons.some(({ code }) => LATE.includes(code)))
    .map(({ id, detail }) => `${id}: ${detail}`);
  const running = `${load.toFixed(1)} processes per core were waiting for the CPU or running in the last minute`;
  return load > BUSY_LOAD_PER_CORE ? [...late, running] : late;
}

const loadPerCore = () => loadavg()[0]! / availableParallelism();
