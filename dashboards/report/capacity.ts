import type { CapacityRecord, StepRecord } from '../../slas/capacity/record.ts';
import type { CapacityResult } from '../../slas/capacity/result.ts';
import {
  answerInWords,
  assumptions,
  bentInWords,
  commandOf,
  growthInWords,
  littleInWords,
  NOTHING_BENT,
  PATCH_FILE,
  podInWords,
  RESOURCES,
  stepInWords,
} from '../../slas/render/capacity.ts';
import { basisInWords } from '../../slas/render/capacity-basis.ts';
import { kneeInWords, uslInWords } from '../../slas/render/capacity-model.ts';
import { cautionInWords, INDEPENDENT, independentOf, widthOf } from '../../slas/render/capacity-width.ts';
import { countOf, formatCount } from '../../slas/render/numbers.ts';
import { regressionInWords, trafficInWords } from '../../slas/render/traffic.ts';
import { listed, ordered } from './capacity-lists.ts';
import { earlierSearches, traffic } from './capacity-past.ts';
import { type Mark, SCATTER_STYLE, scatter } from './capacity-plot.ts';
import { duration, formatNumber, unbroken } from './format.ts';
import { type Html, html, raw } from './html.ts';
import { STYLE } from './style.ts';

/** The report of a search for capacity: one self-contained HTML file, without a script. */
export function renderCapacity(record: CapacityRecord, result: CapacityResult): string {
  const [first, second] = answerInWords(record, result);
  const caution = cautionInWords(record, result);
  const also = [growthInWords(record, result), trafficInWords(record, result)];
  const cautions = [basisInWords(record, result), regressionInWords(result), caution];
  const isAnswered = result.answer?.ok === true;
  return `<!doctype html>\n${
    html`<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>Capacity of ${record.sla}, ${record.asked.scenario}</title><style>${raw(STYLE)}${raw(SCATTER_STYLE)}</style></head><body>
<header class="top"><p class="crumb"><b>${record.sla}</b> · capacity · ${record.asked.scenario} · ${record.id}</p>
<div class="verdict ${isAnswered ? 'good' : 'warn'}"><h1>${unbroken(first)}</h1></div>
<p class="second">${unbroken(second)}</p>
${also.map((one) => (one === null ? null : html`<p class="second">${unbroken(one)}</p>`))}
${cautions.map((one) => (one === null ? null : html`<p class="second warn">${unbroken(one)}</p>`))}
<dl class="run">${factsOf(record, result).map(([name, value]) => html`<div><dt>${name!}</dt><dd>${value!}</dd></div>`)}</dl></header>
<main>
${plots(record, result)}
<section aria-labelledby="first"><h2 id="first">Bottlenecks</h2>${ordered(bentInWords(result), NOTHING_BENT)}
<p class="note">A bottleneck is a resource that is 90% used up, or of which more than twice as much is needed as lower rates predict.</p>
${result.unknown.length === 0 ? null : html`<p class="note">Not measured: ${result.unknown.map((name) => RESOURCES[name]).join(', ')}.</p>`}</section>
<section aria-labelledby="scales"><h2 id="scales">How it scales</h2><p class="note">The formula is the Universal Scalability Law. α (contention) is the part of the work that waits for other work; β (coherency) is the effort of agreeing with other work, which makes throughput fall at high load; γ is what one request at a time achieves.</p>${listed([...uslInWords(result.usl), kneeInWords(result)])}
${listed(littleInWords(result).length === 0 ? ["every step that was met obeys Little's law (concurrency = rate × mean time): client and service count alike"] : littleInWords(result))}</section>
${traffic(record, result)}${earlierSearches(result)}
<section aria-labelledby="pods"><h2 id="pods">Kubernetes</h2>${result.pod.ok ? html`<p><code>${PATCH_FILE}</code> in this folder sets what one pod needs for the proven rate:</p>` : null}${listed(podInWords(result))}</section>
<section aria-labelledby="steps"><h2 id="steps">Steps</h2>${table(record.steps)}</section>
<section aria-labelledby="assumptions"><h2 id="assumptions">Assumptions</h2>${listed(assumptions(record))}</section>
<section aria-labelledby="words"><h2 id="words">Words in this report</h2><dl class="words">${WORDS.map(([word, meaning]) => html`<div><dt>${word}</dt><dd>${meaning}</dd></div>`)}</dl></section>
<section aria-labelledby="again"><h2 id="again">How to repeat the search</h2><p><code>${commandOf(record)}</code></p>
<p class="note">SLA document sha256 <code>${record.documentSha256}</code>. Each step is a run folder under <code>steps/</code>, which <code>./sla verify</code> judges again.</p></section>
</main><footer><p>Computed from <code>capacity.json</code> in this folder.</p></footer></body></html>`.markup
  }\n`;
}

