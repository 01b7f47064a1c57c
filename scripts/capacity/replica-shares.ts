import type { Plan, RunRecord } from '../../slas/model/model.ts';
import { type Asker, askOnce } from '../../slas/prometheus/http.ts';
import { HarnessError } from '../cli/errors.ts';
import type { Stack } from '../stack/stack.ts';

/** A process that receives less than this part of an equal share was left out by the load script. */
const MIN_PART = 0.5;

/**
 * Checks after a step that was not missed that every replica was loaded. Otherwise, the search would measure the capacity of fewer replicas
 * than it reports.
 */
export async function checkShares(
  { requests }: Plan,
  { window }: Pick<RunRecord, 'window'>,
  { replicaUrls }: Pick<Stack, 'replicaUrls'>,
  replicas: number,
  asker: Asker,
): Promise<void> {
  if (replicas === 1 || requests === null) return;
  const range = `${Math.ceil(window.toSeconds - window.fromSeconds)}s`;
  const query = `sum by (instance) (increase(${requests}[${range}]))`;
  const { series, error } = await askOnce(query, Number(window.toSeconds.toFixed(3)), asker);
  if (error !== null)
    throw new HarnessError('replica-shares', `Prometheus did not report the load of each replica: ${error}`, {
      nextStep: 'see its log',
    });
  const of = new Map(series.map(({ labels, samples }) => [labels.instance, Number(samples[0]?.[1] ?? 0)]));
  if (replicaUrls === undefined) checkReached([...of.values()], replicas);
  else checkTurns(replicaUrls, of);
}

/** A Service spreads connections, not requests, so the shares may differ. */
function checkReached(received: readonly number[], replicas: number): void {
  const reached = received.filter((one) => one > 0).length;
  if (reached >= replicas) return;
  throw new HarnessError(
    'replica-shares',
    `only ${reached} of ${replicas} replicas received requests, so the search would measure fewer than it reports`,
    {
      nextStep:
        'name the address of the Service or of the ingress as --target: kubectl port-forward reaches a single pod',
    },
  );
}

function checkTurns(urls: readonly string[], of: ReadonlyMap<string | undefined, number>): void {
  const received = urls.map((url) => of.get(new URL(url).host) ?? 0);
  const whole = received.reduce((sum, one) => sum + one, 0);
  const least = received.findIndex((one) => one < (MIN_PART * whole) / urls.length);
  if (least === -1) return;
  throw new HarnessError(
    'replica-shares',
    `replica ${least + 1} (${urls[least]}) received about ${Math.round(received[least]!)} of ${Math.round(whole)} requests, but each of ${urls.length} replicas should receive the same number`,
    {
      nextStep:
        'let the load script send its requests with loadtests/lib, or to the addresses in SLA_TARGETS in turn (docs/capacity.md)',
    },
  );
}
