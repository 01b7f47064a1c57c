import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { judge } from '../../slas/judge/judge.ts';
import { verdictDocument } from '../../slas/render/json.ts';
import { healthy } from '../../slas/testing/cases.ts';
import { temporaryFolder } from '../testing/sla.ts';
import { FILES, toJson } from './bundle.ts';
import { earlierEffects, NO_EARLIER_RUN } from './earlier-effects.ts';

test('the design effects come from the newest run of the same plan that has bounds; other runs are skipped', async () => {
  await using folder = await temporaryFolder();
  const { plan, run, evidence } = healthy();
  const write = async (id: string, files: Record<string, unknown>) => {
    await mkdir(join(folder.path, id));
    for (const [name, content] of Object.entries(files))
      await writeFile(join(folder.path, id, name), toJson(content));
  };
  expect(await earlierEffects(folder.path, plan)).toEqual(NO_EARLIER_RUN);
  const id = (minute: string) => `2026-11-01T10-${minute}-00Z-smoke-0a1b`;
  await write(id('01'), { [FILES.plan]: plan, [FILES.verdict]: verdictDocument(judge(plan, run, evidence)) });
  await write(id('02'), {
    [FILES.plan]: { ...plan, sla: { ...plan.sla, name: 'other' } },
    [FILES.verdict]: verdictDocument(judge(plan, run, evidence)),
  });
  await write(id('03'), { [FILES.plan]: 'broken' });
  const found = await earlierEffects(folder.path, plan);
  expect(found.run).toBe(id('01'));
  expect(found.effects.get('latency-p95')).toBeGreaterThanOrEqual(1);
  expect([...found.numbers.keys()]).toContain('confidence');
});
