import type { RunnerSettings } from './runner-settings.ts';

/**
 * The Kubernetes objects of one load, as data: an indexed Job or a TestRun of k6-operator, and the objects that its pods
 * mount.
 */

export interface LoadSpec {
  /** The name of every object. */
  readonly name: string;
  readonly namespace: string;
  /** The name of the run folder, as a label for people who inspect the cluster. */
  readonly run: string;
  readonly count: number;
  /** The arguments of k6 after `run`, except those for the segment and the script. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Whether a Secret with the load target's token is created. */
  readonly hasToken: boolean;
  readonly image: string;
  readonly settings: RunnerSettings;
  /** Kubernetes ends the pods after this time, even if the harness has been killed. */
  readonly deadlineSeconds: number;
}

export const RUN_LABEL = 'sla-harness/load';
export const RECORD = '/record';
export const ARCHIVE = 'archive.tar';
export const CONFIG = 'config.json';
/** Kubernetes deletes a finished Job after this time if the harness did not remove it. */
const KEPT_SECONDS = 300;

const SCRIPT_FOLDER = '/test';
export const configFile = `${SCRIPT_FOLDER}/${CONFIG}`;
/** The path of the archived script in the k6 container. */
export const SCRIPT_FILE = `${SCRIPT_FOLDER}/${ARCHIVE}`;

export const labelsOf = ({ name, run }: LoadSpec) => ({
  'app.kubernetes.io/managed-by': 'sla-harness',
  'app.kubernetes.io/component': 'load-generator',
  [RUN_LABEL]: name,
  'sla-harness/run': run.replace(/[^A-Za-z0-9._-]/g, '-').slice(0, 63),
});

const metadataOf = (spec: LoadSpec) => ({
  name: spec.name,
  namespace: spec.namespace,
  labels: labelsOf(spec),
});

/** Selects the pods of a load. */
export const selectorOf = (name: string) => `${RUN_LABEL}=${name}`;

// ---------------------------------------------------------------------------------------------- mounted objects

export interface Owner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

/** Kubernetes removes these objects with their owner, even if the harness is killed. */
export function mountedObjects(
  spec: LoadSpec,
  owner: Owner,
  archive: Buffer,
  token: string | null,
): readonly object[] {
  const metadata = { ...metadataOf(spec), ownerReferences: [owner] };
  return [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata,
      data: { [CONFIG]: '{}\n' },
      binaryData: { [ARCHIVE]: archive.toString('base64') },
    },
    ...(token === null ? [] : [{ apiVersion: 'v1', kind: 'Secret', metadata, stringData: { token } }]),
  ];
}

// ---------------------------------------------------------------------------------------------- containers

/**
 * All load generators start k6 at the same second, which the harness writes to a file shortly before. The shell's last
 * argument is `k6`: `exec` replaces the shell with k6, so that k6 receives the pod's signals.
 */
const BEGIN = `
until [ -s ${RECORD}/start ]; do sleep 0.1; done
at=$(cat ${RECORD}/start)
while [ "$(date +%s)" -lt "$at" ]; do sleep 0.02; done
`;
const SEGMENT = `
segment=$(echo $SLA_SEGMENTS | cut -d' ' -f$((JOB_COMPLETION_INDEX + 1)))
set -- "$@" --execution-segment "$segment" --execution-segment-sequence "$SLA_SEQUENCE"
`;

/** Writes the arguments of k6 to a file, so that the harness can compare them with the plan. */
const REPORT = `
printf '%s\\n' "$@" >${RECORD}/arguments.new; mv ${RECORD}/arguments.new ${RECORD}/arguments
`;

const beginScript = (count: number) =>
  `${count === 1 ? '' : SEGMENT}${REPORT}${BEGIN}exec k6 "$@" ${SCRIPT_FILE} >${RECORD}/k6.log 2>&1`;

/**
 * Keeps the record readable after k6 has ended, until the harness removes all pods together. If a pod with a failed k6 ended
 * first, its Job would fail. Kubernetes would then delete the other pods with their records.
 */
const HOLD = `trap '' TERM; : >>${RECORD}/samples.csv; while :; do sleep 1; done`;

export const RESTRICTED = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
} as const;

/** The user id in the official k6 image. */
const USER = 12345;

export const POD_SECURITY = {
  runAsNonRoot: true,
  runAsUser: USER,
  runAsGroup: USER,
  fsGroup: USER,
  seccompProfile: { type: 'RuntimeDefault' },
} as const;

const RECORD_MOUNT = { name: 'record', mountPath: RECORD };
const RECORD_VOLUME = { name: 'record', emptyDir: {} };

export interface Segments {
  readonly each: readonly string[];
  readonly sequence: string;
}

export function segmentsFor(count: number): Segments {
  const edge = (at: number) => (at === 0 ? '0' : at === count ? '1' : `${at}/${count}`);
  const edges = Array.from({ length: count + 1 }, (_, at) => edge(at));
  return {
    each: Array.from({ length: count }, (_, at) => `${edges[at]}:${edges[at + 1]}`),
    sequence: edges.join(','),
  };
}

