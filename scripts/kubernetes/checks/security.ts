import { parse } from 'yaml';
import {
  containersOf,
  type Manifest,
  named,
  nameOf,
  ofKind,
  type Workload,
  workloadsOf,
} from '../manifest.ts';
import { secretsOnly } from './credentials.ts';
import { dataSourcesOf, grafanaOf, grafanaPassword, readOnlyDashboards } from './grafana.ts';
import { leastRbac, restricted, unprivileged } from './pod-security.ts';

/**
 * The security checklist of docs/kubernetes.md as checks of manifests. Each check returns the violations of its line. A line
 * about a program that the manifests do not contain is not violated.
 */
export const SECURITY_LINES = {
  'pods are unprivileged': unprivileged,
  'the namespace enforces the restricted profile': restricted,
  'least RBAC': leastRbac,
  'no default Grafana password': grafanaPassword,
  'dashboards are read-only for viewers': readOnlyDashboards,
  'Prometheus and Alertmanager require a password': passwords,
  'credentials are in Secrets only': secretsOnly,
  'audit logs are on': auditLogs,
  'a rotation loses no scrape': rotation,
} as const satisfies Readonly<Record<string, (objects: readonly Manifest[]) => readonly string[]>>;

const SERVERS = ['prometheus', 'alertmanager'];
/** These flags allow everyone who has the password to stop Prometheus, or to delete its data. */
const DANGEROUS = ['--web.enable-lifecycle', '--web.enable-admin-api'];

function passwords(objects: readonly Manifest[]): readonly string[] {
  const servers = SERVERS.flatMap((name) => named(ofKind<Workload>(objects, 'Deployment'), name) ?? []);
  const config = prometheusConfigOf(objects);
  const logins = [
    ...(config?.scrape_configs ?? []).filter(({ job_name }) => SERVERS.includes(job_name)),
    ...(config?.alerting?.alertmanagers ?? []),
  ];
  return [
    ...servers.flatMap((server) => {
      const args = server.spec.template.spec.containers[0]?.args ?? [];
      const missing = args.some((one) => one.startsWith('--web.config.file='))
        ? []
        : ['requires no password'];
      const open = DANGEROUS.filter((flag) => args.includes(flag)).map((flag) => `has ${flag}`);
      return [...missing, ...open].map((text) => `${nameOf(server)} ${text}`);
    }),
    ...(logins.every(({ basic_auth }) => basic_auth?.password_file !== undefined)
      ? []
      : ['ConfigMap prometheus-config: Prometheus does not sign in to itself or to Alertmanager']),
    ...dataSourcesOf(objects)
      .filter(({ type, basicAuth, secureJsonData }) =>
        type === 'prometheus'
          ? !basicAuth || !secureJsonData?.basicAuthPassword?.startsWith('$__file{')
          : false,
      )
      .map(({ name }) => `ConfigMap grafana-datasource: ${name} does not sign in with the Secret`),
  ];
}

export interface PrometheusConfig {
  readonly global: Readonly<Record<string, string>>;
  readonly alerting?: { readonly alertmanagers: readonly Target[] };
  readonly scrape_configs: readonly (Target & { readonly job_name: string })[];
}
interface Target {
  readonly basic_auth?: { readonly password_file?: string };
  readonly authorization?: { readonly credentials_file?: string };
  readonly static_configs?: readonly { readonly targets: readonly string[] }[];
}

export function prometheusConfigOf(objects: readonly Manifest[]): PrometheusConfig | null {
  const text = named(ofKind(objects, 'ConfigMap'), 'prometheus-config')?.data?.['prometheus.yml'];
  return text === undefined ? null : (parse(text) as PrometheusConfig);
}

function auditLogs(objects: readonly Manifest[]): readonly string[] {
  const config = prometheusConfigOf(objects);
  const grafana = grafanaOf(objects);
  return [
    ...(config === null || config.global.query_log_file === '/dev/stdout'
      ? []
      : ['ConfigMap prometheus-config: queries are not logged']),
    ...(grafana === null || grafana.env.get('GF_SERVER_ROUTER_LOGGING')?.value === 'true'
      ? []
      : ['Deployment grafana: requests are not logged']),
  ];
}

/**
 * Prometheus reads its password from a file at each scrape, and the kubelet updates all files of a Secret's volume together.
 * The kubelet never updates a file mounted by subPath, and it does not update two volumes at the same moment.
 */
function rotation(objects: readonly Manifest[]): readonly string[] {
  const prometheus = named(ofKind<Workload>(objects, 'Deployment'), 'prometheus');
  const service = named(ofKind<Workload>(objects, 'Deployment'), 'sentiment-api');
  const config = prometheusConfigOf(objects);
  const args = prometheus?.spec.template.spec.containers[0]?.args ?? [];
  const folder = /=(.+)\/[^/]+$/.exec(args.find((one) => one.startsWith('--web.config.file=')) ?? '')?.[1];
  const files = [
    ...(config?.scrape_configs ?? []).map(({ basic_auth, authorization }) =>
      basic_auth === undefined ? authorization?.credentials_file : basic_auth.password_file,
    ),
    ...(config?.alerting?.alertmanagers ?? []).map(({ basic_auth }) => basic_auth?.password_file),
  ].filter((file) => file !== undefined);
  return [
    ...(config === null ? [] : files)
      .filter((file) => !file.startsWith(`${folder}/`))
      .map((file) => `ConfigMap prometheus-config: ${file} is not in the volume of the web configuration`),
    ...workloadsOf(objects).flatMap((workload) =>
      containersOf(workload)
        .flatMap(({ volumeMounts = [] }) => volumeMounts)
        .filter(({ subPath }) => subPath !== undefined)
        .map(({ mountPath }) => `${nameOf(workload)}: ${mountPath} is mounted by subPath and never updated`),
    ),
    ...(service === undefined || service.spec.strategy?.rollingUpdate?.maxUnavailable === 0
      ? []
      : ['Deployment sentiment-api: a restart leaves fewer pods than before']),
  ];
}
