import { parseDuration } from '../../slas/document/limits.ts';
import type { Plan } from '../../slas/model/model.ts';
import { parseJson } from '../../slas/prometheus/answer.ts';
import { awaitScrapeAfter, type ScrapeObstacle } from '../../slas/prometheus/await-scrape.ts';
import { type Asker, askOnce, request, withoutSecrets } from '../../slas/prometheus/http.ts';
import { HarnessError } from '../cli/errors.ts';
import type { Io } from '../cli/io.ts';
import type { Stack } from '../stack/stack.ts';
import type { RunOptions } from './prepare.ts';
import { askerOf } from './prometheus-access.ts';
import { awaitReachable, clockIn } from './reach.ts';
import { warnIfScrapedTooRarely } from './vain.ts';
import { warmUp } from './warm-up.ts';

/**
 * The steps before the load: the addresses must respond, the service must be warm, and Prometheus must then scrape it again.
 */

/** Our own Prometheus scrapes every second; an external one may scrape once a minute. */
const PATIENCE_MS = { ours: 30_000, theirs: 200_000 };

/**
 * Resolves once a scrape has begun after the last warm-up response, because the counts of the load start at that scrape.
 * Resolves to the observed ingest delay.
 */
export async function warmUpAndSettle(
  plan: Plan,
  stack: Stack,
  { ingestDelay }: RunOptions,
  io: Io,
): Promise<number | null> {
  if (!stack.isOurs) await awaitReachable(plan.up, stack, io);
  io.progress('warming up');
  const lastAnswerSeconds = await warmUp(stack, plan.load!, io.signal, io.env.SLA_TARGET_TOKEN);
  const asker = askerOf(stack.prometheusUrl, io);
  const delaySeconds = ingestDelay === undefined ? 0 : parseDuration(ingestDelay)!;
  const patienceMs = (stack.isOurs ? PATIENCE_MS.ours : PATIENCE_MS.theirs) + delaySeconds * 1000;
  const died = async () => (await stack.incidents()) ?? [];
  const isInVain = async () => (await died()).length > 0;
  using wait = reportWait(plan.up, asker, { patienceMs, silentMs: stack.isOurs ? SILENT_MS : 0 }, io);
  const settled = await awaitScrapeAfter(plan.up, lastAnswerSeconds, patienceMs, asker, {
    isInVain,
    waiting: wait.see,
    // Elastic replicas may end at any time.
    ...(plan.replicas === 'elastic' ? { margin: 0 } : {}),
  });
  if (settled.isScraped) {
    if (!stack.isOurs) warnIfScrapedTooRarely(plan, settled.intervalSeconds, io);
    return settled.lagSeconds;
  }
  const [incident] = await died();
  if (incident !== undefined)
    throw new HarnessError('died-early', `before the load started, ${incident}`, {
      nextStep: 'see the logs in the run folder',
    });
  const obstacle = settled.obstacle ?? 'not-yet';
  throw new HarnessError(
    'not-scraped',
    `${withoutSecrets(stack.prometheusUrl)} has no successful scrape of ${plan.up} within ${settled.waitedSeconds} s: ${await inWords(obstacle, plan.up, asker)}; no load was sent`,
    { nextStep: NEXT_STEPS[obstacle] },
  );
}

const OBSTACLES: Readonly<Record<ScrapeObstacle, string>> = {
  'no-answer': 'Prometheus did not respond',
  'no-series': 'it has no series with these labels',
  failing: 'up is 0, so its scrapes fail',
  'not-yet': 'the last scrape was before the warm-up ended',
  ended: 'a target that has ended was scraped so recently that its samples would be in the window',
};

const NEXT_STEPS: Readonly<Record<ScrapeObstacle, string>> = {
  'no-answer': 'check that Prometheus is running, and --prometheus',
  'no-series':
    'set service.selector in the SLA document to the labels that Prometheus gives the service, or let Prometheus scrape the service',
  failing: "correct the service's address, path or credentials in the Prometheus configuration",
  'not-yet': 'check that Prometheus scrapes the service; if its samples arrive late, set --ingest-delay',
  ended: 'start the run when no replica is being replaced, or set service.replicas to elastic',
};

