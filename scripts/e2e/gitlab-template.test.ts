import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { ROOT, slaHere } from '../testing/sla.ts';

test('the GitLab template uses existing commands and options of the package, and only its own variables', async () => {
  const text = await readFile(join(ROOT, 'ci', 'gitlab-template.yml'), 'utf8');
  const job = parse(text)['.sla-gate'];
  const lines = [...job.script, ...job.after_script].filter((line: string) => line.includes('sla-harness '));
  expect(lines).toHaveLength(3);
  for (const line of lines as string[]) {
    const [, command] = /npx sla-harness (ci \w+|\w+)/.exec(line)!;
    const { code, stdout } = await slaHere([...command!.split(' '), '--help']);
    expect(code, line).toBe(0);
    for (const [option] of line.matchAll(/--[a-z-]+/g)) expect(stdout, line).toContain(option);
  }
  const used = [...text.matchAll(/\$\{?(SLA_\w+)/g)].map(([, name]) => name!);
  expect(used.filter((name) => !(name in job.variables))).toEqual([]);
  expect(job.artifacts.reports.junit).toBe('runs/latest/junit.xml');
});