function factsOf({ steps, settings, replicas }: CapacityRecord, result: CapacityResult) {
  const { cpuSecondsPerRequest } = result;
  const width = widthOf(result);
  const took = steps.reduce((sum, { tookSeconds }) => sum + tookSeconds, 0);
  return [
    ['Time', `${duration(took)} of ${duration(settings.budgetSeconds)}`],
    [
      'Steps',
      `${steps.filter(({ kind }) => kind === 'step').length}, and ${countOf(steps.filter(({ kind }) => kind === 'hold').length, 'hold')}`,
    ],
    ['Measured', `${replicas} ${replicas === 1 ? 'replica' : 'replicas'}`],
    ...(cpuSecondsPerRequest === null
      ? []
      : [['CPU of a request', formatNumber(cpuSecondsPerRequest, 'seconds')]]),
    ...(width === null ? [] : [['Width of the interval', `${(100 * width).toFixed(0)}%`]]),
    ['Confidence', `${100 * settings.confidence}%`],
  ];
}

/** An explanation for readers who have never seen a load test. */
const WORDS: readonly (readonly [string, string])[] = [
  ['objective', 'what the service promises, such as: 95% of the responses within 200 ms'],
  ['step', 'a short test at one rate, until its result is clear'],
  ['hold', 'a longer, fresh test that must pass before a rate is called proven'],
  ['met, missed', 'met: every decisive objective held at this rate; missed: at least one did not'],
  [
    'not decisive',
    'an objective that is judged and shown, but does not count: it is advisory, or waived for some time',
  ],
  ['undecided', 'the step was too short, or the rate too close to the limit, for a verdict'],
  ['p95', 'the time within which 95% of the responses arrived'],
  ['independent', INDEPENDENT],
  ['headroom', 'the share of the capacity that stays free in normal operation'],
  ['replica', 'one running copy of the service'],
  ['95% confidence', 'if the test were repeated 20 times, this statement would be wrong about once'],
];

// ---------------------------------------------------------------------------------------------- plots

const LEVELS = { met: 'good', missed: 'bad', undecided: 'warn', invalid: 'muted' } as const;

const markOf = (step: StepRecord, x: number, y: number): Mark => ({
  x,
  y,
  level: LEVELS[step.outcome],
  isHold: step.kind === 'hold',
  title: `${step.kind} at ${formatNumber(step.ratePerSecond, 'per_second')}, ${stepInWords(step)}`,
});

