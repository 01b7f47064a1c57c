import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../testing/sla.ts';
import { type Manifest, parseManifests } from '../manifest.ts';
import { type Additions, render } from '../render.ts';

export const K8S = join(ROOT, 'k8s');

const TOOL_IO = { env: process.env, progress: () => {} };

export const componentNames: readonly string[] = readdirSync(join(K8S, 'components')).toSorted();
export const component = (name: string) => join(K8S, 'components', name);

/** All variants of the manifests that the repository offers. `production` already contains metrics-token. */
export const VARIANTS: Readonly<Record<string, { readonly folder: string; readonly additions: Additions }>> =
  {
    'k8s/': { folder: K8S, additions: {} },
    laptop: { folder: join(K8S, 'overlays', 'laptop'), additions: {} },
    production: { folder: join(K8S, 'overlays', 'production'), additions: {} },
    operator: { folder: join(K8S, 'overlays', 'operator'), additions: {} },
    'k8s/ with metrics-token': { folder: K8S, additions: { components: [component('metrics-token')] } },
    ...Object.fromEntries(
      componentNames
        .filter((name) => name !== 'metrics-token')
        .map((name) => [
          `production with ${name}`,
          { folder: join(K8S, 'overlays', 'production'), additions: { components: [component(name)] } },
        ]),
    ),
    'production with all components': {
      folder: join(K8S, 'overlays', 'production'),
      additions: { components: componentNames.filter((name) => name !== 'metrics-token').map(component) },
    },
  };

/** The files of k8s/monitoring in the documented order. They can be applied one by one. */
export const MONITORING_FILES: readonly string[] = [
  'prometheus-rbac',
  'prometheus-config',
  'prometheus-deployment',
  'prometheus-service',
  'grafana-datasource',
  'grafana-dashboard-config',
  'grafana-deployment',
  'grafana-service',
].map((name) => join(K8S, 'monitoring', `${name}.yaml`));

const rendered = new Map<string, Promise<readonly Manifest[]>>();

/** The objects that `kubectl apply -k` would apply for a variant. Each variant is rendered once per test file. */
export function objectsOf(variant: string): Promise<readonly Manifest[]> {
  const { folder, additions } = VARIANTS[variant]!;
  const found = rendered.get(variant) ?? render(folder, additions, TOOL_IO).then(parseManifests);
  rendered.set(variant, found);
  return found;
}
