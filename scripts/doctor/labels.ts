import type { LabelSelector, Labels, Pod, Service } from './objects.ts';
import type { Read } from './reader.ts';

/** The object names that the documented commands use. */
export const API = 'sentiment-api';
export const PROMETHEUS = 'prometheus';
export const GRAFANA = 'grafana';
export const ALERTMANAGER = 'alertmanager';

const isSelected = (wanted: Labels, labels: Labels = {}) =>
  Object.entries(wanted).every(([name, value]) => labels[name] === value);

/**
 * An empty selector selects everything. So does an absent one here; callers that need a different meaning must check for it.
 */
export function matches(
  { matchLabels = {}, matchExpressions = [] }: LabelSelector,
  labels: Labels = {},
): boolean {
  return (
    isSelected(matchLabels, labels) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      switch (operator) {
        case 'In':
          return value !== undefined && values.includes(value);
        case 'NotIn':
          return value === undefined || !values.includes(value);
        case 'Exists':
          return value !== undefined;
        case 'DoesNotExist':
          return value === undefined;
        default:
          return false;
      }
    })
  );
}

export const podsOf = ({ spec: { selector } }: Service, pods: readonly Pod[]): readonly Pod[] =>
  selector === undefined || Object.keys(selector).length === 0
    ? []
    : pods.filter(({ metadata }) => isSelected(selector, metadata.labels));

/** The pods behind a service of the stack; none if the service or the pods could not be read. */
export function podsBehind(
  name: string,
  { services, pods }: { readonly services: Read<readonly Service[]>; readonly pods: Read<readonly Pod[]> },
): readonly Pod[] {
  if (!services.ok || !pods.ok) return [];
  const service = services.value.find(({ metadata }) => metadata.name === name);
  return service === undefined ? [] : podsOf(service, pods.value).filter(isCurrent);
}

/** Excludes pods that are being deleted or have finished. */
export const isCurrent = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined && status.phase !== 'Succeeded' && status.phase !== 'Failed';

export const isReady = ({ status }: Pod): boolean =>
  status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false;
