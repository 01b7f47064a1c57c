/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are GitHub's expressions. */

import { dirname, join } from 'node:path';
import { TOOL_SPECS } from '../../tools/specs.ts';
import type { Choices } from './choices.ts';
import { type Asked, slug } from './sources.ts';

/** Writes a CI workflow that gates the service, and the Prometheus configuration that it needs. */

export interface Files {
  readonly document: string;
  readonly script: string;
  /** null: a Prometheus that scrapes the service is already there. */
  readonly prometheusConfig: string | null;
}

export interface Addresses {
  /** The address at which the service is loaded. */
  readonly target: string;
  readonly prometheus: string;
}

export const gateCommand = (
  command: string,
  { document, script }: Files,
  { target, prometheus }: Addresses,
) => `${command} gate --script ${script} --sla ${document} --target ${target} --prometheus ${prometheus}`;

/** How the job gets the gate: as a dependency of the project, or by a version that the workflow names. */
export interface Gate {
  readonly version: string;
  /** The project's package.json lists the gate, so the lock file pins its version. */
  readonly isDependency: boolean;
  /** The service accepts only requests with a token. */
  readonly hasToken: boolean;
}

/** A file next to the configuration of Prometheus. */
const TOKEN_FILE = 'token.txt';

const commandOf = ({ version, isDependency }: Gate) =>
  isDependency ? 'npx --no sla-harness' : `npx --yes sla-harness@${version}`;

const installOf = ({ isDependency }: Gate) => (isDependency ? ['npm ci'] : []);

/** What must not change between two runs that are compared, and the place that defines it. */
const pinnedBy = ({ isDependency }: Gate) =>
  isDependency
    ? 'The gate is pinned by your package-lock.json.'
    : 'The gate is pinned below to the version that wrote this file. Or: npm install --save-dev sla-harness, and init again.';

const PROMETHEUS = `docker run --detach --network host --volume "$PWD/CONFIG:/etc/prometheus/prometheus.yml" prom/prometheus:v${TOOL_SPECS.prometheus.package.version}`;

function startPrometheus({ prometheusConfig }: Files, { hasToken }: Gate): string | null {
  if (prometheusConfig === null) return null;
  const command = PROMETHEUS.replace('CONFIG', prometheusConfig);
  if (!hasToken) return command;
  const file = join(dirname(prometheusConfig), TOKEN_FILE);
  const mounted = command.replace(
    ' prom/prometheus',
    ` --volume "$PWD/${file}:/etc/prometheus/${TOKEN_FILE}" prom/prometheus`,
  );
  return `printf %s "$SLA_TARGET_TOKEN" > ${file} && ${mounted}`;
}

export function githubText(files: Files, at: Addresses, { name }: Choices, gate: Gate): string {
  const prometheus = startPrometheus(files, gate);
  return [
    '# Written by "init". Lines with CHANGE are yours to fill in.',
    `# ${pinnedBy(gate)}`,
    ...(prometheus === null
      ? []
      : ['# Prometheus is pinned by its tag. Actions are pinned by their tags; a commit hash is stricter.']),
    `name: SLA ${slug(name)}`,
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
    ...(gate.hasToken ? ['      SLA_TARGET_TOKEN: ${{ secrets.SLA_TARGET_TOKEN }}'] : []),
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
    ...installOf(gate).map((command) => `      - run: ${command}`),
    ...(prometheus === null ? [] : [`      - run: ${prometheus}`]),
    '      # Exit code 0: pass, 1: an objective is missed, 3: inconclusive. The job passes only with 0.',
    `      - run: ${gateCommand(commandOf(gate), files, at)}`,
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

export function gitlabText(files: Files, at: Addresses, { name }: Choices, gate: Gate): string {
  const prometheus = startPrometheus(files, gate);
  return [
    '# Written by "init". Include it from .gitlab-ci.yml. Lines with CHANGE are yours to fill in.',
    `# ${pinnedBy(gate)}`,
    `sla-${slug(name)}:`,
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
    ...installOf(gate).map((command) => `    - ${command}`),
    ...(prometheus === null
      ? []
      : [
          `    # CHANGE: start a Prometheus with ${files.prometheusConfig}, so that it listens at ${at.prometheus}.`,
        ]),
    ...(gate.hasToken ? ['    # CHANGE: set SLA_TARGET_TOKEN as a masked variable of the project.'] : []),
    '    # Exit code 0: pass, 1: an objective is missed, 3: inconclusive. The job passes only with 0.',
    `    - ${gateCommand(commandOf(gate), files, at)}`,
    '',
  ].join('\n');
}

/** A Prometheus for tests: it scrapes every second, so that short runs have enough scrapes. */
export function prometheusText(
  metrics: URL,
  { selector }: Choices,
  { hasContentType, hasToken }: Pick<Asked, 'hasContentType' | 'hasToken'>,
): string {
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
    ...(hasToken
      ? [
          '    # CHANGE: write the token of the service (SLA_TARGET_TOKEN) to this file, and keep it out of git.',
          `    authorization: { credentials_file: ${TOKEN_FILE} }`,
        ]
      : []),
    // Ignored by a Prometheus that always ingests them (4 and later).
    '    scrape_native_histograms: true',
    '    static_configs:',
    `      - targets: [${JSON.stringify(metrics.host)}]`,
    ...(Object.keys(labels).length === 0 ? [] : [`        labels: ${JSON.stringify(labels)}`]),
    '',
  ].join('\n');
}
