import { stringify } from 'yaml';
import { HarnessError } from '../errors.ts';

export interface Scraping {
  /** Labels that the service's series are to carry, `job` among them (the document's selector). */
  readonly selector: Readonly<Record<string, string>>;
  /** Where the service is, as host:port, seen from Prometheus. */
  readonly target: string;
  /** Beside the configuration, or absolute. */
  readonly ruleFiles: readonly string[];
  /** Where alerts are sent, as host:port. */
  readonly alertmanager?: string;
}

/** The configuration of a Prometheus that scrapes one service, and evaluates, every second. */
export function prometheusConfig({ selector, target, ruleFiles, alertmanager }: Scraping): string {
  const { job, ...labels } = selector;
  if (job === undefined) {
    throw new HarnessError(
      'no-job',
      `service.selector ${JSON.stringify(selector)} has no job: a Prometheus of ours cannot scrape for it`,
      { nextStep: 'add job to service.selector in the SLA document' },
    );
  }
  return stringify({
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    ...(ruleFiles.length === 0 ? {} : { rule_files: ruleFiles }),
    ...(alertmanager === undefined
      ? {}
      : { alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] } }),
    scrape_configs: [{ job_name: job, static_configs: [{ targets: [target], labels }] }],
  });
}
