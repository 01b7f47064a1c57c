import { Command, CommanderError } from 'commander';
import { formatCount } from '../../slas/render/numbers.ts';
import { printableLine, printableOutput } from '../../slas/render/printable.ts';
import { onAbort } from '../process/processes.ts';
import { harnessVersion } from '../run/environment.ts';
import type { RunOptions } from '../run/prepare.ts';
import { withTokens } from '../run/tokens.ts';
import { createRedactor } from '../runs/redact.ts';
import { type BenchOptions, bench } from './commands/bench.ts';
import { check } from './commands/check.ts';
import { corpus } from './commands/corpus.ts';
import { type DashboardsOptions, dashboards } from './commands/dashboards.ts';
import { doctor } from './commands/doctor.ts';
import { type GateOptions, gate } from './commands/gate.ts';
import { type MutateOptions, mutate } from './commands/mutate.ts';
import { type NewScenarioOptions, newScenario, newSla } from './commands/new.ts';
import { type PlanOptions, plan } from './commands/plan.ts';
import { type ReferenceOptions, reference } from './commands/reference.ts';
import { type ReviewOptions, review } from './commands/review.ts';
import { type RulesOptions, rules } from './commands/rules.ts';
import { listScenarios, run } from './commands/run.ts';
import * as runs from './commands/runs.ts';
import { type SelftestOptions, selftest } from './commands/selftest.ts';
import { serve } from './commands/serve.ts';
import { type SimulateOptions, simulate } from './commands/simulate.ts';
import * as stack from './commands/stack.ts';
import { test } from './commands/test.ts';
import { type VerifyOptions, verify } from './commands/verify.ts';
import { HarnessError } from './errors.ts';
import { type PlacedProblem, tellProblem } from './inputs.ts';
import type { ExitCode, Io } from './io.ts';

const CONFIDENCE =
  'as 0.95 (0.9 at least, no less than the document): what the run cannot tell so surely is undecided';

const INGEST_DELAY =
  'how long after its time a sample of the window is waited for at most, as 30s (default: learned from the samples before the load, else 60s)';

type Outcome = ExitCode | readonly PlacedProblem[];

const VERBOSE = 'print the reason of every objective and every precondition';
const EXIT_CODES = `
Exit codes: 0 pass · 1 an SLA missed · 2 bad usage or document · 3 inconclusive · 4 the harness itself failed`;

/** Runs one command. The only place that turns problems and errors into an exit code, and that secrets are taken out at. */
export async function main(argv: readonly string[], world: Io): Promise<ExitCode> {
  const io = guarded(argv, world);
  const grace = patience(io.signal);
  let outcome: Outcome = 0;
  try {
    const program = define(io, await harnessVersion(io.root), (result) => {
      outcome = result;
    });
    await Promise.race([program.parseAsync([...argv], { from: 'user' }), grace.promise]);
    return typeof outcome === 'number' ? outcome : tellProblems(outcome, io);
  } catch (error) {
    return tellError(error, io, createRedactor(io.env, argv).log);
  } finally {
    grace.forget();
  }
}

/** The boundary: all that a command shows passes here, without secrets and without what would steer a terminal or a CI server. */
function guarded(argv: readonly string[], io: Io): Io {
  const env = withTokens(io.env, io.cwd);
  const { text } = createRedactor(env, argv);
  const { live } = io;
  const shown = (one: string) => printableOutput(text(one), io.colour);
  return {
    ...io,
    env,
    print: (one) => io.print(shown(one)),
    progress: (line) => io.progress(shown(line)),
    ...(live === undefined ? {} : { live: (lines) => live(lines.map((line) => printableLine(text(line)))) }),
  };
}

/** An interrupted command gets so long to stop what it started. */
const GRACE_MS = 45_000;
let isHanging = false;
/** Whether an interrupted command was given up while it still waited for something. */
export const hasHung = () => isHanging;

/** Rejects some time after the signal was aborted, whatever the command waits for. */
function patience(signal: AbortSignal): { readonly promise: Promise<never>; readonly forget: () => void } {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  let timer: NodeJS.Timeout | undefined;
  const giveUp = () => {
    isHanging = true;
    reject(signal.reason);
  };
  const forgetAbort = onAbort(signal, () => {
    timer = setTimeout(giveUp, GRACE_MS);
  });
  return {
    promise,
    forget: () => {
      forgetAbort();
      clearTimeout(timer);
    },
  };
}

