import { stringify } from 'yaml';
import { HarnessError } from '../cli/errors.ts';

export interface Scraping {
  /** Labels for the service's series, including `job` (the document's selector). */
  readonly selector: Readonly<Record<string, string>>;
  /** The service's address as host:port, as seen from Prometheus. */
  readonly target: string;
  /** Relative to the configuration, or absolute. */
  readonly ruleFiles: readonly string[];
  /** Where alerts are sent, as host:port. */
  readonly alertmanager?: string;
  readonly remoteWrite?: RemoteWrite;
  /** Two jobs scrape the service, each with its own label, as happens when an old job is left in place. */
  readonly isScrapedTwice?: boolean;
}

/** Where samples are forwarded to, and for how long they are batched first, which is how late they arrive. */
export interface RemoteWrite {
  readonly url: string;
  readonly batchSeconds: number;
}

/** The configuration of a Prometheus that scrapes one service, and evaluates rules, every second. */
export function prometheusConfig({
  selector,
  target,
  ruleFiles,
  alertmanager,
  remoteWrite,
  isScrapedTwice = false,
}: Scraping): string {
  const { job, ...labels } = selector;
  if (job === undefined) {
    throw new HarnessError(
      'no-job',
      `service.selector ${JSON.stringify(selector)} has no job label: Prometheus needs one to scrape the service`,
      { nextStep: 'add job to service.selector in the SLA document' },
    );
  }
  return stringify({
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    ...(ruleFiles.length === 0 ? {} : { rule_files: ruleFiles }),
    ...(alertmanager === undefined
      ? {}
      : { alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] } }),
    ...(remoteWrite === undefined ? {} : { remote_write: [remoteWriteConfig(remoteWrite)] }),
    scrape_configs: isScrapedTwice
      ? ['fleet', 'billing'].map((scraped_by) => ({
          job_name: `${job}-${scraped_by}`,
          static_configs: [{ targets: [target], labels: { ...labels, job, scraped_by } }],
        }))
      : [{ job_name: job, static_configs: [{ targets: [target], labels }] }],
  });
}

/** One sender, so that batches arrive in order; large enough that a batch is sent only when its time is over. */
const remoteWriteConfig = ({ url, batchSeconds }: RemoteWrite) => ({
  url,
  queue_config: {
    max_shards: 1,
    capacity: 200_000,
    max_samples_per_send: 100_000,
    batch_send_deadline: `${batchSeconds}s`,
  },
});
