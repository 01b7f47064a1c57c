import type { Plan, RunRecord, Verdict } from '../../slas/model/model.ts';
import { loadInWords } from '../../slas/render/load-in-words.ts';
import { formatCount, formatMeasured } from '../../slas/render/numbers.ts';
import { wordsOf } from '../../slas/render/reasons/words.ts';
import { capacityWords, faultsOf } from './events.ts';
import { duration, period, unbroken } from './format.ts';
import { type Html, html } from './html.ts';
import type { ReportInput } from './input.ts';
import { titleAndLimit } from './sections.ts';

const COLOURS = { pass: 'good', fail: 'bad', inconclusive: 'warn' } as const;
const WORDS = { pass: 'Passed.', fail: 'Failed.', inconclusive: 'Inconclusive.' } as const;

/** The verdict in one sentence, what was run, and links to the sections of the page. */
export function top(
  { verdict, plan, run, comparison: compared, held, environment }: ReportInput,
  hasPanels: boolean,
): Html {
  const { fromSeconds, toSeconds } = run.window;
  const faults = faultsOf(environment);
  const facts = [
    ['When', period(fromSeconds, toSeconds)],
    ['Load', loadOf(plan)],
    ['Requests', requestsOf(plan, run)],
    ...(held === null ? [] : [['Steps', capacityWords(held)]]),
    ...(faults === null ? [] : [['Injected faults', faults]]),
    ['Decided by', plan.confidence === null ? 'observed values' : `${100 * plan.confidence}% confidence`],
  ];
  const parts = [
    ['objectives', 'Objectives'],
    ['look-first', 'Look first'],
    ...(verdict.sequential === undefined ? [] : [['looks', 'Looks']]),
    ...(compared === null ? [] : [['baseline', 'Baseline']]),
    ...(hasPanels
      ? [
          ['overview', 'Panels'],
          ['under-load', 'Under load'],
        ]
      : []),
    ['preconditions', 'Preconditions'],
    ...(verdict.reconciliation.length === 0 ? [] : [['reconciliation', 'Counts']]),
    ...(verdict.alerts?.held == null ? [] : [['alerts', 'Alerts']]),
    ['evidence', 'Evidence'],
    ['environment', 'Environment'],
  ];
  return html`<header class="top"><p class="crumb"><b>${verdict.sla}</b> · ${verdict.scenario ?? 'window'} · run ${verdict.run}</p>
<div class="verdict ${COLOURS[verdict.verdict]}"><h1><span>${WORDS[verdict.verdict]}</span> ${unbroken(sentence(verdict))}</h1></div>
<dl class="run">${facts.map(([name, value]) => html`<div><dt>${name!}</dt><dd>${value!}</dd></div>`)}</dl>
<nav aria-label="Sections of the report"><ul>${parts.map(([id, name]) => html`<li><a href="#${id!}">${name!}</a></li>`)}</ul></nav></header>`;
}

/** The verdict in one sentence. */
function sentence({ verdict, objectives: all, preconditions, summary }: Verdict): string {
  const deciding = all.filter(({ exempt }) => exempt === undefined);
  const missed = deciding.filter((one) => one.verdict === 'missed');
  if (verdict === 'pass' && deciding.length < all.length) return capitalised(wordsOf([summary]));
  if (verdict === 'pass')
    return `${all.length === 1 ? 'The objective is' : `All ${all.length} objectives are`} met.`;
  const undecided = deciding.filter((one) => one.verdict === 'undecided');
  if (verdict === 'inconclusive') {
    const reasons = preconditions.find(({ ok }) => ok === false)?.reasons ?? undecided[0]?.reasons;
    const why = wordsOf(reasons ?? [summary]);
    if (reasons === undefined) return capitalised(why);
    const which =
      undecided.length === 1
        ? `${titleAndLimit(undecided[0]!)} is undecided: `
        : undecided.length === 0
          ? ''
          : `${undecided.length === all.length ? `All ${all.length}` : `${undecided.length} of ${all.length}`} objectives are undecided: `;
    return `${which}${why}.`;
  }
  const misses = missed.map((one) => `${titleAndLimit(one)}: ${formatMeasured(one)}`);
  return `${misses.join('; ')}.${undecided.length === 0 ? '' : ` ${undecided.length} undecided.`}`;
}

const capitalised = (words: string) => `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;

function loadOf({ load }: Plan): string {
  if (load === null) return 'sent by another load generator; only the window was judged';
  if (load.k6 !== undefined) return loadInWords(load);
  const phases = load.phases.map(
    ({ ratePerSecond, durationSeconds }) => `${ratePerSecond}/s for ${duration(durationSeconds)}`,
  );
  return phases.join(', then ');
}

function requestsOf(plan: Plan, { load }: RunRecord): string {
  if (load === null) return 'not recorded';
  const { sent, plannedRequests, lost, droppedIterations } = load;
  const [sentCount, planned] = [formatCount(sent), formatCount(plannedRequests)];
  const isOfScript = plan.load?.k6 !== undefined;
  const early = load.completed ? '' : ', stopped early';
  return `${sentCount} sent${isOfScript ? '' : ` of ${planned} planned`}${early}; ${formatCount(lost)} unanswered, ${formatCount(droppedIterations)} dropped`;
}
