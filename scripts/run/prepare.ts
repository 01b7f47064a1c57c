import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseFaults } from '../../service/fault-spec.ts';
import type { Plan, SlaDocument } from '../../slas/model/model.ts';
import { planScenario } from '../../slas/plan/plan.ts';
import { tooShort } from '../../slas/plan/power-analysis.ts';
import { HarnessError } from '../cli/errors.ts';
import {
  accept,
  badOption,
  checkConfidence,
  checkIngestDelay,
  type Input,
  type LoadOptions,
  type ReadDocument,
  readDocument,
  readOverrides,
  refuse,
  SHIPPED_DOCUMENT,
  shortPath,
} from '../cli/inputs.ts';
import type { Io } from '../cli/io.ts';
import { readContainerExtras } from '../stack/container-options.ts';
import { checkTarget, checkUrl } from '../stack/existing.ts';
import { clusterProblems, runnerSettingsOf, withClusterTarget } from '../stack/kubernetes/options.ts';
import { findTool } from '../tools/find-tool.ts';
import { TOOL_SPECS } from '../tools/specs.ts';
import type { FoundTool, ToolIo } from '../tools/types.ts';
import { type BoundOptions, checkBounds, readBounds } from './bounds.ts';
import { withLocalScript } from './claim-script.ts';
import type { Generating } from './k6-arguments.ts';
import { type PlannedRun, planOwnScript, scriptProblems } from './plan-script.ts';
import { checkAccess } from './prometheus-access.ts';
import { checkTokens } from './tokens.ts';

export interface RunOptions extends LoadOptions, BoundOptions {
  readonly scenario?: string;
  /** A k6 script that plans its own load, in place of a scenario. */
  readonly script?: string;
  readonly sla?: string;
  readonly out?: string;
  readonly faults?: string;
  readonly prometheus?: string;
  /** false: run the whole load, even after an objective can no longer be met. */
  readonly abort?: boolean;
  readonly snapshot?: boolean;
  /** `local` by default, `containers`, `none` with an existing target and Prometheus, or `kubernetes`. */
  readonly stack?: string;
  /**
   * The context of the kubeconfig, the namespace of the load generators, and a file with settings of their pods. Only for
   * `kubernetes`.
   */
  readonly context?: string;
  readonly namespace?: string;
  readonly runner?: string;
  /** Additional parts of a stack in containers, separated by commas. */
  readonly with?: string;
  /** A fault between the load and the service, for example `latency=300ms`. */
  readonly toxic?: string;
  /** How long to wait for late samples, for example `30s`. */
  readonly ingestDelay?: string;
  /** Number of k6 processes that share the load. */
  readonly generators?: string;
  /** A step of a search: it may be too short to be decided, or too slow for a promised throughput. The search copes with either. */
  readonly isStep?: true;
}

/** Everything that a run needs, checked before anything is started. */
export interface Prepared {
  readonly read: ReadDocument;
  readonly plan: Plan;
  readonly options: RunOptions;
  /** The load is expected to be more than the service can handle: a search looks for its limit. */
  readonly isOverloadLikely?: boolean;
}

export async function prepareRun(given: RunOptions, io: Io): Promise<Input<Prepared>> {
  const problems = io.isInstalled ? installedProblems(given) : optionProblems(given);
  if (!problems.ok) return problems;
  const options = withClusterTarget(given);
  const settings = await runnerSettingsOf(options, io);
  if (!settings.ok) return settings;
  const tokens = [...checkTokens(['SLA_TARGET_TOKEN'], io.env, io.cwd), ...checkAccess(io.env, io.cwd)];
  if (tokens.length > 0) return refuse(...tokens);
  const planned = await planRun(options, io);
  if (!planned.ok) return planned;
  const { read, plan, file } = planned.value;
  const short = options.isStep === true ? [] : tooShort(plan, plan.load!);
  if (short.length > 0) return refuse(...short.map((problem) => ({ ...problem, file })));
  const forbidden = checkBounds(options, read.document, plan.load!, file);
  if (forbidden.length > 0) return refuse(...forbidden);
  noteShippedDocument(options, io);
  return accept({ read, plan, options });
}

