import { isDuration, isRate, parseDuration, parseRate } from '../../../slas/document/limits.ts';
import { accept, badOption, type Input } from '../inputs.ts';
import type { InitOptions } from './choices.ts';

/** Checks the options of `init` before anything is requested. */

export type Selector = Readonly<Record<string, string>>;

export function readOptions(options: InitOptions): Input<Selector> {
  const { metrics, prometheus, selector, ci, rate, duration } = options;
  if ((metrics === undefined) === (prometheus === undefined))
    return badOption(
      '--metrics',
      'name the metrics of the service (--metrics http://127.0.0.1:8080/metrics), or a Prometheus (--prometheus URL --selector job=checkout)',
    );
  for (const [option, url] of [
    ['--metrics', metrics],
    ['--prometheus', prometheus],
    ['--target', options.target],
  ] as const)
    if (url !== undefined && !(URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)))
      return badOption(option, `"${url}" is not a valid http address: write it as http://127.0.0.1:8080`);
  if (ci !== undefined && !['github', 'gitlab', 'none'].includes(ci))
    return badOption('--ci', `"${ci}" is not a known CI system: use github, gitlab or none`);
  if (rate !== undefined && !isRate(parseRate(rate)))
    return badOption('--rate', `"${rate}" is not a valid rate (0.01/s to 10000/s): write it as 25 or 25/s`);
  if (duration !== undefined && !isDuration(parseDuration(duration)))
    return badOption(
      '--duration',
      `"${duration}" is not a valid duration (1s to 24h): write it as 60s or 5m`,
    );
  for (const [option, limit] of [
    ['--p95', options.p95],
    ['--p99', options.p99],
  ] as const)
    if (limit !== undefined && parseDuration(limit.replace(/^\s*<=?\s*/, '')) === null)
      return badOption(option, `"${limit}" is not a valid duration: write it as 200ms or 1.5s`);
  if (selector === undefined)
    return prometheus === undefined
      ? accept({})
      : badOption('--selector', 'name the labels of the service, for example --selector job=checkout');
  return readSelector(selector);
}

const PAIR = /^\s*([A-Za-z_]\w*)\s*=\s*"?([^",]*)"?\s*$/;

export function readSelector(text: string): Input<Selector> {
  const pairs = text
    .replace(/^\{|\}$/g, '')
    .split(',')
    .map((part) => PAIR.exec(part));
  return pairs.every((pair) => pair !== null)
    ? accept(Object.fromEntries(pairs.map(([, label, value]) => [label!, value!])))
    : badOption('--selector', `"${text}" is not a list of labels: write it as job=checkout,env=staging`);
}
