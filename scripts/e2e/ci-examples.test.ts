import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseDocument } from '../../slas/document/document.ts';
import { SHIPPED_DOCUMENT } from '../cli/inputs.ts';
import { ROOT, slaHere } from '../testing/sla.ts';

/** The CI examples use existing commands, options and scenarios. */

const text = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const parsed = parseDocument(text(SHIPPED_DOCUMENT));
const known = parsed.ok ? parsed.value.scenarios.map(({ name }) => name) : [];

/** Every launcher command line in a YAML file, without the quotes around its arguments. */
const commandsIn = (file: string) =>
  [...text(file).matchAll(/(?:run:|-) (\.\/sla [^\n]+)$/gm)].map(([, line]) => line!.split(' ').slice(1));

describe.each(['ci/github-actions.yml', 'ci/gitlab-ci.yml'])('%s', (file) => {
  test('is YAML, and uses the launcher for gate, check and rules', () => {
    expect(parse(text(file))).toBeTypeOf('object');
    expect(new Set(commandsIn(file).map(([command]) => command))).toEqual(
      new Set(['check', 'gate', 'rules']),
    );
  });

  test('uses existing options', async () => {
    for (const [command, ...args] of commandsIn(file)) {
      const { stdout } = await slaHere([command!, '--help']);
      for (const option of args.filter((arg) => arg.startsWith('--'))) expect(stdout).toContain(option);
    }
  });

  test('uses existing scenarios', () => {
    const listed = /(?:scenario|SCENARIO): \[([^\]]+)\]/.exec(text(file))![1]!.split(', ');
    expect(listed.filter((name) => !known.includes(name))).toEqual([]);
    expect(text(file)).toContain('--scenario smoke');
  });
});
