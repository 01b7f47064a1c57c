import { stringify } from 'yaml';
import { HarnessError } from '../cli/errors.ts';

export interface Scraping {
  /** Labels of the service's series, including `job`; the document's selector contains the same labels. */
  readonly selector: Readonly<Record<string, string>>;
  /** The address of each process of the service as host:port, from Prometheus's point of view. */
  readonly targets: readonly string[];
  /** Paths of the rule files, absolute or relative to the configuration. */
  readonly ruleFiles: readonly string[];
  /** The Alertmanager's address as host:port. */
  readonly alertmanager?: string;
  readonly remoteWrite?: RemoteWrite;
  /** Whether two jobs with different labels scrape the service, as happens if an old job is not removed. */
  readonly isScrapedTwice?: boolean;
}

/** The server that receives forwarded samples, and how long they are batched, which determines how late they arrive. */
export interface RemoteWrite {
  readonly url: string;
  readonly batchSeconds: number;
}

/** Configures a Prometheus that scrapes the processes of one service and evaluates the rules every second. */
export function prometheusConfig({
  selector,
  targets,
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
          static_configs: [{ targets, labels: { ...labels, job, scraped_by } }],
        }))
      : [{ job_name: job, static_configs: [{ targets, labels }] }],
  });
}

/** A single sender keeps batches in order. The batch size is large, so that a batch is sent only when its time is over. */
const remoteWriteConfig = ({ url, batchSeconds }: RemoteWrite) => ({
  url,
  queue_config: {
    max_shards: 1,
    capacity: 200_000,
    max_samples_per_send: 100_000,
    batch_send_deadline: `${batchSeconds}s`,
  },
});
