import { fileURLToPath } from 'node:url';
import type { PackageSpec, ToolName, ToolSpec } from './tool-spec.ts';

export type * from './tool-spec.ts';

const K6_VERSION = '2.2.0';
const PROMETHEUS_VERSION = '3.16.0';
const TOXIPROXY_VERSION = '2.12.0';
// Newer versions cannot be built from their Go module, because it lacks the files of the user interface.
const ALERTMANAGER_VERSION = '0.28.1';
// The release is 2.x, but its Go module has the version 1.76.0.
const JAEGER_VERSION = '2.13.0';
// The last minor version that Go 1.26 can build.
const VICTORIA_METRICS_VERSION = '1.136.23';
const KUSTOMIZE_VERSION = '5.8.1';

const k6: PackageSpec = {
  name: 'k6',
  version: K6_VERSION,
  release: {
    folder: `grafana/k6/releases/download/v${K6_VERSION}`,
    checksums: `k6-v${K6_VERSION}-checksums.txt`,
    archives: {
      'linux-x64': `k6-v${K6_VERSION}-linux-amd64.tar.gz`,
      'linux-arm64': `k6-v${K6_VERSION}-linux-arm64.tar.gz`,
      'darwin-x64': `k6-v${K6_VERSION}-macos-amd64.zip`,
      'darwin-arm64': `k6-v${K6_VERSION}-macos-arm64.zip`,
    },
  },
  go: { folder: fileURLToPath(new URL('./k6', import.meta.url)), tags: [], linkerFlags: '-s -w' },
};

const prometheus: PackageSpec = {
  name: 'prometheus',
  version: PROMETHEUS_VERSION,
  release: {
    folder: `prometheus/prometheus/releases/download/v${PROMETHEUS_VERSION}`,
    checksums: 'sha256sums.txt',
    archives: {
      'linux-x64': `prometheus-${PROMETHEUS_VERSION}.linux-amd64.tar.gz`,
      'linux-arm64': `prometheus-${PROMETHEUS_VERSION}.linux-arm64.tar.gz`,
      'darwin-x64': `prometheus-${PROMETHEUS_VERSION}.darwin-amd64.tar.gz`,
      'darwin-arm64': `prometheus-${PROMETHEUS_VERSION}.darwin-arm64.tar.gz`,
    },
  },
  go: {
    folder: fileURLToPath(new URL('./prometheus', import.meta.url)),
    // Includes only static and file-based discovery, because the other kinds would require many more modules.
    tags: ['remove_all_sd'],
    linkerFlags: `-s -w -X github.com/prometheus/common/version.Version=${PROMETHEUS_VERSION}`,
  },
};

/**
 * A Prometheus that can also discover Kubernetes pods, for an image in a cluster without an image registry. Every official
 * release includes this discovery, so only a build needs a separate name.
 */
const prometheusKubernetes: PackageSpec = {
  ...prometheus,
  name: 'prometheus-kubernetes',
  release: { ...prometheus.release, archives: {} },
  go: { ...prometheus.go, tags: ['remove_all_sd', 'enable_kubernetes_sd'] },
};

const kustomize: PackageSpec = {
  name: 'kustomize',
  version: KUSTOMIZE_VERSION,
  release: {
    folder: `kubernetes-sigs/kustomize/releases/download/kustomize%2Fv${KUSTOMIZE_VERSION}`,
    checksums: 'checksums.txt',
    // The program is built with Go instead of downloaded, because its archives contain it without a folder.
    archives: {},
  },
  go: {
    folder: fileURLToPath(new URL('./kustomize', import.meta.url)),
    tags: [],
    linkerFlags: `-s -w -X sigs.k8s.io/kustomize/api/provenance.version=v${KUSTOMIZE_VERSION}`,
  },
};

