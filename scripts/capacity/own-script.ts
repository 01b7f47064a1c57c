import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { accept, badOption, type Input, refuse, userPath } from '../cli/inputs.ts';
import type { Io } from '../cli/io.ts';
import type { ScriptPlan } from '../run/k6-plan.ts';
import { inspect, nameOf } from '../run/plan-script.ts';
import { prepareRun, type RunOptions } from '../run/prepare.ts';
import { sha256Of } from './storage.ts';

/** `--script FILE`: the operator's k6 script, sent at the rates of a search. */
export interface OwnScript {
  /** The absolute path. */
  readonly file: string;
  readonly sha256: string;
  /** The name of its only scenario; `default` if it has none. */
  readonly scenario: string;
  /** null: the script plans no rate. */
  readonly plannedPerSecond: number | null;
}

/** Asks k6 what the script plans, and refuses a script that cannot be sent at another rate. Nothing is sent. */
export async function readOwnScript(
  script: string,
  target: string | undefined,
  io: Io,
): Promise<Input<OwnScript>> {
  if (script.endsWith('.tar'))
    return badOption(
      '--script',
      `${script} is an archive, and the load of an archive cannot be changed: name the script itself`,
    );
  const inspected = await inspect(script, target, io);
  if (!inspected.ok) return inspected;
  const why = whyNotScalable(inspected.value);
  if (why !== null)
    return badOption(
      '--script',
      `${script} ${why}: a search needs one constant-arrival-rate scenario, or a script without scenarios`,
    );
  if (Object.keys(inspected.value.thresholds).length > 0)
    io.progress(
      `the thresholds of ${script} are ignored: a search needs objectives with a confidence, and thresholds have none`,
    );
  const file = userPath(io, script);
  const [first] = inspected.value.scenarios;
  const [rate] = first!.stages ?? [];
  return accept({
    file,
    sha256: sha256Of(await readFile(file, 'utf8')),
    scenario: first!.name,
    plannedPerSecond: rate?.toPerSecond ?? null,
  });
}

function whyNotScalable({ scenarios, maxRequestsPerSecond }: ScriptPlan): string | null {
  const [first, ...others] = scenarios;
  if (others.length > 0)
    return `has ${scenarios.length} scenarios (${scenarios.map(({ name }) => name).join(', ')}), and a search changes one rate`;
  if (maxRequestsPerSecond !== null) return `limits its requests to ${maxRequestsPerSecond}/s (options.rps)`;
  const { name, executor, plannedIterations } = first!;
  if (executor === 'constant-arrival-rate') return null;
  // k6 plans this load for a script that defines none.
  if (name === 'default' && executor.endsWith('-iterations') && plannedIterations === 1) return null;
  return `uses the executor ${executor}, which has no single rate`;
}

export interface StepLoad {
  readonly ratePerSecond: number;
  readonly seconds: number;
}

/**
 * Virtual users that k6 allocates in advance, enough for responses that take up to a second. k6 adds more while the
 * service is slow.
 */
const READY = { min: 100, seconds: 1 };
const MAX_VIRTUAL_USERS = 2000;

/** A script that imports the operator's script, and replaces only its load and its thresholds. */
export function scriptAt({ file, scenario }: OwnScript, { ratePerSecond, seconds }: StepLoad): string {
  const url = JSON.stringify(pathToFileURL(file).href);
  const ready = Math.max(READY.min, Math.ceil(ratePerSecond * READY.seconds));
  const load = {
    executor: 'constant-arrival-rate',
    startTime: '0s',
    // k6 accepts whole numbers only.
    rate: Math.round(1000 * ratePerSecond),
    timeUnit: '1000s',
    duration: `${seconds}s`,
    preAllocatedVUs: ready,
    maxVUs: Math.max(ready, MAX_VIRTUAL_USERS),
  };
  return [
    '// Written by ./sla capacity: the load of one step.',
    `import * as script from ${url};`,
    `export * from ${url};`,
    'export default script.default ?? (() => {});',
    `const name = ${JSON.stringify(scenario)};`,
    'const { scenarios, vus, iterations, ...others } = script.options ?? {};',
    `const load = ${JSON.stringify(load)};`,
    'export const options = { ...others, thresholds: {}, scenarios: { [name]: { ...scenarios?.[name], ...load } } };',
    '',
  ].join('\n');
}

export const scriptFileOf = (own: OwnScript, { ratePerSecond, seconds }: StepLoad) =>
  `${nameOf(own.file)}-at-${ratePerSecond}-for-${seconds}s.js`;

/** Checks that a run at this rate is allowed at its maximum duration. */
export async function checkOwnScript(
  own: OwnScript,
  load: StepLoad,
  options: RunOptions,
  io: Io,
): Promise<Input<null>> {
  const folder = await mkdtemp(join(tmpdir(), 'sla-capacity-'));
  try {
    const script = join(folder, scriptFileOf(own, load));
    await writeFile(script, scriptAt(own, load));
    const prepared = await prepareRun({ ...options, script, isStep: true }, io);
    return prepared.ok ? accept(null) : refuse(...prepared.error);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