/**
 * The shipped document usually does not describe the service of a script. If the operator did not choose it, its use is
 * reported.
 */
export function noteShippedDocument({ script, sla }: RunOptions, io: Io): void {
  if (script !== undefined && sla === undefined)
    io.progress(
      `without --sla FILE, the script is judged by the document of the sentiment service, ${SHIPPED_DOCUMENT}`,
    );
}

/** The plan of a scenario with the options applied, or the plan of a script. */
export async function planRun(options: RunOptions, io: Io): Promise<Input<PlannedRun>> {
  const possible = scriptProblems(options);
  if (!possible.ok) return possible;
  const read = await readDocument(io, options.sla);
  if (!read.ok) return read;
  if (options.script !== undefined) {
    const local = await withLocalScript(options, io);
    if (!local.ok) return local;
    return await planOwnScript(local.value, read.value, options.sla ?? shortPath(io, read.value.file), io);
  }
  const { document } = read.value;
  const scenario = options.scenario ?? document.defaultScenario;
  const asked = withUntil(options, document, scenario);
  const allowed = checkWhole(asked);
  if (!allowed.ok) return allowed;
  const overrides = readOverrides(asked);
  if (!overrides.ok) return overrides;
  if (scenario === null) {
    const names = document.scenarios.map(({ name }) => name).join(', ') || 'the document has no scenarios';
    return badOption('--scenario', `the document has no defaultScenario: choose a scenario (${names})`);
  }
  const file = options.sla ?? shortPath(io, read.value.file);
  const looser = checkConfidence(overrides.value, document.confidence, file);
  if (looser.length > 0) return refuse(...looser);
  const anyRate = options.isStep === true ? ({ anyRate: true } as const) : {};
  const planned = planScenario(document, scenario, { ...overrides.value, ...anyRate });
  if (!planned.ok) return refuse(...planned.error.map((problem) => ({ ...problem, file })));
  const plan = planned.value;
  const { script } = plan.load!;
  if (!existsSync(join(io.project, script))) {
    return refuse({
      code: 'no-script',
      path: `scenarios.${scenario}`,
      file,
      message: `the load script ${script} does not exist: write it, or name another one with script`,
    });
  }
  return accept({ read: read.value, plan: options.abort === false ? withoutBudgets(plan) : plan, file });
}

const withoutBudgets = (plan: Plan): Plan =>
  plan.load === null ? plan : { ...plan, load: { ...plan.load, budgets: [] } };

/** Applies the scenario's `until: decided` as if --until-decided were given, unless --no-until-decided is. */
const withUntil = (options: RunOptions, { scenarios }: SlaDocument, scenario: string | null): RunOptions =>
  options.untilDecided === undefined &&
  scenarios.some(({ name, untilDecided }) => name === scenario && untilDecided !== undefined)
    ? { ...options, untilDecided: true }
    : options;

const checkWhole = ({ untilDecided, abort }: RunOptions): Input<null> =>
  untilDecided === true && abort === false
    ? badOption(
        '--no-abort',
        'a run that lasts until it is decided always stops early: leave out --no-abort, and --until-decided or until: decided',
      )
    : accept(null);

/** A checkout starts the sentiment service by default, but the npm package does not contain it. */
function installedProblems(options: RunOptions): Input<null> {
  if (options.stack === 'kubernetes' && options.target !== undefined) return optionProblems(options);
  if (options.target === undefined || options.prometheus === undefined)
    return badOption(
      options.target === undefined ? '--target' : '--prometheus',
      'the npm package starts no service: name the one to load with --target URL, and the Prometheus that scrapes it with --prometheus URL',
    );
  return optionProblems(options);
}

