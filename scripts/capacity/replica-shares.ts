import type { StepOutcome } from '../../slas/capacity/search.ts';
import type { LoadRecord } from '../../slas/model/model.ts';
import { cutWindow } from '../../slas/window/cut-window.ts';
import { countIncreases } from '../../slas/window/window.ts';
import { HarnessError } from '../cli/errors.ts';
import type { StoredRun } from '../runs/bundle.ts';
import type { Stack } from '../stack/stack.ts';

/** A process that receives less than this part of an equal share was left out by the load script. */
const MIN_PART = 0.5;
/** A Service spreads connections, not requests, so the shares of pods differ much more. */
const MIN_REACHED = 0.1;

type Measured = Pick<StoredRun, 'plan' | 'run' | 'evidence'>;

interface Received {
  readonly instance: string | undefined;
  readonly requests: number;
}

/**
 * Checks after a step that every replica was loaded. Otherwise, the search would measure the capacity of fewer replicas than it
 * reports. The counts are those that were judged. A step whose counts cannot be used proves nothing, and is not checked.
 */
export function checkShares(
  measured: Measured,
  outcome: StepOutcome,
  { replicaUrls }: Pick<Stack, 'replicaUrls'>,
  replicas: number,
): void {
  if (replicas === 1 || outcome === 'invalid') return;
  const received = receivedBy(measured);
  if (received === null) return;
  if (replicaUrls === undefined) {
    // With elastic replicas, a pod may be replaced during the step.
    if (outcome === 'met' && measured.plan.replicas !== 'elastic') checkNumber(received, replicas);
    checkReached(received, measured.run.load!, replicas, outcome);
  } else if (outcome !== 'missed') checkTurns(replicaUrls, received);
}

/** null: the evidence does not show how many requests each replica counted. */
function receivedBy({ plan, run, evidence }: Measured): readonly Received[] | null {
  if (plan.requests === null || evidence === null || run.load === null) return null;
  const frame = cutWindow(plan, run, evidence);
  const counted = countIncreases(plan.requests, frame, 'zero');
  if (!counted.ok) return null;
  return frame.targets.map((target) => ({
    instance: target.labels.instance,
    requests: counted.value
      .filter((one) => one.target === target)
      .reduce((sum, { increase }) => sum + increase, 0),
  }));
}

const sumOf = (received: readonly Received[]) => received.reduce((sum, { requests }) => sum + requests, 0);

function checkNumber({ length: scraped }: readonly Received[], replicas: number): void {
  if (scraped === replicas) return;
  throw new HarnessError(
    'replica-shares',
    `${scraped} replicas were scraped during this step, but the Deployment was scaled to ${replicas}`,
    { nextStep: 'find out what else changes its number of replicas, and start a new search' },
  );
}

/** Checks the pods behind a Service. */
function checkReached(
  received: readonly Received[],
  { sent, otherRequests = 0 }: LoadRecord,
  replicas: number,
  outcome: StepOutcome,
): void {
  const [counted, known] = [sumOf(received), sent + otherRequests];
  // Probes and scrapes, if they are counted, reach every replica alike.
  const own = Math.max(0, counted - known) / received.length;
  // A replica may have received requests that it did not count, because it did not respond to them. It then had no part in a rate that was met.
  const uncounted = outcome === 'met' ? 0 : Math.max(0, known - counted);
  const least = (MIN_REACHED * Math.min(counted, known)) / replicas;
  const reached = received.filter(({ requests }) => requests - own + uncounted >= least).length;
  if (reached >= replicas) return;
  throw new HarnessError(
    'replica-shares',
    `only ${reached} of ${replicas} replicas received requests, so the search would measure fewer than it reports`,
    {
      nextStep:
        'name the address of the Service or of the ingress as --target, without session affinity: kubectl port-forward reaches a single pod',
    },
  );
}

/** Checks the processes that the harness started, which should receive the requests in turn. */
function checkTurns(urls: readonly string[], received: readonly Received[]): void {
  const of = new Map(received.map(({ instance, requests }) => [instance, requests]));
  const own = urls.map((url) => of.get(new URL(url).host) ?? 0);
  const whole = own.reduce((sum, one) => sum + one, 0);
  const least = own.findIndex((one) => one < (MIN_PART * whole) / urls.length);
  if (least === -1) return;
  throw new HarnessError(
    'replica-shares',
    `replica ${least + 1} (${urls[least]}) received ${own[least]} of ${whole} requests, but each of ${urls.length} replicas should receive the same number`,
    {
      nextStep:
        'let the load script send its requests with loadtests/lib, or to the addresses in SLA_TARGETS in turn (docs/capacity.md)',
    },
  );
}
