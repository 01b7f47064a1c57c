import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, slaHere, temporaryFolder } from '../testing/sla.ts';
import { DASHBOARDS_FILE, OPERATOR_RULES_FILE, RULES_FILE } from './generated.ts';

test('./sla kubernetes generate writes the generated manifests into another folder', async () => {
  await using folder = await temporaryFolder();
  const done = await slaHere(['kubernetes', 'generate', '--out', folder.path]);
  expect(done.code).toBe(0);
  for (const file of [DASHBOARDS_FILE, RULES_FILE, OPERATOR_RULES_FILE]) {
    expect(done.stdout).toContain(file);
    expect(readFileSync(join(folder.path, file), 'utf8')).toBe(readFileSync(join(ROOT, file), 'utf8'));
  }
});

test('--runbooks changes the runbook links of the alerts in both formats of the rules', async () => {
  await using folder = await temporaryFolder();
  const args = ['kubernetes', 'generate', '--out', folder.path, '--runbooks', 'https://wiki.test/{alert}'];
  expect(await slaHere(args)).toMatchObject({ code: 0 });
  for (const file of [RULES_FILE, OPERATOR_RULES_FILE]) {
    const text = readFileSync(join(folder.path, file), 'utf8');
    const links = [...text.matchAll(/runbook_url: (\S+)/g)].map(([, link]) => link);
    expect(links.length).toBe(text.match(/ alert: /g)!.length);
    expect(links).toContain('https://wiki.test/ServiceNotScraped');
    expect(links.filter((link) => !link!.startsWith('https://wiki.test/'))).toEqual([]);
  }
});

test('an unknown rotation is refused, and the message lists the valid ones', async () => {
  const done = await slaHere(['kubernetes', 'rotate', 'everything']);
  expect(done).toMatchObject({ code: 2 });
  expect(done.stderr).toContain(
    '"everything" cannot be rotated: name one of prometheus, grafana, metrics-token, victoriametrics',
  );
});

test('without kubectl, the error says that kubectl is missing', async () => {
  const done = await slaHere(['kubernetes', 'secrets'], ROOT, {
    env: { ...process.env, KUBECTL_BIN: '/nowhere/kubectl' },
  });
  expect(done).toMatchObject({ code: 4 });
  expect(done.stderr).toContain('KUBECTL_BIN names /nowhere/kubectl, which cannot be run');
});