/** Of a file that is no document, thousands may be found. */
const MAX_SHOWN_PROBLEMS = 200;

function tellProblems(problems: readonly PlacedProblem[], io: Io): ExitCode {
  for (const problem of problems.slice(0, MAX_SHOWN_PROBLEMS)) io.progress(tellProblem(problem));
  const more = problems.length - MAX_SHOWN_PROBLEMS;
  if (more > 0) io.progress(`and ${formatCount(more)} more`);
  return 2;
}

/** What an error quotes is other people's: `password: …` in it is a secret. */
function tellError(error: unknown, io: Io, log: (text: string) => string): ExitCode {
  const { aborted, reason } = io.signal;
  if (aborted && !(reason instanceof HarnessError)) {
    io.progress(
      isHanging
        ? `interrupted: the command did not stop within ${GRACE_MS / 1000} s and is ended; what it started is killed`
        : 'interrupted: everything that was started is stopped',
    );
    return 130;
  }
  // Commander has told its own errors, and its help, already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof HarnessError)
    io.progress(`${log(error.message)}\nnext: ${error.nextStep} (${error.code})`);
  else if (isOfTheSystem(error))
    io.progress(`${log(error.message)}\nnext: check that this path or address can be used (${error.code})`);
  else
    io.progress(
      `this is a defect of the harness, please report it: ${error instanceof Error ? error.stack : String(error)}`,
    );
  return 4;
}

/** What the operating system refused is told in a line: where in our code that was helps nobody. */
const isOfTheSystem = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'syscall' in error && 'code' in error;