const toxiproxy: PackageSpec = {
  name: 'toxiproxy',
  version: TOXIPROXY_VERSION,
  release: {
    // The names follow from .goreleaser.yml in the tool's module.
    folder: `Shopify/toxiproxy/releases/download/v${TOXIPROXY_VERSION}`,
    checksums: 'checksums.txt',
    archives: {
      'linux-x64': 'toxiproxy-server-linux-amd64',
      'linux-arm64': 'toxiproxy-server-linux-arm64',
      'darwin-x64': 'toxiproxy-server-darwin-amd64',
      'darwin-arm64': 'toxiproxy-server-darwin-arm64',
    },
  },
  go: {
    folder: fileURLToPath(new URL('./toxiproxy', import.meta.url)),
    tags: [],
    linkerFlags: `-s -w -X github.com/Shopify/toxiproxy/v2.Version=${TOXIPROXY_VERSION}`,
  },
};

const alertmanager: PackageSpec = {
  name: 'alertmanager',
  version: ALERTMANAGER_VERSION,
  release: {
    folder: `prometheus/alertmanager/releases/download/v${ALERTMANAGER_VERSION}`,
    checksums: 'sha256sums.txt',
    archives: {
      'linux-x64': `alertmanager-${ALERTMANAGER_VERSION}.linux-amd64.tar.gz`,
      'linux-arm64': `alertmanager-${ALERTMANAGER_VERSION}.linux-arm64.tar.gz`,
      'darwin-x64': `alertmanager-${ALERTMANAGER_VERSION}.darwin-amd64.tar.gz`,
      'darwin-arm64': `alertmanager-${ALERTMANAGER_VERSION}.darwin-arm64.tar.gz`,
    },
  },
  go: {
    folder: fileURLToPath(new URL('./alertmanager', import.meta.url)),
    tags: [],
    linkerFlags: `-s -w -X github.com/prometheus/common/version.Version=${ALERTMANAGER_VERSION}`,
  },
};

const jaeger: PackageSpec = {
  name: 'jaeger',
  version: JAEGER_VERSION,
  release: {
    folder: `jaegertracing/jaeger/releases/download/v${JAEGER_VERSION}`,
    // The program is built with Go instead of downloaded, because each archive has a separate checksum file.
    checksums: `jaeger-${JAEGER_VERSION}.sha256sum.txt`,
    archives: {},
  },
  go: {
    folder: fileURLToPath(new URL('./jaeger', import.meta.url)),
    tags: [],
    linkerFlags: `-s -w -X github.com/jaegertracing/jaeger/internal/version.latestVersion=v${JAEGER_VERSION}`,
  },
};

const victoriaMetricsPlatforms = {
  'linux-x64': 'linux-amd64',
  'linux-arm64': 'linux-arm64',
  'darwin-x64': 'darwin-amd64',
  'darwin-arm64': 'darwin-arm64',
};
const victoriaMetricsFiles = (ending: string) =>
  Object.fromEntries(
    Object.entries(victoriaMetricsPlatforms).map(([platform, theirs]) => [
      platform,
      `victoria-metrics-${theirs}-v${VICTORIA_METRICS_VERSION}${ending}`,
    ]),
  );

const victoriaMetrics: PackageSpec = {
  name: 'victoria-metrics',
  version: VICTORIA_METRICS_VERSION,
  release: {
    // The names follow from the Makefile in the tool's module.
    folder: `VictoriaMetrics/VictoriaMetrics/releases/download/v${VICTORIA_METRICS_VERSION}`,
    checksums: victoriaMetricsFiles('_checksums.txt'),
    archives: victoriaMetricsFiles('.tar.gz'),
    program: 'victoria-metrics-prod',
  },
  go: {
    folder: fileURLToPath(new URL('./victoria-metrics', import.meta.url)),
    tags: [],
    linkerFlags: `-s -w -X github.com/VictoriaMetrics/VictoriaMetrics/lib/buildinfo.Version=victoria-metrics-v${VICTORIA_METRICS_VERSION}`,
  },
};

