import { readFile } from 'node:fs/promises';
import { parseDocument, warningsOf } from '../../../slas/document/document.ts';
import { isOwnRoute } from '../../../slas/recognise/labels.ts';
import { type Recognised, recognise } from '../../../slas/recognise/recognise.ts';
import { harnessVersion } from '../../run/environment.ts';
import { checkAccess } from '../../run/prometheus-access.ts';
import { checkTokens } from '../../run/tokens.ts';
import type { Register } from '../command.ts';
import { askPrometheus } from '../init/ask-prometheus.ts';
import { askService } from '../init/ask-service.ts';
import { choose, type InitOptions } from '../init/choices.ts';
import { documentText } from '../init/document-text.ts';
import { explain } from '../init/explain.ts';
import { textsOf, writeAll } from '../init/files.ts';
import { fitLoad } from '../init/load.ts';
import { readOptions, readSelector, type Selector } from '../init/options.ts';
import { askFirst, askNext } from '../init/questions.ts';
import { type Answers, type Asked, NotRead } from '../init/sources.ts';
import { type Addresses, type Gate, gateCommand } from '../init/workflow-text.ts';
import { accept, type Input, type PlacedProblem, refuse, userPath } from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';

export const register: Register = (program, io, done) =>
  void program
    .command('init')
    .description(
      'find out what your service measures, and write an SLA document, a k6 script and a CI workflow for it',
    )
    .option('--metrics <url>', 'the address of its metrics, for example http://127.0.0.1:8080/metrics')
    .option('--prometheus <url>', 'or the Prometheus that scrapes it (needs --selector)')
    .option(
      '--selector <labels>',
      'the labels that select the service in Prometheus, for example job=checkout',
    )
    .option('--name <name>', 'the name of the service (default: its job, or my-service)')
    .option('--route <route>', 'the route to judge, as the service labels it (default: the busiest)')
    .option('--method <method>', 'the method of the requests (default: that of the busiest)')
    .option(
      '--p95 <limit>',
      'limit of the 95th percentile, for example 200ms (default: from what is measured now)',
    )
    .option('--p99 <limit>', 'limit of the 99th percentile (default: none)')
    .option('--errors <share>', 'limit of the error rate (default: 1%)')
    .option('--rate <rate>', 'requests per second of the load (default: 20/s)')
    .option('--duration <duration>', 'duration of the load (default: 30s, longer if scrapes are rare)')
    .option('--script <file>', 'your k6 script (default: write one)')
    .option('--target <url>', 'where to send the load (default: the address of --metrics)')
    .option('--ci <system>', 'write a workflow for github or gitlab, or none (default: none)')
    .option('--out <dir>', 'where to write the files (default: slas)')
    .option('--force', 'replace files that exist')
    .action(async (options: InitOptions) => done(await init(options, io)));

/** Writes all files, or none if one of them cannot be written. */
export async function init(given: InitOptions, io: Io): Promise<ExitCode | readonly PlacedProblem[]> {
  const completed = await askFirst(given, io);
  const selector = readOptions(completed);
  if (!selector.ok) return selector.error;
  const access =
    completed.prometheus === undefined
      ? checkTokens(['SLA_TARGET_TOKEN'], io.env, io.cwd)
      : checkAccess(io.env, io.cwd);
  if (access.length > 0) return access;
  const answered = await ask(completed, selector.value, io);
  if (!answered.ok) return answered.error;
  const answers = answered.value;
  const found = recognise(answers.exposed);
  if (found.requests === null && found.latency === null) return [nothingFound(completed, answers)];
  const options = await askNext(given, completed, found, io);
  if (options.route === undefined && isAllOwn(found)) return [onlyOwnRoutes(found, completed)];
  if (options.route !== undefined && isUnknownRoute(found, options.route))
    return [unknownRoute(found, options.route)];
  const asked = withTraffic(answers, found, options);
  const first = choose(found, asked, options);
  // The document's text does not depend on the load, so it is parsed before the load is chosen.
  const parsed = parseDocument(documentText(found, first));
  if (!parsed.ok) return parsed.error.map(({ code, message, path }) => ({ code, message, path }));
  const fitted = fitLoad(parsed.value, first, options);
  if (!fitted.ok) return fitted.error;
  const { choices, words } = fitted.value;
  const texts = textsOf(found, choices, asked, options, await gateOf(io));
  const { chosen, missing } = explain(found, choices, asked);
  const all = [...chosen, ...(words === null ? [] : [words]), ...targetLine(options, texts.addresses)];
  io.progress(['What I chose, and why:', ...all.map((line) => `  ${line}`)].join('\n'));
  if (missing.length > 0)
    io.progress(['What I could not find:', ...missing.map((line) => `  ${line}`)].join('\n'));
  const written = await writeAll(texts, choices, options, io);
  if (!written.ok) return written.error;
  for (const { message } of warningsOf(texts.document.text, parsed.value)) io.progress(`warning: ${message}`);
  io.progress(`next: ./sla check ${texts.files.document}`);
  io.progress(`then: ${gateCommand('./sla', texts.files, texts.addresses)}`);
  return 0;
}

