import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { metricNames } from '../../dashboards/metrics.ts';
import { ROOT, temporaryFolder } from '../testing/sla.ts';
import { runCommand } from '../tools/command.ts';
import { findTool } from '../tools/find-tool.ts';
import { dataSourcesOf } from './checks/grafana.ts';
import { named, ofKind, parseManifests } from './manifest.ts';
import { K8S, objectsOf } from './testing/overlays.ts';

/** The example of a custom dashboard in docs/operations.md. */

const page = await readFile(join(ROOT, 'docs/operations.md'), 'utf8');
const section = page.slice(page.indexOf('## A panel of your own'), page.indexOf('## The four queries'));
const block = (language: string) =>
  new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(section)![1]!;

interface Dashboard {
  readonly uid: string;
  readonly panels: readonly {
    readonly datasource: { readonly uid: string };
    readonly targets: readonly { readonly expr: string }[];
  }[];
}
const dashboard = JSON.parse(block('json')) as Dashboard;

test('kustomize adds the custom dashboard to the shipped ones, and leaves those unchanged', async () => {
  await using folder = await temporaryFolder();
  const own = join(folder.path, 'own');
  await mkdir(own);
  const kustomization = parse(block('yaml')) as { resources: string[] };
  const resources = [relative(own, join(K8S, 'overlays', 'production'))];
  await writeFile(join(own, 'kustomization.yaml'), stringify({ ...kustomization, resources }));
  await writeFile(join(own, 'my-own.json'), block('json'));
  const { path } = await findTool('kustomize', { env: process.env, progress: () => {} });
  const output = join(folder.path, 'rendered.yaml');
  const args = ['build', own, '--output', output];
  expect(await runCommand(path, args, { env: process.env, limitMs: 30_000 })).toMatchObject({
    exitCode: 0,
    output: '',
  });
  const maps = (objects: Awaited<ReturnType<typeof objectsOf>>) =>
    named(ofKind(objects, 'ConfigMap'), 'grafana-dashboards')!.data!;
  const { 'my-own.json': added, ...others } = maps(parseManifests(await readFile(output, 'utf8')));
  expect(JSON.parse(added!)).toEqual(dashboard);
  expect(others).toEqual(maps(await objectsOf('production')));
});

test('its data source is provisioned, and its metrics exist', async () => {
  const sources = dataSourcesOf(await objectsOf('production')).map(({ uid }) => uid);
  const [panel] = dashboard.panels;
  expect(sources).toContain(panel!.datasource.uid);
  const [, metric] = /rate\((\w+)\[/.exec(panel!.targets[0]!.expr)!;
  expect(metricNames).toContain(metric);
});
