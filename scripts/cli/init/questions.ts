import type { Recognised } from '../../../slas/recognise/recognise.ts';
import type { Io } from '../io.ts';
import type { InitOptions } from './choices.ts';

/** Asks on a terminal for what the options do not specify. Without a terminal, nothing is asked. */

const isAsking = (options: InitOptions, { ask }: Io) =>
  ask !== undefined && options.metrics === undefined && options.prometheus === undefined;

/** Asks for the address of the metrics. */
export async function askFirst(options: InitOptions, io: Io): Promise<InitOptions> {
  const { ask } = io;
  if (ask === undefined || !isAsking(options, io)) return options;
  const metrics = await ask('Address of the metrics of your service (empty: ask a Prometheus)', '');
  if (metrics !== '') return { ...options, metrics };
  const prometheus = await ask('Address of the Prometheus that scrapes it', 'http://127.0.0.1:9090');
  return {
    ...options,
    prometheus,
    selector: await ask('Labels that select the service in it', 'job=my-service'),
  };
}

/**
 * Asks what to judge, after the metrics have been read.
 * @param given the options before the first question
 */
export async function askNext(
  given: InitOptions,
  options: InitOptions,
  { routes }: Recognised,
  io: Io,
): Promise<InitOptions> {
  const { ask } = io;
  if (ask === undefined || !isAsking(given, io)) return options;
  const seen = [...new Set(routes.map(({ route }) => route))];
  const name =
    options.name ?? (options.prometheus === undefined ? await ask('Name of the service', 'my-service') : '');
  const route =
    options.route ??
    (seen.length > 1
      ? await ask(`Route to judge (${seen.slice(0, 10).join(', ')})`, seen[0]!)
      : seen.length === 0
        ? await ask('Path to load', '/')
        : undefined);
  const p95 = options.p95 ?? (await ask('Limit of the 95th percentile (empty: chosen from the metrics)', ''));
  const script = options.script ?? (await ask('Your k6 script (empty: write one)', ''));
  const ci = options.ci ?? (await ask('CI workflow: github, gitlab or none', 'none'));
  return {
    ...options,
    ci,
    ...(name === '' ? {} : { name }),
    ...(route === undefined ? {} : { route }),
    ...(p95 === '' ? {} : { p95 }),
    ...(script === '' ? {} : { script }),
  };
}
