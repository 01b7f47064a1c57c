import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { judge } from '../../slas/judge/judge.ts';
import { renderJUnit } from '../../slas/render/junit.ts';
import { renderMarkdown } from '../../slas/render/markdown.ts';
import { readRun } from '../runs/bundle.ts';
import { sla, temporaryFolder } from '../testing/sla.ts';
import { expectVerdict, objectiveOf, outcomesOf, preconditionOf } from '../testing/verdict.ts';

/** k6 scripts that plan their own load, against the real service. They import nothing from this project. */

async function gateOf(script: string) {
  const folder = await temporaryFolder();
  const file = join(folder.path, 'shop.js');
  await writeFile(file, script);
  const gated = await sla(['gate', '--script', file, '--out', folder.path, '--json']);
  return { gated, folder, run: join(folder.path, 'latest') };
}

const PREDICT = `
  const predict = () => http.post(__ENV.SLA_TARGET + '/predict', JSON.stringify({ text: 'Works well.' }), { headers: { 'content-type': 'application/json' } });
`;

test('a script with an arrival rate passes; its thresholds and checks are rows of the table', async () => {
  const { gated, folder } = await gateOf(`
    import http from 'k6/http';
    import { check } from 'k6';
    export const options = {
      scenarios: { buy: { executor: 'constant-arrival-rate', rate: 30, duration: '12s', preAllocatedVUs: 50 } },
      thresholds: { http_req_failed: ['rate<0.01'] },
    };
    ${PREDICT}
    export default function () { check(predict(), { 'status is 200': ({ status }) => status === 200 }); }
  `);
  await using _ = folder;
  const verdict = expectVerdict(gated, (one) =>
    expect(outcomesOf(one)).toMatchObject({
      ...{ 'latency-p95': 'met', 'error-rate': 'met' },
      ...{ 'k6: http_req_failed rate<0.01': 'met', 'k6: checks': 'met' },
    }),
  );
  expect(gated.code).toBe(0);
  expect(preconditionOf(verdict, 'load-delivered')?.detail).toMatch(
    /^36[01] of 360 planned iterations completed/,
  );
  expect(preconditionOf(verdict, 'load-open')?.ok).toBe(true);
});

test.concurrent('a closed model is judged; its crossed threshold and its failed checks fail the gate, in every format', async () => {
  const { gated, folder, run } = await gateOf(`
    import http from 'k6/http';
    import { check, sleep } from 'k6';
    export const options = { vus: 2, duration: '12s', thresholds: { http_req_duration: ['p(95)<0.001'] } };
    export function setup() { return { wanted: 201 }; }
    ${PREDICT}
    export default function ({ wanted }) {
      check(predict(), { 'is created': ({ status }) => status === wanted });
      sleep(0.05);
    }
  `);
  await using _ = folder;
  const verdict = expectVerdict(gated, (one) =>
    expect(outcomesOf(one)).toMatchObject({
      ...{ 'k6: http_req_duration p(95)<0.001': 'missed', 'k6: checks': 'missed' },
    }),
  );
  expect(gated.code).toBe(1);
  expect(objectiveOf(verdict, 'k6: checks').reason).toContain('"is created"');
  expect(preconditionOf(verdict, 'load-open')).toMatchObject({ ok: null });
  const stored = await readRun(run);
  const judged = judge(stored.plan, stored.run, stored.evidence!);
  expect(renderJUnit(judged)).toContain('name="k6: http_req_duration p(95)&lt;0.001"><failure');
  expect(renderMarkdown(judged, stored.plan)).toMatch(/\| ❌ \| k6: checks \|/);
});

test.concurrent('a setup() that throws is reported with k6’s message', async () => {
  const { gated, folder } = await gateOf(`
    export const options = { vus: 1, duration: '12s' };
    export function setup() { throw new Error('no token'); }
    export default function () {}
  `);
  await using _ = folder;
  const verdict = expectVerdict(gated, () => {});
  expect(gated.code).toBe(3);
  expect(preconditionOf(verdict, 'load-delivered')?.detail).toContain('Error: no token at setup');
});
