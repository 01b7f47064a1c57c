import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compareSync } from 'bcryptjs';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { temporaryFolder } from '../testing/sla.ts';
import { allowedPaths } from './checks/network.ts';
import { referenceProblems } from './checks/references.ts';
import { SECURITY_LINES } from './checks/security.ts';
import { tlsOutside } from './checks/tls.ts';
import { containersOf, type Manifest, named, ofKind, workloadsOf } from './manifest.ts';
import { hashesIn, newSecrets, SECRETS } from './secrets.ts';
import { objectsOf } from './testing/overlays.ts';

/** Breaks each line of the security checklist in the manifests. The check of that line must report it. */

// biome-ignore lint/suspicious/noExplicitAny: a manifest is plain data, which each row changes in a different place.
type Loose = any;
type Undo = (find: (kind: string, name: string) => Loose, objects: Loose[]) => void;

async function undone(variant: string, undo: Undo): Promise<readonly Manifest[]> {
  const objects: Loose[] = structuredClone([...(await objectsOf(variant))]);
  const find = (kind: string, name: string) => {
    const found = objects.find((one) => one.kind === kind && one.metadata.name === name);
    if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
    return found;
  };
  undo(find, objects);
  return objects;
}

const podOf = (deployment: Loose) => deployment.spec.template.spec;
const firstOf = (deployment: Loose) => podOf(deployment).containers[0];
const setEnv = (deployment: Loose, name: string, value: string) => {
  firstOf(deployment).env.find((one: Loose) => one.name === name).value = value;
};
/** Changes a YAML file inside a ConfigMap. */
const edit = (map: Loose, file: string, change: (config: Loose) => void) => {
  const config = parse(map.data[file]);
  change(config);
  map.data[file] = stringify(config);
};
const without = (list: Loose[], text: string) => list.filter((one) => !String(one).startsWith(text));

type Line = keyof typeof SECURITY_LINES;

const DEPLOYMENTS = ['sentiment-api', 'prometheus', 'alertmanager', 'grafana'] as const;

/** Requirements for every pod, each broken in every pod. */
const OF_EVERY_POD = DEPLOYMENTS.flatMap((name): [Line, string, Undo, string][] => {
  const line = 'pods are unprivileged';
  const row = (
    what: string,
    undo: (deployment: Loose) => void,
    problem: string,
  ): [Line, string, Undo, string] => [
    line,
    `${name}: ${what}`,
    (find) => undo(find('Deployment', name)),
    problem,
  ];
  const container = (deployment: Loose) => firstOf(deployment).securityContext;
  return [
    row('root', (it) => delete podOf(it).securityContext.runAsNonRoot, 'may run as root'),
    row('user 0', (it) => (podOf(it).securityContext.runAsUser = 0), 'may run as root'),
    row('no seccomp', (it) => delete podOf(it).securityContext.seccompProfile, 'no seccomp profile'),
    row('the network of the node', (it) => (podOf(it).hostNetwork = true), 'shares a namespace'),
    row(
      'a folder of the node',
      (it) => {
        podOf(it).volumes = [...(podOf(it).volumes ?? []), { name: 'node', hostPath: { path: '/' } }];
      },
      'a folder of the node',
    ),
    row('privileged', (it) => (container(it).privileged = true), 'is privileged'),
    row('setuid programs', (it) => delete container(it).allowPrivilegeEscalation, 'may gain privileges'),
    row('a writable root', (it) => (container(it).readOnlyRootFilesystem = false), 'can write to its root'),
    row('capabilities', (it) => delete container(it).capabilities, 'keeps capabilities'),
    row('an added capability', (it) => (container(it).capabilities.add = ['NET_RAW']), 'keeps capabilities'),
    row('no limits', (it) => delete firstOf(it).resources.limits, 'has no limits'),
    row('no requests', (it) => delete firstOf(it).resources.requests, 'requests no resources'),
  ];
});