// ---------------------------------------------------------------------------------------------- messages during the wait

/** A stack that was just started needs a moment for its first scrape, which is not worth a message. */
const SILENT_MS = 15_000;
/** Waits briefly before the first message, because the next scrape is usually due soon. */
const NEXT_SCRAPE_MS = 3_000;

/**
 * Reports immediately what the run waits for, and again when the cause changes. A terminal also shows how long the wait may
 * take.
 */
function reportWait(
  up: string,
  asker: Asker,
  { patienceMs, silentMs }: { readonly patienceMs: number; readonly silentMs: number },
  io: Io,
): { readonly see: (obstacle: ScrapeObstacle) => Promise<void> } & Disposable {
  const startedMs = Date.now();
  const deadlineMs = startedMs + patienceMs;
  let reported: ScrapeObstacle | null = null;
  const leftSeconds = () => Math.max(0, Math.ceil((deadlineMs - Date.now()) / 1000));
  return {
    see: async (obstacle) => {
      const sinceMs = Date.now() - startedMs;
      if (sinceMs < silentMs || (['not-yet', 'ended'].includes(obstacle) && sinceMs < NEXT_SCRAPE_MS)) return;
      io.live?.([`waiting for Prometheus, ${leftSeconds()} s left`]);
      if (obstacle === reported) return;
      reported = obstacle;
      io.progress(
        `waiting for a successful scrape of ${up} in ${withoutSecrets(asker.url)} until ${clockIn(deadlineMs)} (${leftSeconds()} s): ${await inWords(obstacle, up, asker)}`,
      );
    },
    [Symbol.dispose]: () => io.live?.([]),
  };
}

// ---------------------------------------------------------------------------------------------- causes of the wait

/** The cause of the wait, with what Prometheus itself reports about it. */
export async function inWords(obstacle: ScrapeObstacle, up: string, asker: Asker): Promise<string> {
  const words = OBSTACLES[obstacle];
  switch (obstacle) {
    case 'no-series':
      return `${words}; ${await whatIsScraped(asker)}`;
    case 'failing': {
      const error = await lastScrapeError(up, asker);
      return error === null ? `${words} (see its page /targets)` : `${words}: ${error}`;
    }
    case 'not-yet':
    case 'ended':
    case 'no-answer':
      return words;
    default:
      return obstacle satisfies never;
  }
}

/** The maximum number of targets in a message. */
const MAX_LISTED = 5;

type Labels = Readonly<Record<string, string>>;

const selectorIn = (labels: Labels) =>
  `{${Object.entries(labels)
    .filter(([name]) => name !== '__name__')
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(', ')}}`;

async function whatIsScraped(asker: Asker): Promise<string> {
  const { series } = await askOnce('up', Date.now() / 1000, asker);
  if (series.length === 0) return 'it scrapes nothing yet';
  const more = series.length > MAX_LISTED ? `, and ${series.length - MAX_LISTED} more` : '';
  const listed = series.slice(0, MAX_LISTED).map(({ labels }) => selectorIn(labels));
  return `it scrapes ${listed.join(', ')}${more}`;
}

interface Target {
  readonly labels?: Labels;
  readonly scrapeUrl?: string;
  readonly lastError?: string;
}

/** The last scrape error of a selected target; null if the server does not report it. */
async function lastScrapeError(up: string, asker: Asker): Promise<string | null> {
  const failing = (await askOnce(`${up} == 0`, Date.now() / 1000, asker)).series;
  const answered = await request(asker, 'targets', { state: 'active' });
  const body = answered.ok
    ? (parseJson(answered.value.text) as { data?: { activeTargets?: readonly Target[] } } | undefined)
    : undefined;
  const found = (body?.data?.activeTargets ?? []).find(
    ({ labels = {}, lastError }) =>
      lastError &&
      failing.some((one) => one.labels.instance === labels.instance && one.labels.job === labels.job),
  );
  if (found === undefined) return null;
  const text = `${found.scrapeUrl}: ${found.lastError}`;
  return asker.redact?.(text) ?? text;
}