function define(io: Io, version: string, done: (outcome: Outcome) => void): Command {
  const program = new Command('sla')
    .description('Loads a service, asks Prometheus what happened, and says whether its SLA was kept.')
    .version(version, '--version', 'print the version of this harness')
    .addHelpText('after', EXIT_CODES)
    .exitOverride()
    .configureOutput({ writeOut: io.print, writeErr: (text) => io.progress(text.trimEnd()) })
    .showHelpAfterError('run ./sla --help for the commands and their options');
  const sub = (name: string, description: string) => program.command(name).description(description);

  loadOptions(sub('gate', 'start everything, load, verify, print the verdict, exit by it'))
    .option('--scenario <name>', "which scenario of the document (default: the document's defaultScenario)")
    .option('--json', 'print the verdict as JSON on standard output')
    .option('--verbose', VERBOSE)
    .action(async (options: GateOptions) => done(await gate(options, io)));

  loadOptions(sub('run', 'load only, and leave a run folder'))
    .argument('[scenario]', 'which scenario of the document')
    .option('--list', 'print the scenarios of the document, a line each, and run none')
    .action(async (scenario: string | undefined, options: RunOptions & { list?: boolean }) =>
      done(
        options.list === true
          ? await listScenarios(options, io)
          : await run({ ...options, ...(scenario === undefined ? {} : { scenario }) }, io),
      ),
    );

  planOptions(
    sub('plan', 'what a run could tell, before it is run: requests, least needed, what it would find'),
  )
    .option('--scenario <name>', "which scenario of the document (default: the document's defaultScenario)")
    .option('--json', 'print it as JSON on standard output')
    .action(async (options: PlanOptions) => done(await plan(options, io)));

  sub('verify', 'judge a stored run again, or any window of any service')
    .argument('[run]', 'a run folder, or its name under runs/ (default: the latest)')
    .option('--offline', 'from the run folder alone; this is so without --prometheus, too')
    .option('--prometheus <url>', 'ask this server, and tell what is not as it was stored')
    .option('--from <time>', 'the window begins here: RFC 3339 or Unix seconds')
    .option('--to <time>', 'and ends here')
    .option('--sla <file>', 'the SLA document')
    .option('--confidence <c>', CONFIDENCE)
    .option('--ingest-delay <duration>', INGEST_DELAY)
    .option('--json', 'print the verdict as JSON on standard output')
    .option('--verbose', VERBOSE)
    .action(async (stored: string | undefined, options: VerifyOptions) =>
      done(await verify({ ...options, ...(stored === undefined ? {} : { run: stored }) }, io)),
    );

  sub('review', 'open the report of a stored run; without a screen, print what it says')
    .argument('[run]', 'a run folder, or its name under runs/ (default: the latest)')
    .option('--text', 'as text, even where there is a screen')
    .option(
      '--grafana [url]',
      'on dashboards: of this Grafana (GRAFANA_TOKEN: a token of it), or of one that is brought up by Docker',
    )
    .option('--prometheus <url>', 'what a Grafana by Docker asks, where the run has no snapshot')
    .action(async (stored: string | undefined, options: ReviewOptions) =>
      done(await review({ ...options, ...(stored === undefined ? {} : { run: stored }) }, io)),
    );

  sub('check', 'report every problem of SLA documents as file:line:column: message')
    .argument('<file...>', 'SLA documents')
    .action(async (files: string[]) => done(await check(files, io)));

  sub('dashboards', "write Grafana's dashboards for an SLA document, one JSON file each")
    .option('--sla <file>', 'the SLA document (default: that of the sentiment service)')
    .option('--out <dir>', 'where they are written (default: dashboards/generated)')
    .action(async (options: DashboardsOptions) => done(await dashboards(options, io)));

  sub('rules', "Prometheus's recording and alerting rules, from the SLA document")
    .option('--sla <file>', 'the SLA document (default: that of the sentiment service)')
    .option('--window <duration>', 'what alerts look back over, and burn rates in proportion (default: 5m)')
    .option('--for <duration>', 'how long it must stay so (default: 1m if critical, else 5m)')
    .option('--raw', "the document's raw expressions alone, instead")
    .option('--out <file>', 'write them there, instead of on standard output')
    .action(async (options: RulesOptions) => done(await rules(options, io)));

  sub('serve', 'the service alone, in the foreground, as in production')
    .option('--port <port>', 'where it listens (default: PORT of the environment, else 8000)')
    .action(async (options: { port?: string }) => done(await serve(options, io)));

  defineStack(program, io, done);
  defineNew(program, io, done);
  defineRuns(program, io, done);

  sub('doctor', 'which tools were found where, and which versions').action(async () =>
    done(await doctor(io)),
  );

  sub(
    'reference',
    'what the predictions of a model are like on known texts: the service holds its traffic against it',
  )
    .option('--model <dir>', "the model's folder (default: the embedded one)")
    .option('--texts <file>', 'as {"texts":[{"text":"…"}]} (default: the load\'s corpus)')
    .option('--out <file>', 'where to write it (default: reference.json beside the model)')
    .action(async (options: ReferenceOptions) => done(await reference(options, io)));
  sub('corpus', "mean confidence of the embedded model over the load's texts, by kind").action(async () =>
    done(await corpus(io)),
  );

  sub('simulate', 'how often a confidence of 95% is wrong, on simulated services whose truth is known')
    .option('--runs <n>', 'how many runs of each', '1000')
    .option('--calibrate', 'find the limits at which 5% and 1% are slower instead')
    .action(async (options: SimulateOptions) => done(await simulate(options, io)));

  sub('mutate', 'change the core in many small ways, and tell which of them its tests notice')
    .argument(
      '[files...]',
      'paths or patterns, as slas/judge/judge.ts (default: document, plan, judge, statistics)',
    )
    .option('--concurrency <n>', 'how many are tried at a time', '2')
    .action(async (files: string[], options: MutateOptions) => done(await mutate(files, options, io)));

  sub('bench', 'measure the service beside the usual way to build one, in turn on this machine')
    .option('--rounds <n>', 'how often each is measured', '5')
    .option('--seconds <n>', 'how long each time', '3')
    .option('--soak <duration>', 'as 10m: instead, a mixed load with bad input and dying workers')
    .option('--json', 'print the figures as JSON')
    .action(async (options: BenchOptions) => done(await bench(options, io)));

  sub('selftest', 'put faults into the real gate, and say whether each comes out as it should')
    .option('--quick', 'judge what an earlier selftest has recorded, without running anything')
    .option('--against-k6', 'and how k6 alone ends, with the same limits as thresholds')
    .option('--only <name...>', 'these rows only: names, or how they begin')
    .option('--allow-skipped', 'exit 0 though rows cannot be run here (else 3); --quick skips some anyway')
    .option('--times <n>', 'run them so often in a row', '1')
    .option('--record', 'store what the verdicts rest on, for --quick')
    .option('--json <file>', 'write the table as data, too')
    .option('--markdown', 'print the table as Markdown')
    .option('--out <dir>', 'keep every run folder and log there (default: none is kept)')
    .action(async (options: SelftestOptions) => done(await selftest(options, io)));

  sub('test', 'lint, type-check and run every test')
    .argument('[args...]', 'handed to vitest: names of test files, --coverage, …')
    .allowUnknownOption()
    .action(async (args: string[]) => done(await test(args, io)));
  return program;
}

