import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { serve } from '../testing/http-server.ts';
import { slaHere, temporaryFolder } from '../testing/sla.ts';

/** The command line warns of a run that cannot pass before anything is sent. */

const DOCUMENT = `apiVersion: sla-harness/v1
kind: SLA
name: checkout
service: { selector: { job: checkout } }
objectives:
  - id: error-rate
    title: Error rate
    ratio:
      bad: { counter: http_requests_total, where: { status: { matches: "5.." } } }
      total: { counter: http_requests_total }
    target: "< 1%"
`;
const scriptOf = (seconds: number) => `
export const options = { scenarios: { load: { executor: 'constant-arrival-rate', rate: 20, duration: '${seconds}s', preAllocatedVUs: 5 } } };
export default function () {}
`;
const WARNING =
  'warning: this run cannot pass if each iteration sends one request: objective "error-rate" (< 1%) needs at least 299 requests, and the script starts 240 iterations; at 20/s the load must last 15 s (now 12 s)\n';

async function inFolder(seconds: number, args: readonly string[]) {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, 'sla.yaml'), DOCUMENT);
  await writeFile(join(folder.path, 'load.js'), scriptOf(seconds));
  return await slaHere([...args, ...(args[0] === 'check' ? [] : ['--out', folder.path])], folder.path);
}

const SCRIPT = ['--script', 'load.js', '--sla', 'sla.yaml'];

describe('a script that is too short for the document', () => {
  test('plan warns', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'sla.yaml'), DOCUMENT);
    for (const [seconds, expected] of [
      [12, WARNING],
      [15, ''],
    ] as const) {
      await writeFile(join(folder.path, 'load.js'), scriptOf(seconds));
      expect(await slaHere(['plan', ...SCRIPT], folder.path)).toMatchObject({ code: 0, stderr: expected });
      const { stdout } = await slaHere(['plan', ...SCRIPT, '--json'], folder.path);
      expect(JSON.parse(stdout).warnings).toHaveLength(expected === '' ? 0 : 1);
    }
  });

  test('gate and run warn before the load, and continue', async () => {
    await using service = await serve((_, response) => void response.end());
    await using other = await serve((_, response) => void response.writeHead(404).end());
    for (const command of ['gate', 'run']) {
      const args = [command, ...SCRIPT, '--target', service.url, '--prometheus', other.url];
      const { code, stderr } = await inFolder(12, args);
      expect(stderr.startsWith(WARNING)).toBe(true);
      // The run ends early, because its Prometheus fails.
      expect(stderr).toContain('it does not respond like a Prometheus server');
      expect(code).toBe(4);
    }
  });

  test('check does not know the script, so it says how many requests the script must send', async () => {
    expect(await inFolder(12, ['check', 'sla.yaml'])).toEqual({
      code: 0,
      stderr: '',
      stdout:
        'sla.yaml: ok, 1 objective, 0 scenarios\nsla.yaml: a run needs at least 299 requests to decide every objective (most: "error-rate", < 1%)\n',
    });
  });
});

test('check warns of a scenario that cannot pass, and reports its position', async () => {
  await using folder = await temporaryFolder();
  const scenario =
    'scenarios:\n  quick: { description: quick, script: load.js, rate: 20/s, duration: 12s, seed: 1 }\n';
  await writeFile(join(folder.path, 'sla.yaml'), DOCUMENT + scenario);
  const { code, stdout } = await slaHere(['check', 'sla.yaml'], folder.path);
  expect(code).toBe(0);
  expect(stdout).toBe(
    'sla.yaml: ok, 1 objective, 1 scenario\nsla.yaml:13:10: warning: scenario "quick" is too short: objective "error-rate" needs 299 requests, 240 are planned; make it at least 15 s long\n',
  );
});
