import { parse } from 'yaml';
import {
  type Container,
  containersOf,
  type EnvVariable,
  type Manifest,
  named,
  nameOf,
  ofKind,
  type Service,
  type Workload,
  workloadsOf,
} from '../manifest.ts';
import type { Ingress } from './references.ts';

/**
 * The security checklist of docs/kubernetes.md as checks of manifests. Each returns what breaks its line; a line about a
 * program that is not among the manifests holds.
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

function unprivileged(objects: readonly Manifest[]): readonly string[] {
  return workloadsOf(objects).flatMap((workload) => {
    const pod = workload.spec.template.spec;
    const where = nameOf(workload);
    const { runAsNonRoot, runAsUser, seccompProfile } = pod.securityContext ?? {};
    return [
      ...(pod.hostNetwork || pod.hostPID || pod.hostIPC ? [`${where} shares a namespace of the node`] : []),
      ...(runAsNonRoot === true && (runAsUser ?? 0) > 0 ? [] : [`${where} may run as root`]),
      ...(seccompProfile?.type === 'RuntimeDefault' ? [] : [`${where} has no seccomp profile`]),
      ...(pod.volumes ?? [])
        .filter((volume) => 'hostPath' in volume)
        .map(({ name }) => `${where} mounts a folder of the node: ${name}`),
      ...containersOf(workload).flatMap((one) =>
        containerProblems(one).map((text) => `${where}, ${one.name}: ${text}`),
      ),
    ];
  });
}

function containerProblems({ securityContext = {}, resources }: Container): readonly string[] {
  const { capabilities, privileged, allowPrivilegeEscalation, readOnlyRootFilesystem } = securityContext;
  const hasOnlyDropped = capabilities?.drop?.includes('ALL') && (capabilities.add ?? []).length === 0;
  return [
    ...(privileged ? ['is privileged'] : []),
    ...(allowPrivilegeEscalation === false ? [] : ['may gain privileges']),
    ...(readOnlyRootFilesystem ? [] : ['can write to its root file system']),
    ...(hasOnlyDropped ? [] : ['keeps capabilities']),
    ...(resources?.limits?.memory && resources.limits.cpu ? [] : ['has no limits']),
    ...(resources?.requests?.memory && resources.requests.cpu ? [] : ['requests no resources']),
  ];
}

function restricted(objects: readonly Manifest[]): readonly string[] {
  return ofKind(objects, 'Namespace').flatMap(({ metadata }) =>
    ['enforce', 'audit', 'warn']
      .map((mode) => `pod-security.kubernetes.io/${mode}`)
      .filter((label) => metadata.labels?.[label] !== 'restricted')
      .map((label) => `Namespace ${metadata.name}: ${label} is not "restricted"`),
  );
}

interface Role extends Manifest {
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

const READING = ['get', 'list', 'watch'];
const FOR_READING = ['pods', 'pods/log'];

/** Roles of the namespace only, to read pods only, and a token only in pods whose account has a role. */
function leastRbac(objects: readonly Manifest[]): readonly string[] {
  const accounts = ofKind<Manifest & { readonly subjects: readonly { readonly name: string }[] }>(
    objects,
    'RoleBinding',
  ).flatMap(({ subjects }) => subjects.map(({ name }) => name));
  return [
    ...objects
      .filter(({ kind }) => kind.startsWith('ClusterRole'))
      .map((one) => `${nameOf(one)} applies to all namespaces`),
    ...ofKind<Role>(objects, 'Role').flatMap((role) =>
      role.rules
        .flatMap(({ resources, verbs }) => [
          ...resources.filter((one) => !FOR_READING.includes(one)),
          ...verbs.filter((one) => !READING.includes(one)),
        ])
        .map((more) => `${nameOf(role)} allows ${more}`),
    ),
    ...workloadsOf(objects).flatMap((workload) => {
      const { serviceAccountName, automountServiceAccountToken } = workload.spec.template.spec;
      const needs = accounts.includes(serviceAccountName ?? '');
      return automountServiceAccountToken === needs
        ? []
        : [`${nameOf(workload)}: automountServiceAccountToken is not ${needs}`];
    }),
  ];
}

const envOf = ({ env = [] }: Container): ReadonlyMap<string, EnvVariable> =>
  new Map(env.map((one) => [one.name, one]));

function grafanaOf(objects: readonly Manifest[]) {
  const deployment = named(ofKind<Workload>(objects, 'Deployment'), 'grafana');
  const container = deployment?.spec.template.spec.containers[0];
  return deployment === undefined || container === undefined
    ? null
    : { deployment, container, env: envOf(container) };
}

/** Grafana falls back to admin/admin if it finds no password, or an empty one. */
function grafanaPassword(objects: readonly Manifest[]): readonly string[] {
  const grafana = grafanaOf(objects);
  if (grafana === null) return [];
  const { deployment, container, env } = grafana;
  const { volumes = [], initContainers = [] } = deployment.spec.template.spec;
  const file = env.get('GF_SECURITY_ADMIN_PASSWORD__FILE')?.value;
  const mount = container.volumeMounts?.find(({ mountPath }) => file?.startsWith(`${mountPath}/`));
  const secret = volumes.find(({ name }) => name === mount?.name)?.secret;
  const checks = initContainers.some((one) => envOf(one).get('PASSWORD_FILE')?.value === file);
  return [
    ...(secret === undefined ? ['Deployment grafana does not take its password from a Secret'] : []),
    ...(secret?.optional ? ['Deployment grafana starts without its Secret'] : []),
    ...(checks ? [] : ['Deployment grafana starts with an empty password']),
    ...(env.get('GF_AUTH_ANONYMOUS_ENABLED')?.value === 'false'
      ? []
      : ['Deployment grafana allows anonymous access']),
  ];
}

