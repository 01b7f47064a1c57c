import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { allocatorSettings } from '../../service/allocator.ts';
import { parseDocument } from '../../slas/document/document.ts';
import { rulesText } from '../cli/document-rules.ts';
import { SHIPPED_DOCUMENT } from '../cli/inputs.ts';
import { composeOf } from '../stack/compose.ts';
import { partsOf } from '../stack/containers/parts.ts';
import { IMAGES } from '../stack/images.ts';
import { ROOT } from '../testing/sla.ts';
import { TOOL_SPECS } from '../tools/specs.ts';

const parsed = parseDocument(readFileSync(join(ROOT, SHIPPED_DOCUMENT), 'utf8'));
if (!parsed.ok) throw new Error('the shipped document has problems');
const rules = rulesText(parsed.value, SHIPPED_DOCUMENT, ROOT);
const parts = partsOf({
  selector: parsed.value.service.selector,
  rules,
  webhookUrl: null,
  serviceEnvironment: {},
  tracing: false,
  toxiproxy: false,
  withSnapshots: false,
});

test('compose.yaml has the same parts as a stack started by the harness', async () => {
  const made = composeOf(parts, './slas/generated/sentiment-api.rules.yaml');
  await expect(made).toMatchFileSnapshot(join(ROOT, 'compose.yaml'));
});

test('dollar signs in a file reach the container unchanged', () => {
  const { configs } = parse(composeOf([{ ...parts[1]!, files: { '/etc/a.yml': '$job $$' } }], ''));
  expect(configs).toEqual({ 'prometheus-etc-a-yml': { content: '$$job $$$$' } });
});

test('the image has the same allocator settings as a service started without it', () => {
  const lines = readFileSync(join(ROOT, 'Dockerfile'), 'utf8').match(/^ENV .+$/gm)!;
  const set = Object.fromEntries(
    lines.flatMap((line) => line.slice(4).split(' ')).map((pair) => pair.split('=')),
  );
  expect(set).toMatchObject(allocatorSettings);
});

test('images and local binaries of a tool have the same version', () => {
  const version = (image: string) => image.slice(image.lastIndexOf(':') + 1).replace(/^v/, '');
  for (const name of ['k6', 'prometheus', 'alertmanager'] as const) {
    expect(version(IMAGES[name]), name).toBe(TOOL_SPECS[name].package.version);
  }
});