const ROWS: readonly (readonly [Line, string, Undo, string])[] = [
  ...OF_EVERY_POD,
  ...['enforce', 'audit', 'warn'].map((mode): [Line, string, Undo, string] => [
    'the namespace enforces the restricted profile',
    mode,
    (find) => {
      find('Namespace', 'sentiment-analysis').metadata.labels[`pod-security.kubernetes.io/${mode}`] =
        'baseline';
    },
    mode,
  ]),
  [
    'least RBAC',
    'a Prometheus that may read Secrets',
    (find) => find('Role', 'prometheus').rules[0].resources.push('secrets'),
    'allows to list secrets',
  ],
  [
    'least RBAC',
    'a Prometheus that may delete pods',
    (find) => find('Role', 'prometheus').rules[0].verbs.push('delete'),
    'allows to delete pods',
  ],
  [
    'least RBAC',
    'permissions in all namespaces',
    (find) => {
      find('Role', 'prometheus').kind = 'ClusterRole';
    },
    'applies to all namespaces',
  ],
  [
    'least RBAC',
    'an API server token in the pods of the service',
    (find) => {
      podOf(find('Deployment', 'sentiment-api')).automountServiceAccountToken = true;
    },
    'automountServiceAccountToken is not false',
  ],
  [
    'no default Grafana password',
    'a password in the manifest',
    (find) => setEnv(find('Deployment', 'grafana'), 'GF_SECURITY_ADMIN_PASSWORD__FILE', 'admin'),
    'does not take its password from a Secret',
  ],
  [
    'no default Grafana password',
    'an optional Secret',
    (find) => {
      podOf(find('Deployment', 'grafana')).volumes.find(
        ({ name }: Loose) => name === 'admin',
      ).secret.optional = true;
    },
    'starts without its Secret',
  ],
  [
    'no default Grafana password',
    'a missing check for an empty password',
    (find) => delete podOf(find('Deployment', 'grafana')).initContainers,
    'starts with an empty password',
  ],
  [
    'no default Grafana password',
    'anonymous access',
    (find) => setEnv(find('Deployment', 'grafana'), 'GF_AUTH_ANONYMOUS_ENABLED', 'true'),
    'allows anonymous access',
  ],
  ...(
    [
      ['GF_USERS_VIEWERS_CAN_EDIT', 'true'],
      ['GF_USERS_AUTO_ASSIGN_ORG_ROLE', 'Editor'],
      ['GF_USERS_ALLOW_SIGN_UP', 'true'],
    ] as const
  ).map(([name, value]): [Line, string, Undo, string] => [
    'dashboards are read-only for viewers',
    name,
    (find) => setEnv(find('Deployment', 'grafana'), name, value),
    name,
  ]),
  [
    'dashboards are read-only for viewers',
    'dashboards that can be changed in the browser',
    (find) =>
      edit(find('ConfigMap', 'grafana-dashboard-provider'), 'sla.yaml', (config) => {
        config.providers[0].allowUiUpdates = true;
      }),
    'lets dashboards be changed',
  ],
  [
    'dashboards are read-only for viewers',
    'an editable data source',
    (find) =>
      edit(find('ConfigMap', 'grafana-datasource'), 'prometheus.yaml', (config) => {
        config.datasources[0].editable = true;
      }),
    'is editable',
  ],
  ...(['prometheus', 'alertmanager'] as const).map((name): [Line, string, Undo, string] => [
    'Prometheus and Alertmanager require a password',
    name,
    (find) => {
      const container = firstOf(find('Deployment', name));
      container.args = without(container.args, '--web.config.file');
    },
    'requires no password',
  ]),
  [
    'Prometheus and Alertmanager require a password',
    'a flag that lets everyone with the password stop Prometheus',
    (find) => firstOf(find('Deployment', 'prometheus')).args.push('--web.enable-lifecycle'),
    '--web.enable-lifecycle',
  ],
  [
    'Prometheus and Alertmanager require a password',
    'a Prometheus that does not sign in to Alertmanager',
    (find) =>
      edit(find('ConfigMap', 'prometheus-config'), 'prometheus.yml', (config) => {
        delete config.alerting.alertmanagers[0].basic_auth;
      }),
    'does not sign in',
  ],
  [
    'Prometheus and Alertmanager require a password',
    'a Grafana that does not sign in',
    (find) =>
      edit(find('ConfigMap', 'grafana-datasource'), 'prometheus.yaml', (config) => {
        config.datasources[0].basicAuth = false;
      }),
    'does not sign in with the Secret',
  ],
  [
    'credentials are in Secrets only',
    'a Secret among the manifests',
    (_find, objects) =>
      objects.push({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x', namespace: 'y' }, data: {} }),
    'is in a manifest',
  ],
  [
    'credentials are in Secrets only',
    'a token in a variable',
    (find) =>
      firstOf(find('Deployment', 'sentiment-api')).env.push({ name: 'API_TOKENS', value: 'abcdefgh' }),
    'API_TOKENS',
  ],
  [
    'credentials are in Secrets only',
    'a password in a data source',
    (find) =>
      edit(find('ConfigMap', 'grafana-datasource'), 'prometheus.yaml', (config) => {
        config.datasources[0].secureJsonData.basicAuthPassword = 'abcdefgh';
      }),
    'basicAuthPassword',
  ],
  [
    'credentials are in Secrets only',
    'a password in an address',
    (find) => {
      const { data } = find('ConfigMap', 'prometheus-config');
      data['prometheus.yml'] += '\n# http://user:abcdefgh@prometheus:9090\n';
    },
    'an address',
  ],
  [
    'audit logs are on',
    'a missing query log',
    (find) =>
      edit(find('ConfigMap', 'prometheus-config'), 'prometheus.yml', (config) => {
        delete config.global.query_log_file;
      }),
    'queries are not logged',
  ],
  [
    'audit logs are on',
    "no log of Grafana's requests",
    (find) => setEnv(find('Deployment', 'grafana'), 'GF_SERVER_ROUTER_LOGGING', 'false'),
    'requests are not logged',
  ],
  [
    'a rotation loses no scrape',
    'a password file that is never updated',
    (find) => {
      firstOf(find('Deployment', 'prometheus')).volumeMounts[0].subPath = 'prometheus.yml';
    },
    'never updated',
  ],
  [
    'a rotation loses no scrape',
    'a password in a different volume from the web configuration',
    (find) =>
      edit(find('ConfigMap', 'prometheus-config'), 'prometheus.yml', (config) => {
        config.alerting.alertmanagers[0].basic_auth.password_file = '/etc/elsewhere/password';
      }),
    'not in the volume of the web configuration',
  ],
  [
    'a rotation loses no scrape',
    'a rollout that stops pods before new ones are ready',
    (find) => {
      find('Deployment', 'sentiment-api').spec.strategy.rollingUpdate.maxUnavailable = 1;
    },
    'fewer pods',
  ],
];

test.each(ROWS)('%s: broken by %s', async (line, _what, undo, problem) => {
  const found = SECURITY_LINES[line](await undone('k8s/', undo));
  expect(found).toEqual(expect.arrayContaining([expect.stringContaining(problem)]));
});

test('at least one row breaks each line of the checklist', () => {
  expect(new Set(ROWS.map(([line]) => line))).toEqual(new Set(Object.keys(SECURITY_LINES)));
});

test.each<[string, Undo, string]>([
  [
    'a node port',
    (find) => {
      find('Service', 'prometheus').spec.type = 'NodePort';
    },
    'Service prometheus can be reached without TLS',
  ],
  [
    'a host without a certificate',
    (find) => find('Ingress', 'sentiment').spec.tls[0].hosts.pop(),
    'grafana.sentiment.example.org has no certificate',
  ],
  [
    'a certificate that leaves a host out',
    (find) => find('Certificate', 'sentiment').spec.dnsNames.shift(),
    'Certificate sentiment is not for api.sentiment.example.org',
  ],
])('traffic from outside the cluster is encrypted: broken by %s', async (_what, undo, problem) => {
  const found = tlsOutside(await undone('production with tls-cert-manager', undo));
  expect(found).toEqual([expect.stringContaining(problem)]);
});

test.each<[string, Undo, readonly string[]]>([
  [
    'without the policy that denies all connections',
    (find, objects) => {
      objects.splice(objects.indexOf(find('NetworkPolicy', 'default-deny')), 1);
    },
    ['sentiment-api → prometheus:9090', 'alertmanager → outside:31337'],
  ],
  [
    'with a policy that lets everyone in',
    (find) => {
      find('NetworkPolicy', 'alertmanager').spec.ingress = [{}];
    },
    ['outside → alertmanager:9093'],
  ],
  [
    'with a policy that lets Prometheus out',
    (find) => find('NetworkPolicy', 'prometheus').spec.egress.push({}),
    ['prometheus → grafana:3000', 'prometheus → outside:31337'],
  ],
])('more network paths are open %s', async (_what, undo, more) => {
  const before = allowedPaths(await objectsOf('k8s/'));
  const after = allowedPaths(await undone('k8s/', undo));
  expect(after).toEqual(expect.arrayContaining([...before, ...more]));
});

test.each<[string, Undo]>([
  [
    'a volume',
    (find) => podOf(find('Deployment', 'loki')).volumes.push({ name: 'more', secret: { secretName: 'new' } }),
  ],
  [
    'a variable',
    (find) => {
      firstOf(find('Deployment', 'jaeger')).env = [
        { name: 'A', valueFrom: { secretKeyRef: { name: 'new', key: 'a' } } },
      ];
    },
  ],
  [
    'all variables',
    (find) => {
      firstOf(find('Deployment', 'alloy')).envFrom = [{ secretRef: { name: 'new' } }];
    },
  ],
  [
    'a projected volume',
    (find) =>
      podOf(find('Deployment', 'grafana')).volumes.push({
        name: 'more',
        projected: { sources: [{ secret: { name: 'new' } }] },
      }),
  ],
  [
    'a registry',
    (find) => {
      podOf(find('Deployment', 'alertmanager')).imagePullSecrets = [{ name: 'new' }];
    },
  ],
  [
    'an ingress',
    (find) => {
      find('Ingress', 'sentiment').spec.tls[0].secretName = 'new';
    },
  ],
])('a new Secret in %s is reported, because nothing creates or rotates it', async (_, undo) => {
  const problems = referenceProblems(await undone('production with all components', undo));
  expect(problems).toEqual([expect.stringContaining('nothing creates the Secret new')]);
});

test('a key that its Secret does not have is also reported for variables', async () => {
  const objects = await undone('production with all components', (find) => {
    firstOf(find('Deployment', 'victoriametrics')).env[0].valueFrom.secretKeyRef.key = 'user';
  });
  expect(referenceProblems(objects)).toEqual([
    expect.stringContaining('Secret victoriametrics-login has no key user'),
  ]);
});

test('the network paths: removing a policy closes the paths that it opened', async () => {
  const after = allowedPaths(
    await undone('k8s/', (find, objects) => {
      objects.splice(objects.indexOf(find('NetworkPolicy', 'grafana')), 1);
    }),
  );
  expect(after.filter((path) => /grafana →(?! outside:53)|→ grafana/.test(path))).toEqual([]);
});

test.each<[string, Undo, string]>([
  [
    'a Service that selects nothing',
    (find) => {
      find('Service', 'grafana').spec.selector = { app: 'grafana' };
    },
    'Service grafana selects no pod',
  ],
  [
    'a port that does not exist',
    (find) => {
      find('Service', 'prometheus').spec.ports[0].targetPort = 'web';
    },
    'no pod has the port web',
  ],
  [
    'a ConfigMap that does not exist',
    (find, objects) => {
      objects.splice(objects.indexOf(find('ConfigMap', 'grafana-dashboards')), 1);
    },
    'there is no ConfigMap grafana-dashboards',
  ],
  [
    'a Secret that nothing creates',
    (find) => {
      podOf(find('Deployment', 'alertmanager')).volumes[1].secret.secretName = 'web';
    },
    'nothing creates the Secret web',
  ],
  [
    'a scrape annotation with another port',
    (find) => {
      find('Deployment', 'sentiment-api').spec.template.metadata.annotations['prometheus.io/port'] = '8080';
    },
    'prometheus.io/port is 8080',
  ],
  [
    'replicas next to an autoscaler',
    (find) => {
      find('Deployment', 'sentiment-api').spec.replicas = 1;
    },
    'each apply would undo',
  ],
  [
    'a probe of a missing port',
    (find) => {
      firstOf(find('Deployment', 'sentiment-api')).livenessProbe.httpGet.port = 'web';
    },
    'a probe uses port web',
  ],
  [
    'no namespace',
    (find) => delete find('Service', 'grafana').metadata.namespace,
    'Service grafana has no namespace',
  ],
  [
    'an argument that names a missing file',
    (find) => {
      firstOf(find('Deployment', 'alertmanager')).args[0] =
        '--config.file=/etc/alertmanager/config/other.yml';
    },
    'has no other.yml',
  ],
])('a broken reference is reported: %s', async (_what, undo, problem) => {
  const found = referenceProblems(await undone('k8s/', undo));
  expect(found).toEqual(expect.arrayContaining([expect.stringContaining(problem)]));
});

test.each<[string, string | null, number]>([
  ['no file', null, 1],
  ['an empty password', '', 1],
  ['only white space', ' \n\n', 1],
  ["Grafana's default", 'admin\n', 1],
  ['a generated password', newSecrets()['grafana-admin'].password!, 0],
])('Grafana starts only with a password: %s', async (_what, password, code) => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'password');
  if (password !== null) writeFileSync(file, password);
  const grafana = named(workloadsOf(await objectsOf('k8s/')), 'grafana')!;
  const [check] = containersOf(grafana);
  const [shell, flag] = check!.command!;
  const result = spawnSync(shell!, [flag!, check!.args![0]!], {
    env: { ...process.env, PASSWORD_FILE: file },
  });
  expect(result.status).toBe(code);
});