/** Settings whose other values let a viewer change something. */
const VIEWERS = {
  GF_USERS_VIEWERS_CAN_EDIT: 'false',
  GF_USERS_AUTO_ASSIGN_ORG_ROLE: 'Viewer',
  GF_USERS_ALLOW_SIGN_UP: 'false',
};

interface Provisioned {
  readonly providers?: readonly { readonly allowUiUpdates?: boolean; readonly disableDeletion?: boolean }[];
  readonly datasources?: readonly DataSource[];
}
export interface DataSource {
  readonly name: string;
  readonly uid: string;
  readonly type: string;
  readonly url: string;
  readonly isDefault?: boolean;
  readonly editable?: boolean;
  readonly basicAuth?: boolean;
  readonly basicAuthUser?: string;
  readonly secureJsonData?: { readonly basicAuthPassword?: string };
}

const textsOf = (objects: readonly Manifest[], name: string) =>
  Object.values(named(ofKind(objects, 'ConfigMap'), name)?.data ?? {});

export const dataSourcesOf = (objects: readonly Manifest[]): readonly DataSource[] =>
  textsOf(objects, 'grafana-datasource').flatMap((text) => (parse(text) as Provisioned).datasources ?? []);

function readOnlyDashboards(objects: readonly Manifest[]): readonly string[] {
  const grafana = grafanaOf(objects);
  if (grafana === null) return [];
  const providers = textsOf(objects, 'grafana-dashboard-provider').flatMap(
    (text) => (parse(text) as Provisioned).providers ?? [],
  );
  return [
    ...Object.entries(VIEWERS)
      .filter(([name, value]) => grafana.env.get(name)?.value !== value)
      .map(([name, value]) => `Deployment grafana: ${name} is not ${value}`),
    ...(providers.every(({ allowUiUpdates, disableDeletion }) => allowUiUpdates === false && disableDeletion)
      ? []
      : ['ConfigMap grafana-dashboard-provider lets dashboards be changed or deleted']),
    ...dataSourcesOf(objects)
      .filter(({ editable }) => editable !== false)
      .map(({ name }) => `ConfigMap grafana-datasource: ${name} is editable`),
  ];
}

const SERVERS = ['prometheus', 'alertmanager'];
/** They let everyone with the password stop Prometheus, or delete what it has measured. */
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

const SECRET_NAME = /password|passwd|token|secret|credential|api_?key/i;
/** A value under such a name that is neither a path, an expansion of a file, nor a switch. */
const LITERAL = /^(?!\/|\$__file\{|true$|false$)\S+$/;

function secretsOnly(objects: readonly Manifest[]): readonly string[] {
  return [
    ...ofKind(objects, 'Secret').map((one) => `${nameOf(one)} is in a manifest`),
    ...workloadsOf(objects).flatMap((workload) =>
      containersOf(workload).flatMap(({ env = [] }) =>
        env
          .filter(({ name, value }) => SECRET_NAME.test(name) && LITERAL.test(value ?? '/'))
          .map(({ name }) => `${nameOf(workload)}: the value of ${name} is in the manifest`),
      ),
    ),
    ...ofKind(objects, 'ConfigMap').flatMap((map) =>
      Object.entries(map.data ?? {}).flatMap(([file, text]) =>
        literalsIn(file, text).map(
          (key) => `${nameOf(map)}, ${file}: the value of ${key} is in the manifest`,
        ),
      ),
    ),
  ];
}

/** Keys of a YAML configuration that hold a secret as it is, and addresses with a password. */
function literalsIn(file: string, text: string): readonly string[] {
  const urls = /\/\/[^/\s:@]+:[^/\s@]+@/.test(text) ? ['an address'] : [];
  return /\.ya?ml$/.test(file) ? [...urls, ...literalKeys(parse(text))] : urls;
}

function literalKeys(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    typeof inner === 'string' && SECRET_NAME.test(key) && !key.endsWith('_file') && LITERAL.test(inner)
      ? [key]
      : literalKeys(inner),
  );
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
 * Prometheus reads its password from a file at each scrape, and the kubelet swaps the files of a Secret's volume together.
 * It never updates a file that is mounted by subPath, and none of two volumes at the same moment.
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

/** TLS for what leaves the cluster: no port of a node is open, and each host of an ingress has a certificate. */
export function tlsOutside(objects: readonly Manifest[]): readonly string[] {
  return [
    ...ofKind<Service>(objects, 'Service')
      .filter(({ spec }) => spec.type !== undefined && spec.type !== 'ClusterIP')
      .map((service) => `${nameOf(service)} can be reached without TLS`),
    ...ofKind<Ingress>(objects, 'Ingress').flatMap((ingress) => {
      const covered = (ingress.spec.tls ?? []).flatMap(({ hosts }) => hosts);
      return ingress.spec.rules
        .filter(({ host }) => !covered.includes(host))
        .map(({ host }) => `${nameOf(ingress)}: ${host} has no certificate`);
    }),
    ...certificateProblems(objects),
  ];
}

interface Certificate extends Manifest {
  readonly spec: { readonly secretName: string; readonly dnsNames: readonly string[] };
}

function certificateProblems(objects: readonly Manifest[]): readonly string[] {
  const wanted = ofKind<Ingress>(objects, 'Ingress').flatMap(({ spec }) => spec.tls ?? []);
  return ofKind<Certificate>(objects, 'Certificate').flatMap((certificate) => {
    const { secretName, dnsNames } = certificate.spec;
    return wanted
      .filter((one) => one.secretName === secretName)
      .flatMap(({ hosts }) => hosts.filter((host) => !dnsNames.includes(host)))
      .map((host) => `${nameOf(certificate)} is not for ${host}`);
  });
}