/** Metrics often have a separate port, which should not receive the load. */
const targetLine = ({ target }: InitOptions, addresses: Addresses): readonly string[] =>
  target === undefined
    ? [
        `target of the load: ${addresses.target}; if the service takes requests at another address, name it with --target`,
      ]
    : [];

// ---------------------------------------------------------------------------------------------- reading metrics

/** The input of `init` is an address, so an address without metrics is bad input. */
async function ask(
  { prometheus, metrics }: InitOptions,
  selector: Selector,
  io: Io,
): Promise<Input<Answers>> {
  try {
    return accept(
      prometheus === undefined
        ? await askService(metrics!, io)
        : await askPrometheus(prometheus, selector, io),
    );
  } catch (error) {
    if (!(error instanceof NotRead)) throw error;
    const path = prometheus === undefined ? '--metrics' : '--prometheus';
    return refuse({ code: error.code, path, message: error.message });
  }
}

/** Requests that are counted while `init` sends none are scrapes, or requests of other clients. */
function withTraffic(answers: Answers, found: Recognised, options: InitOptions): Asked {
  const { growth, asks, ...rest } = answers;
  const { requests } = found;
  const route = requests?.routeLabel == null ? null : (options.route ?? found.routes[0]?.route ?? null);
  const grown = (requests?.metric.rows ?? [])
    .filter(({ labels }) => route === null || labels[requests!.routeLabel!] === route)
    .reduce((sum, { labels }) => sum + growth(requests!.metric.name, labels), 0);
  const isOurs = asks !== null && Math.abs(grown - asks) <= Math.max(0, asks / 3 - 1);
  const selector = options.prometheus === undefined ? selectorOf(options) : rest.selector;
  return { ...rest, selector, traffic: grown === 0 ? 'none' : isOurs ? 'scrapes' : 'others' };
}

const selectorOf = ({ selector }: InitOptions): Selector | null => {
  const read = selector === undefined ? null : readSelector(selector);
  return read?.ok ? read.value : null;
};

const isUnknownRoute = ({ routes, requests }: Recognised, route: string) =>
  requests?.routeLabel != null && routes.length > 0 && !routes.some((one) => one.route === route);

function unknownRoute({ routes }: Recognised, route: string): PlacedProblem {
  const seen = [...new Set(routes.map((one) => one.route))].slice(0, 20).join(', ');
  const message = `no request to "${route}" has been counted yet: send one, or name a route that has requests (${seen})`;
  return { code: 'unknown-route', path: '--route', message };
}

/** Whether only the service's own routes have been counted, for example by an earlier `init` with a wrong path. */
const isAllOwn = ({ routes }: Recognised) =>
  routes.length > 0 && routes.every(({ route }) => isOwnRoute(route));

function onlyOwnRoutes({ routes }: Recognised, { metrics }: InitOptions): PlacedProblem {
  const seen = [...new Set(routes.map(({ route }) => route))].slice(0, 5).join(', ');
  const message = `only health checks and similar requests have been counted (${seen}): send a request to the route to judge and run this again, or name one of these with --route`;
  return { code: 'nothing-found', path: metrics === undefined ? '--prometheus' : '--metrics', message };
}

function nothingFound({ metrics, prometheus }: InitOptions, { exposed }: Answers): PlacedProblem {
  const path = metrics === undefined ? '--prometheus' : '--metrics';
  const isEmpty = exposed.samples.length === 0;
  const message = isEmpty
    ? `${metrics ?? prometheus} has no metrics: check the address`
    : `none of the ${exposed.samples.length} series counts or times requests: most client libraries expose such series only after the first request, so send one and run this again, or add one of the libraries in docs/adoption.md`;
  return { code: 'nothing-found', path, message };
}

/** How the workflow gets the gate. */
async function gateOf(io: Io): Promise<Omit<Gate, 'hasToken'>> {
  const text = await readFile(userPath(io, 'package.json'), 'utf8').catch(() => '{}');
  return { version: await harnessVersion(io.root), isDependency: /"sla-harness"\s*:/.test(text) };
}
