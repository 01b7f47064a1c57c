import { MAX_RUN } from '../../slas/capacity/budget.ts';
import { judgedIn } from '../../slas/capacity/objectives.ts';
import type { SearchSettings } from '../../slas/capacity/search.ts';
import { accept, type Input, type ReadDocument, shortPath } from '../cli/inputs.ts';
import type { Io } from '../cli/io.ts';
import { prepareRun, type RunOptions } from '../run/prepare.ts';
import { checkLength, checkObjectives, checkRates, type SentLoad } from './check-objectives.ts';
import type { CapacityOptions, PlannedRate, ReadOptions } from './options.ts';
import { checkOwnScript, type OwnScript } from './own-script.ts';
import { maxRateOf, settingsOf } from './settings.ts';

/** The load of a search. */
export interface Sent {
  readonly planned: PlannedRate;
  /** The absolute path of the script. */
  readonly file: string;
  readonly script: OwnScript | null;
}

/** Checks before anything is sent that the search can find a limit, and that its longest run is allowed. */
export async function checkSearch(
  options: CapacityOptions,
  asked: ReadOptions,
  { document, file }: ReadDocument,
  { planned, script }: Sent,
  own: RunOptions,
  io: Io,
): Promise<Input<SearchSettings>> {
  const scenario = script === null ? document.scenarios.find(({ name }) => name === planned.name)! : null;
  const judged = judgedIn(document, scenario);
  const load: SentLoad = {
    ...(scenario === null
      ? { name: `the script ${options.script}`, path: '--script' }
      : { name: `scenario "${scenario.name}"`, path: `scenarios.${scenario.name}` }),
    file: options.sla ?? shortPath(io, file),
    objectives: document.objectives.map(({ id }) => id),
  };
  const nowSeconds = Date.now() / 1000;
  const decided = checkObjectives(judged, load, nowSeconds, io);
  if (!decided.ok) return decided;
  const max = maxRateOf(asked, document, options);
  const settings = settingsOf(document, judged, planned.perSecond, asked, max);
  const longest = { ratePerSecond: settings.startPerSecond, seconds: longestSeconds(settings) };
  if (script !== null) {
    const possible = await checkOwnScript(script, longest, own, io);
    return possible.ok ? accept(settings) : possible;
  }
  const reached = checkRates(judged, planned.perSecond, max, load, nowSeconds);
  if (!reached.ok) return reached;
  const rate = `${longest.ratePerSecond}/s`;
  const prepared = await prepareRun({ ...own, rate, duration: `${longest.seconds}s`, isStep: true }, io);
  if (!prepared.ok) return prepared;
  const enough = checkLength(prepared.value.plan, judged, settings, load, nowSeconds);
  return enough.ok ? accept(settings) : enough;
}

/**
 * The duration of the longest run in a search. If it exceeds the limit, that is reported before anything is sent.
 */
const longestSeconds = ({ holdSeconds, stepSeconds }: SearchSettings) =>
  Math.max(MAX_RUN * holdSeconds, stepSeconds.close);
