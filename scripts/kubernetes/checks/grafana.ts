import { parse } from 'yaml';
import {
  type Container,
  type EnvVariable,
  type Manifest,
  named,
  ofKind,
  type Workload,
} from '../manifest.ts';

/** Checks who can sign in to Grafana, and what users may change there. */

const envOf = ({ env = [] }: Container): ReadonlyMap<string, EnvVariable> =>
  new Map(env.map((one) => [one.name, one]));

export function grafanaOf(objects: readonly Manifest[]) {
  const deployment = named(ofKind<Workload>(objects, 'Deployment'), 'grafana');
  const container = deployment?.spec.template.spec.containers[0];
  return deployment === undefined || container === undefined
    ? null
    : { deployment, container, env: envOf(container) };
}

/** Grafana uses admin/admin if its password is missing or empty. */
export function grafanaPassword(objects: readonly Manifest[]): readonly string[] {
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

/** Settings that must have these values; with others, a viewer could make changes. */
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

export function readOnlyDashboards(objects: readonly Manifest[]): readonly string[] {
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
