/** The kinds of findings, and the sections of docs/runbooks/Kubernetes.md that explain them. */
export const SECTIONS = {
  'deployment-missing': 'deployments',
  'pods-refused': 'deployments',
  'pod-unschedulable': 'pods',
  'pod-not-ready': 'pods',
  'container-not-created': 'pods',
  'out-of-memory': 'restarts',
  restarts: 'restarts',
  'image-not-pulled': 'images',
  'service-missing': 'services',
  'service-without-endpoints': 'services',
  'annotation-missing': 'annotations',
  'annotation-wrong-port': 'annotations',
  'prometheus-unreachable': 'prometheus',
  'prometheus-unauthorized': 'prometheus',
  'target-absent': 'target-absent',
  'target-down': 'target-down',
  'scrape-unauthorized': 'scrape-credentials',
  'secret-missing': 'secrets',
  'cpu-throttled': 'throttled-cpu',
  'autoscaler-at-maximum': 'autoscaler',
  'autoscaler-without-metrics': 'autoscaler',
  'path-denied': 'network-policies',
  'monitor-missing': 'prometheus-operator',
  'monitor-wrong-port': 'prometheus-operator',
  'monitor-not-selected': 'prometheus-operator',
  'rules-missing': 'prometheus-operator',
  'alert-firing': 'alerts',
} as const;

export type FindingCode = keyof typeof SECTIONS;

export interface Finding {
  readonly code: FindingCode;
  /** The affected object, for example `pod sentiment-api-7d9c`. */
  readonly object: string;
  readonly what: string;
  readonly nextStep: string;
  /** A separate runbook page, which replaces the section. */
  readonly page?: string;
}

export const RUNBOOKS = 'docs/runbooks';

export const runbookOf = ({ code, page }: Finding): string =>
  page ?? `${RUNBOOKS}/Kubernetes.md#${SECTIONS[code]}`;

/** The findings of a check, or why the check could not be made. */
export type Checked =
  | { readonly kind: 'checked'; readonly what: string; readonly findings: readonly Finding[] }
  | { readonly kind: 'unchecked'; readonly what: string; readonly why: string };
