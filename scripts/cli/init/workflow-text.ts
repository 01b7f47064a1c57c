/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: the templates are GitHub expressions. */

import { dirname, join } from 'node:path';
import { TOOL_SPECS } from '../../tools/specs.ts';
import type { Choices } from './choices.ts';
import { type Asked, slug } from './sources.ts';

/** Generates a CI workflow that gates the service, and the Prometheus configuration for it. */

export interface Files {
  readonly document: string;
  readonly script: string;
  /** null: a Prometheus already scrapes the service. */
  readonly prometheusConfig: string | null;
}

export interface Addresses {
  /** The URL that receives the load. */
  readonly target: string;
  readonly prometheus: string;
}

export const gateCommand = (
  command: string,
  { document, script }: Files,
  { target, prometheus }: Addresses,
) => `${command} gate --script ${script} --sla ${document} --target ${target} --prometheus ${prometheus}`;

/** How the job gets the gate: as a dependency of the project, or as a version that the workflow names. */
export interface Gate {
  readonly version: string;
  /** Whether the project's package.json lists the gate, so that its lock file pins the version. */
  readonly isDependency: boolean;
  /** Whether the service only accepts requests with a token. */
  readonly hasToken: boolean;
}

/** The token file is in the same folder as the Prometheus configuration. */
const TOKEN_FILE = 'token.txt';

const commandOf = ({ version, isDependency }: Gate) =>
  isDependency ? 'npx --no sla-harness' : `npx --yes sla-harness@${version}`;

const installOf = ({ isDependency }: Gate) => (isDependency ? ['npm ci'] : []);

/** A comment about where the gate's version is pinned: runs can only be compared if it is the same. */
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

/** A Prometheus for tests. It scrapes every second, so that short runs have enough scrapes. */
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
    // Prometheus 4 and later ignore this setting, because they always ingest native histograms.
    '    scrape_native_histograms: true',
    '    static_configs:',
    `      - targets: [${JSON.stringify(metrics.host)}]`,
    ...(Object.keys(labels).length === 0 ? [] : [`        labels: ${JSON.stringify(labels)}`]),
    '',
  ].join('\n');
}