test('new Secrets have the keys that the manifests mount, differ each time, and promtool accepts the web configuration', async () => {
  await using folder = await temporaryFolder();
  const made = newSecrets();
  for (const [name, keys] of Object.entries(SECRETS))
    expect(Object.keys(made[name as keyof typeof SECRETS])).toEqual(keys);
  expect(newSecrets()['grafana-admin'].password).not.toBe(made['grafana-admin'].password);
  const login = made['prometheus-login'];
  const hash = hashesIn(login['web-config.yml']!)[login.username!]!;
  expect(compareSync(login.password!, hash)).toBe(true);
  expect(login['web-config.yml']).not.toContain(login.password);
  const file = join(folder.path, 'web-config.yml');
  writeFileSync(file, login['web-config.yml']!);
  const { stderr } = spawnSync(process.env.PROMTOOL_BIN!, ['check', 'web-config', file], {
    encoding: 'utf8',
  });
  expect(stderr).toMatch(/SUCCESS/);
});

test('the base contains objects of every kind that the checks read', async () => {
  const objects = await objectsOf('k8s/');
  for (const kind of ['Namespace', 'Role', 'NetworkPolicy', 'PodDisruptionBudget', 'HorizontalPodAutoscaler'])
    expect(ofKind(objects, kind).length, kind).toBeGreaterThan(0);
});