function plots({ steps }: CapacityRecord, { answer, curve }: CapacityResult): Html {
  const proven = answer?.ok === true ? answer.provenPerSecond : null;
  const refuted = answer === null ? null : answer.refutedPerSecond;
  const upright = [
    ...(proven === null
      ? []
      : [{ at: proven, label: `proven ${formatNumber(proven, 'per_second')}`, level: 'good' as const }]),
    ...(refuted === null
      ? []
      : [{ at: refuted, label: `missed ${formatNumber(refuted, 'per_second')}`, level: 'bad' as const }]),
  ];
  const rate = (value: number) => formatNumber(value, 'per_second');
  const objectives = [
    ...new Set(steps.flatMap(({ figures }) => figures?.latencies.map(({ objective }) => objective) ?? [])),
  ];
  const shared = { curve: [], xTitle: 'requests per second', formatX: rate };
  const latency = objectives.map((objective) => {
    const own = steps.flatMap((step) => {
      const found = step.figures?.latencies.find((one) => one.objective === objective);
      return found === undefined || found.seconds === null
        ? []
        : [{ step, ...found, seconds: found.seconds }];
    });
    const limits = own.slice(0, 1).map(({ limitSeconds }) => ({
      at: limitSeconds,
      label: `limit ${formatNumber(limitSeconds, 'seconds')}`,
    }));
    return scatter({
      ...shared,
      id: `latency-${objective}`,
      title: `${objective} against load`,
      marks: own.map(({ step, seconds }) => markOf(step, step.ratePerSecond, seconds)),
      ...{ across: limits, upright, isLogarithmic: true },
      formatY: (value) => formatNumber(value, 'seconds'),
      note: 'Logarithmic. Green: every decisive objective met; red: one missed; amber: undecided; hollow: invalid. A ring marks a hold.',
    });
  });
  const level = steps.flatMap((step) =>
    step.figures?.client == null ? [] : [{ step, client: step.figures.client }],
  );
  const throughput = scatter({
    ...shared,
    id: 'throughput',
    title: 'Successful responses against load',
    marks: level.map(({ step, client }) => markOf(step, step.ratePerSecond, client.successesPerSecond)),
    ...{ across: [], upright, isLogarithmic: false },
    formatY: rate,
    note: 'Where the points fall below the diagonal, the service no longer keeps up.',
  });
  const usl = scatter({
    id: 'usl',
    title: 'Throughput against concurrency',
    xTitle: 'concurrent requests',
    marks: level.map(({ step, client }) => markOf(step, client.concurrency, client.successesPerSecond)),
    ...{ across: [], upright: [], isLogarithmic: false },
    curve: curve.map(({ concurrency, throughputPerSecond, band, isExtrapolated }) => ({
      x: concurrency,
      y: throughputPerSecond,
      low: band[0],
      high: band[1],
      isBeyond: isExtrapolated,
    })),
    formatX: (value) => formatNumber(value, 'count'),
    formatY: rate,
    note:
      curve.length === 0
        ? 'No curve is fitted; see below.'
        : 'The Universal Scalability Law with its band; dashed beyond the data.',
  });
  return html`<section class="row"><div class="panels">${latency}${throughput}${usl}</div></section>`;
}

// ---------------------------------------------------------------------------------------------- steps

const HEADS = ['', 'rate', 'outcome', 'successes', 'at once', 'p95', 'loaded', 'independent', 'took', 'run'];

const table = (
  steps: readonly StepRecord[],
): Html => html`<div class="wide"><table class="grid steps-table"><thead><tr>${HEADS.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead><tbody>
  ${steps.map((step) => {
    const client = step.figures?.client ?? null;
    const independent = independentOf(step);
    const or = (value: number | null | undefined, unit: 'per_second' | 'count' | 'seconds') =>
      value == null ? '–' : formatNumber(value, unit);
    return html`<tr><th scope="row">${step.kind === 'hold' ? html`<b>hold</b>` : 'step'}</th><td>${formatNumber(step.ratePerSecond, 'per_second')}</td>
      <td class="${LEVELS[step.outcome]}">${stepInWords(step)}</td><td>${or(client?.successesPerSecond, 'per_second')}</td><td>${or(client?.concurrency, 'count')}</td>
      <td>${or(client?.p95Seconds, 'seconds')}</td><td>${duration(step.loadedSeconds)}</td><td>${independent === null ? '–' : formatCount(Math.round(independent))}</td><td>${duration(step.tookSeconds)}</td><td>${step.run === null ? '–' : html`<a href="steps/${step.run}/report.html">report</a>`}</td></tr>`;
  })}</tbody></table></div>`;