function optionProblems(options: RunOptions): Input<null> {
  const { target, prometheus, faults, snapshot, generators } = options;
  const placed = stackProblems(options);
  if (!placed.ok) return placed;
  if (generators !== undefined && !/^([1-9]|[1-5]\d|6[0-4])$/.test(generators)) {
    return badOption('--generators', `"${generators}" is not a valid number of load generators (1 to 64)`);
  }
  const whole = checkWhole(options);
  if (!whole.ok) return whole;
  const bounds = readBounds(options);
  if (!bounds.ok) return bounds;
  const delay = checkIngestDelay(options.ingestDelay);
  if (delay.length > 0) return refuse(...delay);
  if (options.stack !== 'kubernetes' && (target === undefined) !== (prometheus === undefined)) {
    return badOption(
      target === undefined ? '--target' : '--prometheus',
      'a service that is already running needs both --target URL and --prometheus URL',
    );
  }
  if (target !== undefined && faults !== undefined) {
    return badOption(
      '--faults',
      'faults can be injected into the sentiment service only, not into one that is already running: leave out --faults or --target',
    );
  }
  if (target !== undefined && snapshot === true) {
    return badOption(
      '--snapshot',
      'a snapshot needs a Prometheus that is started for the run: leave out --target and --prometheus',
    );
  }
  const urls = [
    ...(target === undefined ? [] : checkTarget(target)),
    ...(prometheus === undefined ? [] : checkUrl('--prometheus', prometheus)),
  ];
  const read = faults === undefined ? [] : parseFaults(faults);
  const faultProblems = Array.isArray(read) ? read.map((problem) => ({ ...problem, path: '--faults' })) : [];
  return urls.length + faultProblems.length === 0 ? accept(null) : refuse(...urls, ...faultProblems);
}

function stackProblems(options: RunOptions): Input<null> {
  const { stack, target, toxic, with: extras, snapshot } = options;
  if (!STACKS.includes(stack ?? 'local')) {
    return badOption('--stack', `"${stack}" is not a valid stack: use local, containers, kubernetes or none`);
  }
  const placed = clusterProblems(options);
  if (!placed.ok) return placed;
  const isThere = target !== undefined;
  if (stack === 'none' && !isThere)
    return badOption('--stack', '"none" needs --target URL and --prometheus URL');
  if (stack !== undefined && stack !== 'none' && stack !== 'kubernetes' && isThere) {
    return badOption('--stack', `${stack} starts its own service: leave out --target and --prometheus`);
  }
  if (stack === 'containers') {
    if (snapshot === true)
      return badOption('--snapshot', 'not available with --stack containers: leave one of the two out');
    const read = readContainerExtras({ toxic, with: extras });
    return read.ok ? accept(null) : read;
  }
  if (toxic !== undefined)
    return badOption('--toxic', 'the proxy that injects it is a container: add --stack containers');
  return extras === undefined
    ? accept(null)
    : badOption('--with', 'these parts are containers: add --stack containers');
}

const STACKS = ['local', 'containers', 'kubernetes', 'none'];

export const toolIo = ({ env, progress, signal }: Io): ToolIo => ({ env, progress, signal });

export interface RunTools {
  readonly k6: Generating;
  readonly prometheus: FoundTool | null;
}

/** With containers, the images contain the tools. */
const IN_IMAGES: RunTools = { k6: { path: 'k6', version: TOOL_SPECS.k6.package.version }, prometheus: null };

/** Finds k6, and also Prometheus if the harness starts one itself. */
export async function findRunTools(options: RunOptions, needsPrometheus: boolean, io: Io): Promise<RunTools> {
  if (options.stack === 'containers') return IN_IMAGES;
  const [k6, prometheus] = await Promise.allSettled([
    findTool('k6', toolIo(io)),
    needsPrometheus && options.target === undefined ? findTool('prometheus', toolIo(io)) : null,
  ]);
  io.signal.throwIfAborted();
  if (k6.status === 'fulfilled' && prometheus.status === 'fulfilled')
    return { k6: k6.value, prometheus: prometheus.value };
  throw together([k6, prometheus].flatMap((result) => (result.status === 'rejected' ? [result.reason] : [])));
}

/** Reports all missing tools in one message. */
function together(errors: readonly unknown[]): unknown {
  const known = errors.filter((error) => error instanceof HarnessError);
  if (known.length < 2) return errors[0];
  const nextStep = known.map((error) => error.nextStep).join('\n');
  return new HarnessError(known[0]!.code, known.map(({ message }) => message).join('\n'), { nextStep });
}