/**
 * The tools with their pinned versions and the accepted version ranges of installed tools. To update a tool, change its
 * version here and in its folder's go.mod.
 */
export const TOOL_SPECS: Readonly<Record<ToolName, ToolSpec>> = {
  k6: {
    name: 'k6',
    pathVariable: 'K6_BIN',
    range: { atLeast: '2.2.0', belowMajor: 3 },
    versionPattern: /\bk6 v(\S+)/,
    package: k6,
    goPackage: 'go.k6.io/k6/v2',
  },
  prometheus: {
    name: 'prometheus',
    pathVariable: 'PROMETHEUS_BIN',
    // 3.5 is the first long-term support release of Prometheus 3.
    range: { atLeast: '3.5.0', belowMajor: 4 },
    versionPattern: /\bprometheus, version (\S+)/,
    package: prometheus,
    goPackage: 'github.com/prometheus/prometheus/cmd/prometheus',
  },
  promtool: {
    name: 'promtool',
    pathVariable: 'PROMTOOL_BIN',
    range: { atLeast: '3.5.0', belowMajor: 4 },
    versionPattern: /\bpromtool, version (\S+)/,
    package: prometheus,
    goPackage: 'github.com/prometheus/prometheus/cmd/promtool',
  },
  'toxiproxy-server': {
    name: 'toxiproxy-server',
    pathVariable: 'TOXIPROXY_BIN',
    range: { atLeast: '2.5.0', belowMajor: 3 },
    versionPattern: /\btoxiproxy-server version (\S+)/,
    package: toxiproxy,
    goPackage: 'github.com/Shopify/toxiproxy/v2/cmd/server',
    onlyFor: 'selftest',
  },
  alertmanager: {
    name: 'alertmanager',
    pathVariable: 'ALERTMANAGER_BIN',
    // Earlier versions crash if a file contains the webhook's address.
    range: { atLeast: '0.28.0', belowMajor: 1 },
    versionPattern: /\balertmanager, version (\S+)/,
    package: alertmanager,
    goPackage: 'github.com/prometheus/alertmanager/cmd/alertmanager',
    onlyFor: 'stack up --with alerts',
  },
  jaeger: {
    name: 'jaeger',
    pathVariable: 'JAEGER_BIN',
    range: { atLeast: '2.0.0', belowMajor: 3 },
    versionPattern: /\bjaeger version v?(\S+)/,
    package: jaeger,
    goPackage: 'github.com/jaegertracing/jaeger/cmd/jaeger',
    onlyFor: 'stack up --with tracing',
  },
  'victoria-metrics': {
    name: 'victoria-metrics',
    pathVariable: 'VICTORIA_METRICS_BIN',
    range: { atLeast: '1.136.0', belowMajor: 2 },
    versionPattern: /\bvictoria-metrics-\S*?\bv(\d+\.\d+\.\d+)/,
    package: victoriaMetrics,
    goPackage: 'github.com/VictoriaMetrics/VictoriaMetrics/app/victoria-metrics',
    onlyFor: 'test',
  },
  'prometheus-kubernetes': {
    name: 'prometheus-kubernetes',
    pathVariable: 'PROMETHEUS_KUBERNETES_BIN',
    range: { atLeast: '3.5.0', belowMajor: 4 },
    versionPattern: /\bprometheus, version (\S+)/,
    package: prometheusKubernetes,
    goPackage: 'github.com/prometheus/prometheus/cmd/prometheus',
    onlyFor: 'test',
  },
  kustomize: {
    name: 'kustomize',
    pathVariable: 'KUSTOMIZE_BIN',
    range: { atLeast: '5.0.0', belowMajor: 6 },
    versionArgument: 'version',
    versionPattern: /\bv(\d\S+)/,
    package: kustomize,
    goPackage: 'sigs.k8s.io/kustomize/kustomize/v5',
    onlyFor: 'test',
  },
};