const planOptions = (command: Command) =>
  command
    .option('--sla <file>', 'the SLA document (default: that of the sentiment service)')
    .option('--rate <rate>', 'requests a second, instead of the scenario’s')
    .option('--duration <duration>', 'as 60s, instead of the scenario’s')
    .option('--confidence <c>', CONFIDENCE);

const loadOptions = (command: Command) =>
  planOptions(command)
    .option('--out <dir>', 'where run folders are made (default: runs/)')
    .option(
      '--faults <spec>',
      'faults of the service: latency=250ms,latency-to=180ms,tail=1.5%@600ms,errors=2%,confidence=0.80',
    )
    .option('--generators <n>', 'how many k6 share the load (default: 1)')
    .option('--no-abort', 'load to the end, even when nothing can save the run any more')
    .option(
      '--target <url>',
      'a service that is already there (with --prometheus): on this machine, or allowed by the document',
    )
    .option('--prometheus <url>', 'the Prometheus that scrapes it')
    .option('--ingest-delay <duration>', INGEST_DELAY)
    .option('--stack <kind>', 'what is loaded: local (processes), containers, or none (--target)')
    .option('--with <parts>', 'with --stack containers: tracing, logs')
    .option('--toxic <toxic>', 'with --stack containers: latency=300ms on the way between load and service')
    .option('--max-rate <rate>', 'as 100/s: a scenario that sends more is refused')
    .option('--max-duration <duration>', 'as 10m: one that takes longer is (1h for a service that is there)')
    .option('--snapshot', 'store a snapshot of all that the Prometheus of this run has');

function defineNew(program: Command, io: Io, done: (outcome: Outcome) => void): void {
  const group = program.command('new').description('starting points that run as they are');
  group
    .command('scenario')
    .description('loadtests/NAME.ts, and its load in the SLA document')
    .argument('<name>', 'lower-case words joined by hyphens')
    .option('--sla <file>', 'the SLA document (default: that of the sentiment service)')
    .action(async (name: string, options: NewScenarioOptions) => done(await newScenario(name, options, io)));
  group
    .command('sla')
    .description('slas/documents/NAME.yaml, to be changed to your service')
    .argument('<name>', 'lower-case words joined by hyphens')
    .action(async (name: string) => done(await newSla(name, io)));
}

function defineRuns(program: Command, io: Io, done: (outcome: Outcome) => void): void {
  const group = program.command('runs').description('the run folders that are stored');
  group
    .command('list')
    .description('newest first: scenario, verdict, when, p95, samples')
    .option('--out <dir>', 'where run folders are (default: runs/)')
    .option('--json', 'as JSON')
    .action(async (options: runs.ListOptions) => done(await runs.list(options, io)));
  group
    .command('prune')
    .description('delete all but the newest; never the one that runs/latest points at')
    .option('--out <dir>', 'where run folders are (default: runs/)')
    .option('--keep <number>', 'how many stay', '50')
    .option('--dry-run', 'only say which would go')
    .action(async (options: runs.PruneOptions) => done(await runs.prune(options, io)));
}

function defineStack(program: Command, io: Io, done: (outcome: Outcome) => void): void {
  const group = program.command('stack').description('service and Prometheus in the background');
  const starting = (name: string, description: string, hidden = false) =>
    group
      .command(name, { hidden })
      .description(description)
      .option('--port <port>', 'where the service listens (default: any free port)')
      .option('--sla <file>', 'the SLA document, for the labels that are scraped')
      .option('--stack <kind>', 'local: processes (the default); containers')
      .option(
        '--with <what>',
        'local: alerts (rules, and an Alertmanager that posts to ALERT_WEBHOOK_URL), tracing (a Jaeger); containers: tracing,logs',
      );
  starting('up', 'start them and print their addresses').action(async (options: stack.StackOptions) =>
    done(await stack.up(options, io)),
  );
  starting('hold', 'own a stack until told to stop', true)
    .option('--alertmanager <path>', 'the program')
    .action(async (options: stack.StackOptions) => done(await stack.hold(options, io)));
  group
    .command('down')
    .description('stop them')
    .action(async () => done(await stack.down(io)));
  group
    .command('status')
    .description('are they up, and where')
    .action(async () => done(await stack.status(io)));
}
