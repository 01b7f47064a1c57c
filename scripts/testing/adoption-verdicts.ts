import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Adoption, freePort, installed, metricsUrl, type Ports, startAdopted } from './adopted.ts';
import { startPrometheusFrom } from './scraping.ts';
import { type Done, sla, temporaryFolder } from './sla.ts';
import { expectVerdict } from './verdict.ts';

/** The first run after a service's start: once healthy, once with slow responses, once with errors. */
const WORLDS = [
  { faults: {}, verdict: 'pass' },
  { faults: { SLOW: '0.1' }, verdict: 'fail' },
  { faults: { ERRORS: '0.03' }, verdict: 'fail' },
] as const;

export interface Adopted {
  readonly init: Done;
  readonly document: string;
}

/**
 * Runs `init` against the service. Then, for each case, runs the gate against a service and a Prometheus that were just
 * started.
 */
export async function expectFirstVerdicts(adoption: Adoption): Promise<Adopted> {
  const source = await installed(adoption);
  await using folder = await temporaryFolder();
  const ports: Ports = { service: await freePort(), metrics: await freePort() };
  const target = `http://127.0.0.1:${ports.service}`;
  const init = await initOf(adoption, source, ports, target, folder.path);
  expect(init.code, init.stderr).toBe(0);
  for (const [index, { faults, verdict }] of WORLDS.entries()) {
    const runs = join(folder.path, `runs-${index}`);
    await using _service = await startAdopted(adoption, source, ports, faults, folder.path);
    await using prometheus = await startPrometheusFrom(join(folder.path, 'slas', 'prometheus.yml'), runs);
    const gated = await sla(
      [
        ...['gate', '--script', 'slas/checkout.js', '--sla', 'slas/checkout.yaml', '--out', runs, '--json'],
        ...['--target', target, '--prometheus', prometheus.url],
      ],
      { cwd: folder.path },
    );
    expectVerdict(gated, (judged) => {
      const what = JSON.stringify({ ...faults, judged: shortly(judged) }, null, 1);
      expect(judged.verdict, what).toBe(verdict);
    });
    expect(gated.code).toBe(verdict === 'pass' ? 0 : 1);
    if (index === 0) await expectSameInPrometheus(prometheus.url, init, folder.path);
  }
  return { init, document: await readFile(join(folder.path, 'slas', 'checkout.yaml'), 'utf8') };
}

/** Through Prometheus, `init` finds the same metrics as at the service itself. */
async function expectSameInPrometheus(url: string, { stderr }: Done, cwd: string): Promise<void> {
  const args = ['init', '--prometheus', url, '--selector', 'job=checkout', '--out', 'again'];
  const again = await sla(args, { cwd });
  expect(again.code, again.stderr).toBe(0);
  const metricsIn = (text: string) =>
    [...text.matchAll(/^ {2}(?:library: .*|(?:requests|latency): [^ ,]+)/gm)].map(([line]) => line);
  expect(metricsIn(again.stderr)).toEqual(metricsIn(stderr));
  expect(again.stderr).toContain('scrape interval: 1 s');
}

const shortly = ({ objectives, preconditions }: ReturnType<typeof expectVerdict>) => [
  ...objectives.map(({ id, verdict, reason }) => `${id}: ${verdict}: ${reason}`),
  ...preconditions.filter(({ ok }) => ok === false).map(({ id, detail }) => `✗ ${id}: ${detail}`),
];

async function initOf(
  adoption: Adoption,
  source: string,
  ports: Ports,
  target: string,
  cwd: string,
): Promise<Done> {
  await using _service = await startAdopted(adoption, source, ports, {}, cwd);
  // Metrics libraries expose no request series before the first request.
  await fetch(`${target}/checkout`);
  return await sla(
    [
      ...['init', '--metrics', metricsUrl(adoption, ports), '--target', target, '--name', 'checkout'],
      ...['--rate', '25/s', '--duration', '14s', ...adoption.init],
    ],
    { cwd },
  );
}
