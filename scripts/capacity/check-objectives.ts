import { MAX_RUN } from '../../slas/capacity/budget.ts';
import { isDecisiveAt, limitsLoad, throughputsIn } from '../../slas/capacity/objectives.ts';
import type { SearchSettings } from '../../slas/capacity/search.ts';
import { holds } from '../../slas/document/limits.ts';
import type { Objective, Plan } from '../../slas/model/model.ts';
import { analysePower } from '../../slas/plan/power-analysis.ts';
import { countOf, formatValue } from '../../slas/render/numbers.ts';
import { accept, type Input, type PlacedProblem, refuse } from '../cli/inputs.ts';
import type { Io } from '../cli/io.ts';
import { MAX_HOLD_SECONDS } from './options.ts';
import type { MaxRate } from './settings.ts';

/** Checks before anything is sent that a search with these objectives can find a limit. */

/** What is sent, as words, and where a problem with it is. */
export interface SentLoad {
  /** `scenario "steady"`, or `the script test.js` */
  readonly name: string;
  /** `scenarios.steady`, or `--script` */
  readonly path: string;
  /** The document's name, for messages. */
  readonly file: string;
  /** Ids of all objectives of the document. */
  readonly objectives: readonly string[];
}

const rate = (value: number) => formatValue(value, 'per_second');

/** @param judged the objectives that apply to the load */
export function checkObjectives(
  judged: readonly Objective[],
  { name, path, file, objectives }: SentLoad,
  nowSeconds: number,
  io: Pick<Io, 'progress'>,
): Input<null> {
  const refused = (message: string) => refuse({ code: 'no-limit', path, file, message });
  if (judged.length === 0)
    return refused(
      objectives.length === 0
        ? `the document has no objectives, so any rate would pass: add one for the latency or the errors`
        : `no objective of the document (${objectives.join(', ')}) applies to ${name}, so any rate would pass: ${path === '--script' ? '' : "name one in the scenario's objectives, or "}add one without onlyWhereNamed`,
    );
  const deciding = judged.filter((one) => isDecisiveAt(nowSeconds, one));
  const others = judged.filter((one) => !isDecisiveAt(nowSeconds, one));
  if (deciding.length === 0)
    return refused(
      `no objective of ${name} is decisive: ${others.map(exemptWords).join(', ')}. A search needs at least one: remove \`advisory\`, or the waiver, from one that limits the latency or the errors`,
    );
  const limiting = deciding.filter((one) => limitsLoad(one) !== 'no');
  if (limiting.length === 0)
    return refused(
      `an overloaded service would still meet every decisive objective of ${name} (${idsOf(deciding)}), so a search would find no limit: ${nextFor(others)}`,
    );
  if (limiting.every((one) => limitsLoad(one) === 'unknown'))
    io.progress(
      `the search assumes that load can make the service miss ${idsOf(limiting)}: no other decisive objective limits the rate, such as one for the latency or the errors`,
    );
  return accept(null);
}

const idsOf = (objectives: readonly Objective[]) => objectives.map(({ id }) => id).join(', ');

const exemptWords = ({ id, advisory, waiver }: Objective) =>
  `${id} (${advisory === true ? 'advisory' : `waived until ${waiver!.until}`})`;

function nextFor(others: readonly Objective[]): string {
  const exempt = others.filter((one) => limitsLoad(one) === 'yes');
  const add = 'add an objective for the latency or the errors';
  return exempt.length === 0
    ? add
    : `${add}, or remove \`advisory\`, or the waiver, from ${exempt.map(exemptWords).join(' or ')}`;
}

/** Checks that the first rate can keep every promised throughput. An iteration of a script may send several requests. */
export function checkRates(
  judged: readonly Objective[],
  plannedPerSecond: number,
  max: MaxRate | null,
  { name, path, file }: SentLoad,
  nowSeconds: number,
): Input<null> {
  const promised = throughputsIn(judged).filter((one) => isDecisiveAt(nowSeconds, one));
  const beyond = (perSecond: number) => promised.filter(({ target }) => !holds(perSecond, target));
  const problem = (where: string, message: string): PlacedProblem => ({
    code: 'out-of-reach',
    path: where,
    ...(where === '--max-rate' ? {} : { file }),
    message,
  });
  const [slow] = beyond(plannedPerSecond);
  if (slow !== undefined)
    return refuse(
      problem(
        path,
        `${name} sends ${rate(plannedPerSecond)}: ${wordsOf(slow)} cannot be met; raise the rate, or remove it from the scenario's objectives`,
      ),
    );
  const [low] = max === null ? [] : beyond(max.perSecond);
  if (max === null || low === undefined) return accept(null);
  return refuse(
    problem(
      max.path,
      `${max.path === '--max-rate' ? '' : `${max.path}: `}${rate(max.perSecond)} is the highest rate that may be sent, and at that rate ${wordsOf(low)} cannot be met: allow a higher rate than ${rate(low.target.value)}, or remove the objective from the scenario's objectives`,
    ),
  );
}

const wordsOf = ({ id, target }: Objective) => `${id} "${target.text}"`;

/** A hold of the longest duration must have enough requests at the first rate. A step may have fewer: it is then undecided. */
export function checkLength(
  plan: Plan,
  judged: readonly Objective[],
  settings: SearchSettings,
  { name, path, file }: SentLoad,
  nowSeconds: number,
): Input<null> {
  const deciding = new Set(judged.filter((one) => isDecisiveAt(nowSeconds, one)).map(({ id }) => id));
  const counted = plan.objectives.filter(({ id, phase }) => deciding.has(baseOf(id, phase)));
  const short = analysePower({ ...plan, objectives: counted }, plan.load!)
    .filter(
      ({ planned, least, plannedWhat }) => plannedWhat === 'requests' && planned !== null && planned < least,
    )
    .toSorted((a, b) => b.least - a.least);
  const [worst] = short;
  if (worst === undefined) return accept(null);
  const { startPerSecond, holdSeconds } = settings;
  const longest = plan.load!.scheduledSeconds;
  const message = `${name} begins at ${rate(startPerSecond)}, and at that rate the longest run of this search (${longest} s) has ${countOf(worst.planned!, 'request')}: objective "${worst.id}" needs ${worst.least}. ${nextOf(worst.least, startPerSecond, holdSeconds, longest)}`;
  return refuse({ code: 'too-short', path, file, message });
}

const baseOf = (id: string, phase: string | undefined) =>
  phase === undefined ? id : id.slice(0, -` · ${phase}`.length);

function nextOf(least: number, perSecond: number, holdSeconds: number, longest: number): string {
  const faster = `use a scenario with at least ${rate(Number((least / longest + 0.005).toFixed(2)))}`;
  const hold = Math.max(Math.ceil(least / perSecond / MAX_RUN / 60), Math.ceil(holdSeconds / 60));
  if (60 * hold > MAX_HOLD_SECONDS) return `Next: ${faster}`;
  return `Next: ${faster}, or longer holds (--hold ${hold}m --budget ${5 * hold}m)`;
}
