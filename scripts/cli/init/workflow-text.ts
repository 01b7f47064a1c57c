/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are GitHub's expressions. */

import type { Choices } from './choices.ts';

/** Writes a CI workflow that gates the service, and the Prometheus configuration that it needs. */

export interface Files {
  readonly document: string;
  readonly script: string;
  /** null: a Prometheus that scrapes the service is already there. */
  readonly prometheusConfig: string | null;
}

export interface Addresses {
  /** Where the service is loaded. */
  readonly target: string;
  readonly prometheus: string;
}

export const gateCommand = (
  command: string,
  { document, script }: Files,
  { target, prometheus }: Addresses,
) => `${command} gate --script ${script} --sla ${document} --target ${target} --prometheus ${prometheus}`;

/** In CI the gate is an npm package, pinned by the lock file of the project or by this line. */
const PACKAGE = 'npx --yes sla-harness';

const PROMETHEUS =
  'docker run --detach --network host --volume "$PWD/CONFIG:/etc/prometheus/prometheus.yml" prom/prometheus:v3.5.0';

const startPrometheus = ({ prometheusConfig }: Files) =>
  prometheusConfig === null ? null : PROMETHEUS.replace('CONFIG', prometheusConfig);

export function githubText(files: Files, at: Addresses, { name }: Choices): string {
  const prometheus = startPrometheus(files);
  return [
    '# Written by "init". Lines with CHANGE are yours to fill in.',
    'name: SLA',
    '',
    'on: pull_request',
    '',
    'permissions:',
    '  contents: read',
    '',
    'jobs:',
    '  gate:',
    '    runs-on: ubuntu-24.04',
    '    timeout-minutes: 15',
    '    env:',
    '      SLA_CACHE_DIR: ${{ github.workspace }}/.sla-cache',
    '    steps:',
    '      - uses: actions/checkout@v4',
    '      - uses: actions/setup-node@v4',
    '        with:',
    '          node-version: 24',
    '      - uses: actions/cache@v4',
    '        with:',
    '          path: .sla-cache',
    '          key: sla-tools-${{ runner.os }}-${{ runner.arch }}',
    `      # CHANGE: start ${name}, so that it listens at ${at.target}.`,
    '      - run: echo "start the service here" && exit 1',
    ...(prometheus === null ? [] : [`      - run: ${prometheus}`]),
    '      # Exit code 0: pass, 1: an objective is missed, 3: inconclusive. The job passes only with 0.',
    `      - run: ${gateCommand(PACKAGE, files, at)}`,
    '      - if: always()',
    '        run: cat runs/latest/summary.md >> "$GITHUB_STEP_SUMMARY" || true',
    '      - if: always()',
    '        uses: actions/upload-artifact@v4',
    '        with:',
    '          name: sla-run',
    '          path: runs/',
    '          if-no-files-found: ignore',
    '',
  ].join('\n');
}

export function gitlabText(files: Files, at: Addresses, { name }: Choices): string {
  const prometheus = startPrometheus(files);
  return [
    '# Written by "init". Include it from .gitlab-ci.yml. Lines with CHANGE are yours to fill in.',
    'sla-gate:',
    '  image: node:24-bookworm',
    '  rules:',
    '    - if: $CI_PIPELINE_SOURCE == "merge_request_event"',
    '  timeout: 15 minutes',
    '  variables:',
    '    SLA_CACHE_DIR: $CI_PROJECT_DIR/.sla-cache',
    '  cache:',
    '    key: sla-tools',
    '    paths: [.sla-cache]',
    '  artifacts:',
    '    when: always',
    '    paths: [runs/]',
    '    reports:',
    '      junit: runs/latest/junit.xml',
    '  script:',
    `    # CHANGE: start ${name}, so that it listens at ${at.target}.`,
    '    - echo "start the service here" && exit 1',
    ...(prometheus === null
      ? []
      : [
          `    # CHANGE: start a Prometheus with ${files.prometheusConfig}, so that it listens at ${at.prometheus}.`,
        ]),
    '    # Exit code 0: pass, 1: an objective is missed, 3: inconclusive. The job passes only with 0.',
    `    - ${gateCommand(PACKAGE, files, at)}`,
    '',
  ].join('\n');
}

/** A Prometheus for tests: it scrapes every second, so that short runs have enough scrapes. */
export function prometheusText(metrics: URL, { selector }: Choices, hasContentType: boolean): string {
  const { job, ...labels } = selector;
  return [
    '# A Prometheus for load tests: it scrapes every second, so that short runs have enough scrapes.',
    'global:',
    '  scrape_interval: 1s',
    '  scrape_timeout: 1s',
    'scrape_configs:',
    `  - job_name: ${JSON.stringify(job ?? 'service')}`,
    ...(metrics.pathname === '/metrics' ? [] : [`    metrics_path: ${JSON.stringify(metrics.pathname)}`]),
    ...(metrics.protocol === 'https:' ? ['    scheme: https'] : []),
    ...(hasContentType ? [] : ['    fallback_scrape_protocol: PrometheusText0.0.4']),
    // Ignored by a Prometheus that always ingests them (4 and later).
    '    scrape_native_histograms: true',
    '    static_configs:',
    `      - targets: [${JSON.stringify(metrics.host)}]`,
    ...(Object.keys(labels).length === 0 ? [] : [`        labels: ${JSON.stringify(labels)}`]),
    '',
  ].join('\n');
}
