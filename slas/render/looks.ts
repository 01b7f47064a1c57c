import type { LookVerdict, LookVerdicts, Plan, Sequential } from '../model/model.ts';
import { unseenInterval } from '../statistics/sequential.ts';
import { formatConfidence, formatInterval, formatValue } from './numbers.ts';

/** The words of a verdict reached by interim looks. */

const secondsOf = (seconds: number) => formatValue(Math.max(1, Math.round(seconds)), 'seconds');

/**
 * `interim look after 68 s: latency-p95 undecided (94.1–98.2%), error-rate met (0–0.4%)`. A miss that did not end a step of a
 * capacity search is followed by the confidence that it needs.
 */
export function lookInWords(look: LookVerdict, plan: Plan, decidedAtSeconds: number | null): string {
  const { atSeconds, objectives } = look;
  const each = objectives.map(({ id, verdict, interval }) => {
    const own = plan.objectives.find((one) => one.id === id);
    const bounds =
      interval === null || own === undefined
        ? ''
        : ` (${formatInterval(interval, own.unit, own.target.text)})`;
    return `${id} ${verdict}${bounds}`;
  });
  const needed = atSeconds === decidedAtSeconds ? '' : missInWords(look, plan);
  return `interim look after ${secondsOf(atSeconds)}: ${each.join(', ')}${needed}`;
}

/** Only a miss that decides could end the step: the verdict of a look that misses a waived objective is no fail. */
function missInWords({ atSeconds, verdict }: LookVerdict, { sequential }: Plan): string {
  const strict = sequential?.missLooks?.find((one) => one.atSeconds === atSeconds);
  if (strict === undefined || verdict !== 'fail') return '';
  return `; a miss ends this step only at ${formatConfidence(strict.confidence)} confidence`;
}

/** `decided after 68 s of at most 600 s, at interim look 1 of 7` */
export function decidedInWords({ decidedAtSeconds, looks, maxSeconds }: LookVerdicts, plan: Plan): string {
  const all = plan.sequential?.looks.length ?? looks.length;
  const last = looks.at(-1);
  const most = `at most ${secondsOf(maxSeconds)}`;
  const at =
    decidedAtSeconds === null
      ? `judged when the load ended (${most})`
      : `decided after ${secondsOf(decidedAtSeconds)} of ${most}`;
  const number =
    decidedAtSeconds === null ? '' : `, at interim look ${numberOf(decidedAtSeconds, plan)} of ${all}`;
  const sure =
    last === undefined
      ? ''
      : `; the bounds are from that look, at ${formatConfidence(last.confidence)} confidence`;
  return `${at}${number}${sure}`;
}

const numberOf = (atSeconds: number, { sequential }: Plan) =>
  (sequential?.looks.findIndex((look) => look.atSeconds === atSeconds) ?? 0) + 1;

/** The rule of three: events that are too rare for this run to show. */
export const unseenInWords = (seconds: number) =>
  `events that occur less often than about once every ${secondsOf(unseenInterval(seconds))} may have gone unseen`;

/** `interim looks after 68, 101, 600 s` */
export const looksInWords = ({ looks }: Pick<Sequential, 'looks'>) =>
  `interim looks after ${looks.map(({ atSeconds }) => atSeconds).join(', ')} s`;