const variables = (values: Readonly<Record<string, string>>) =>
  Object.entries(values).map(([name, value]) => ({ name, value }));

/** The operator's variables come first, so that the harness's own variables override them. */
function environmentFor({ name, env, hasToken, settings }: LoadSpec): readonly object[] {
  const token = { name: 'SLA_TARGET_TOKEN', valueFrom: { secretKeyRef: { name, key: 'token' } } };
  return [...(settings.env ?? []), ...variables(env), ...(hasToken ? [token] : [])];
}

const given = <T extends object>(values: T) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

export const podPlacement = (settings: RunnerSettings) =>
  given({
    imagePullSecrets: settings.imagePullSecrets,
    nodeSelector: settings.nodeSelector,
    tolerations: settings.tolerations,
    affinity: settings.affinity,
    topologySpreadConstraints: settings.topologySpreadConstraints,
    serviceAccountName: settings.serviceAccountName,
    priorityClassName: settings.priorityClassName,
  });

const DEFAULT_RESOURCES = { requests: { cpu: '100m', memory: '128Mi' } };

// ---------------------------------------------------------------------------------------------- an indexed Job

/** Kubernetes never replaces a failed load generator, because a second attempt would send additional load. */
export function jobOf(spec: LoadSpec): object {
  const { each, sequence } = segmentsFor(spec.count);
  const { settings } = spec;
  const common = {
    image: spec.image,
    ...given({ imagePullPolicy: settings.imagePullPolicy }),
    securityContext: RESTRICTED,
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: metadataOf(spec),
    spec: {
      completionMode: 'Indexed',
      completions: spec.count,
      parallelism: spec.count,
      backoffLimit: 0,
      activeDeadlineSeconds: spec.deadlineSeconds,
      ttlSecondsAfterFinished: KEPT_SECONDS,
      template: {
        metadata: {
          labels: { ...settings.labels, ...labelsOf(spec) },
          ...given({ annotations: settings.annotations }),
        },
        spec: {
          restartPolicy: 'Never',
          automountServiceAccountToken: false,
          securityContext: POD_SECURITY,
          ...podPlacement(settings),
          ...(settings.hostNetwork === true ? { hostNetwork: true } : {}),
          containers: [
            {
              name: 'k6',
              ...common,
              command: ['sh', '-c', beginScript(spec.count), 'k6', 'run', ...spec.args],
              env: [
                ...environmentFor(spec),
                ...variables({ SLA_SEGMENTS: each.join(' '), SLA_SEQUENCE: sequence }),
              ],
              ...given({ envFrom: settings.envFrom }),
              resources: settings.resources ?? DEFAULT_RESOURCES,
              volumeMounts: [RECORD_MOUNT, { name: 'script', mountPath: SCRIPT_FOLDER, readOnly: true }],
            },
            {
              name: 'record',
              ...common,
              command: ['sh', '-c', HOLD],
              resources: { requests: { cpu: '10m', memory: '16Mi' } },
              volumeMounts: [RECORD_MOUNT],
            },
          ],
          volumes: [RECORD_VOLUME, { name: 'script', configMap: { name: spec.name } }],
        },
      },
    },
  };
}

// ---------------------------------------------------------------------------------------------- k6-operator

/** k6-operator adds the segment and the script, starts every k6 paused, and then starts the load on all of them together. */
export function testRunOf(spec: LoadSpec): object {
  const { settings } = spec;
  const pod = {
    image: spec.image,
    ...given({ imagePullPolicy: settings.imagePullPolicy }),
    ...podPlacement(settings),
    automountServiceAccountToken: 'false',
    securityContext: POD_SECURITY,
    containerSecurityContext: RESTRICTED,
    env: environmentFor(spec),
    ...given({ envFrom: settings.envFrom }),
    resources: settings.resources ?? DEFAULT_RESOURCES,
  };
  return {
    apiVersion: 'k6.io/v1alpha1',
    kind: 'TestRun',
    metadata: metadataOf(spec),
    spec: {
      parallelism: spec.count,
      // k6's progress output reports how many iterations were interrupted.
      quiet: 'false',
      script: { configMap: { name: spec.name, file: ARCHIVE } },
      arguments: [...spec.args, '--log-output', `file=${RECORD}/k6.log`].join(' '),
      // k6 has just archived this script, so the operator need not validate it again.
      initializer: { ...pod, disabled: true },
      runner: {
        ...pod,
        metadata: {
          labels: { ...settings.labels, ...labelsOf(spec) },
          ...given({ annotations: settings.annotations }),
        },
        volumes: [RECORD_VOLUME],
        volumeMounts: [RECORD_MOUNT],
        initContainers: [
          {
            name: 'record',
            image: spec.image,
            command: ['sh', '-c', HOLD],
            volumeMounts: [RECORD_MOUNT],
            restartPolicy: 'Always',
          },
        ],
      },
    },
  };
}
