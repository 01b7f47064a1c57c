import type { Command as Program } from 'commander';
import type { PlacedProblem } from './inputs.ts';
import type { ExitCode, Io } from './io.ts';

/** The result of a command: its exit code, or all problems with its input. */
export type Outcome = ExitCode | readonly PlacedProblem[];

/**
 * Declares a command: its description, arguments and options, and the function that runs it. Every file in `commands/`
 * exports one declaration.
 */
export type Register = (program: Program, io: Io, done: (outcome: Outcome) => void) => void;

export interface Command {
  readonly register: Register;
}

/** Replaces `./sla` in messages with the form that users of the npm package type. */
export const named = (text: string, { isInstalled }: Pick<Io, 'isInstalled'>): string =>
  isInstalled ? text.replace(/\.\/sla(?=[ `])/g, 'npx sla-harness') : text;

/** The heading for commands that only maintainers of the harness need. */
export const MAINTAINERS = "Maintainers' commands:";

// ---------------------------------------------------------------------------------------------- options of several commands

export const VERBOSE = 'print the reason for every objective and every precondition';
export const SLA_FILE = 'the SLA document (default in this repository: that of the sentiment service)';
export const RUN_ARGUMENT = 'a run folder, or its name under runs/ (default: the latest)';
const SCENARIO = "a scenario of the document (default: the document's defaultScenario)";
const CONFIDENCE =
  'confidence of the verdict, for example 0.95 or 95% (at least 0.9, and at least that of the document); less certain outcomes are undecided';
const INGEST_DELAY =
  'the maximum time to wait for a sample to appear in Prometheus, for example 30s (default: learned from the samples before the load, else 60s)';

export const addScenario = (command: Program) => command.option('--scenario <name>', SCENARIO);
export const addConfidence = (command: Program) => command.option('--confidence <c>', CONFIDENCE);
export const addIngestDelay = (command: Program) => command.option('--ingest-delay <duration>', INGEST_DELAY);

const SCRIPT =
  'a k6 script that defines its own load, instead of a scenario; it runs unchanged, but can reach only the load target (with --stack kubernetes, also claim:NAME/PATH: a file in a volume claim)';

export const addScript = (command: Program) => command.option('--script <file>', SCRIPT);

/** Options of every command that plans a run. */
export const addPlanOptions = (command: Program) =>
  addConfidence(
    command
      .option('--sla <file>', SLA_FILE)
      .option('--rate <rate>', "requests per second, instead of the scenario's rate")
      .option(
        '--duration <duration>',
        "duration of the load, for example 60s, instead of the scenario's duration",
      )
      .option(
        '--until-decided',
        'judge the run while it is in progress, and stop once every objective is met or one is missed, at the stated confidence (default: 0.95)',
      )
      .option(
        '--no-until-decided',
        'run the load for its whole duration, even if the scenario says until: decided',
      )
      .option(
        '--max-duration <duration>',
        'refuse a scenario that takes longer than this, for example 10m (default with --target: 1h); with --until-decided, the maximum duration of the load',
      ),
  );

/** Options of every command that sends load. */
export const addLoadOptions = (command: Program) =>
  addIngestDelay(
    addPlanOptions(command)
      .option('--out <dir>', 'where to create the run folder (default: runs/)')
      .option(
        '--faults <spec>',
        'faults to inject into the service that the harness starts: latency=250ms,latency-to=180ms,tail=1.5%@600ms,errors=2%,confidence=0.80',
      )
      .option(
        '--generators <n>',
        'number of k6 processes, or pods with --stack kubernetes, that share the load (default: 1)',
      )
      .option('--no-abort', 'run the whole load, even after an objective can no longer be met')
      .option(
        '--target <url>',
        'load a service that is already running, on this machine or allowed by the document (needs --prometheus, except with --stack kubernetes)',
      )
      .option(
        '--prometheus <url>',
        'the Prometheus that scrapes that service (needs --target, except with --stack kubernetes)',
      ),
  )
    .option(
      '--stack <kind>',
      'what to load: local (processes), containers, none (needs --target), or kubernetes (load generators in a cluster)',
    )
    .option(
      '--context <name>',
      'with --stack kubernetes: a context of the kubeconfig (default: the current one)',
    )
    .option(
      '--namespace <name>',
      'with --stack kubernetes: where the load generators run (default: sla-load)',
    )
    .option(
      '--runner <file>',
      'with --stack kubernetes: settings of their pods (image, nodeSelector, resources, …)',
    )
    .option('--with <parts>', 'with --stack containers: tracing, logs')
    .option('--toxic <toxic>', 'with --stack containers: latency=300ms between the load and the service')
    .option('--max-rate <rate>', 'refuse a scenario that sends more than this, for example 100/s')
    .option(
      '--snapshot',
      'store a snapshot of all data in the Prometheus that is started for this run (only with --stack local)',
    );
