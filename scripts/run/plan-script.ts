import { basename, extname } from 'node:path';
import type { Plan } from '../../slas/model/model.ts';
import { planScript } from '../../slas/plan/plan-script.ts';
import type { ReadDocument } from '../cli/inputs.ts';
import {
  accept,
  badOption,
  checkConfidence,
  type Input,
  type LoadOptions,
  readOverrides,
  refuse,
  userPath,
} from '../cli/inputs.ts';
import type { Io } from '../cli/io.ts';
import { isInClaim } from '../stack/kubernetes/claim-script.ts';
import { findTool } from '../tools/find-tool.ts';
import { type BoundOptions, maxRateOf } from './bounds.ts';
import { environmentOf } from './k6-arguments.ts';
import { inspectScript } from './k6-inspect.ts';
import type { ScriptPlan } from './k6-plan.ts';

/** `--script FILE`: a k6 script that plans its own load, judged by a document. */

export interface ScriptOptions extends LoadOptions, BoundOptions {
  readonly script?: string;
  readonly scenario?: string;
  readonly stack?: string;
}

export interface PlannedRun {
  readonly read: ReadDocument;
  readonly plan: Plan;
  /** The document's name, for messages. */
  readonly file: string;
}

/**
 * Inspects the script and plans its run.
 * @param file the document's name, for messages
 */
export async function planOwnScript(
  options: ScriptOptions,
  read: ReadDocument,
  file: string,
  io: Io,
): Promise<Input<PlannedRun>> {
  const overrides = readOverrides(options);
  if (!overrides.ok) return overrides;
  const looser = checkConfidence(overrides.value, read.document.confidence, file);
  if (looser.length > 0) return refuse(...looser);
  const inspected = await inspect(options.script!, options.target, io);
  if (!inspected.ok) return inspected;
  const plan = planScript(
    read.document,
    {
      ...inspected.value,
      name: nameOf(options.script!),
      file: userPath(io, options.script!),
      maxRequestsPerSecond: smaller(inspected.value.maxRequestsPerSecond, maxRateOf(options, read.document)),
    },
    overrides.value,
  );
  return accept({ read, plan, file });
}

/** Asks k6 what the operator's script plans. Nothing is sent. */
export async function inspect(
  script: string,
  target: string | undefined,
  io: Io,
): Promise<Input<ScriptPlan>> {
  const ignored = optionsOfK6(io.env);
  if (ignored.length > 0)
    io.progress(
      `not passed to k6: ${ignored.join(', ')} (options of k6 in the environment would change the planned load: set them in the script)`,
    );
  const { path } = await findTool('k6', io);
  return await inspectScript(userPath(io, script), script, {
    k6: path,
    // A service that will be started for the run has no address yet.
    env: { ...environmentOf(io.env), SLA_TARGET: target?.replace(/\/$/, '') ?? 'http://127.0.0.1' },
    cwd: io.cwd,
    signal: io.signal,
  });
}

/** Our own variables that start with K6_ and name the k6 binary; they are not options of k6. */
const NOT_OPTIONS = ['K6_BIN'];
const optionsOfK6 = (env: Io['env']) =>
  Object.keys(env).filter((name) => /^K6_/i.test(name) && !NOT_OPTIONS.includes(name));

/** Derives a part of the run folder's name: `Checkout Test.js` → `checkout-test`. */
export function nameOf(script: string): string {
  const name = basename(script, extname(script)).toLowerCase();
  return name.replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '') || 'script';
}

const smaller = (one: number | null, other: number | null): number | null => {
  const known = [one, other].filter((each) => each !== null);
  return known.length === 0 ? null : Math.min(...known);
};

/** Options that have no meaning if the script plans its own load. */
export function scriptProblems(options: ScriptOptions): Input<null> {
  const { script, scenario, rate, duration, stack } = options;
  if (script === undefined) return accept(null);
  if (isInClaim(script) && stack !== 'kubernetes')
    return badOption(
      '--script',
      `${script} is in a volume of a cluster: add --stack kubernetes, or name a file of this machine`,
    );
  const own = `${script} plans its own load`;
  if (scenario !== undefined)
    return badOption('--scenario', `${own}: leave out the scenario, or leave out --script`);
  if (rate !== undefined)
    return badOption('--rate', `${own}: change the rate in the script, or leave out --script`);
  if (duration !== undefined)
    return badOption('--duration', `${own}: change the duration in the script, or leave out --script`);
  if (options.untilDecided === true)
    return badOption(
      '--until-decided',
      `${own}, and a run that lasts until it is decided needs a scenario: leave one of the two out`,
    );
  if (stack === 'containers')
    return badOption(
      '--script',
      'not available with --stack containers: k6 runs in a container there, which does not see the script',
    );
  return accept(null);
}
