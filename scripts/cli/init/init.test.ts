import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseDocument } from '../../../slas/document/document.ts';
import { EXPOSED } from '../../../slas/testing/exposed-libraries.ts';
import { serve } from '../../testing/http-server.ts';
import { type Done, slaHere, temporaryFolder } from '../../testing/sla.ts';
import { TOOL_SPECS } from '../../tools/specs.ts';

interface Tried extends Done {
  readonly files: (name: string) => Promise<string>;
}

/** Runs `./sla init` in an empty folder against a server that exposes this text. */
async function initOf(text: string, args: readonly string[], use: (tried: Tried) => Promise<void>) {
  await using folder = await temporaryFolder();
  await using server = await serve((_, response) => void response.end(text));
  const done = await slaHere(['init', '--metrics', `${server.url}/metrics`, ...args], folder.path);
  await use({ ...done, files: (name) => readFile(join(folder.path, name), 'utf8') });
}

describe('./sla init', () => {
  test.each(Object.entries(EXPOSED))('writes a document that check accepts: %s', async (_, text) => {
    await initOf(text, ['--name', 'orders'], async ({ code, files, stderr }) => {
      expect(stderr).toMatch(/^What I chose, and why:/);
      expect(code).toBe(0);
      const parsed = parseDocument(await files('slas/orders.yaml'));
      expect(parsed.ok ? [] : parsed.error).toEqual([]);
      expect(await files('slas/orders.js')).toContain('constant-arrival-rate');
    });
  });

  test('a route, limits and a load are taken from the options', async () => {
    const args = [
      '--name',
      'orders',
      '--p95',
      '500ms',
      '--p99',
      '1s',
      '--errors',
      '0.5%',
      '--rate',
      '50/s',
      '--duration',
      '45s',
    ];
    await initOf(EXPOSED['prom-client']!, args, async ({ files }) => {
      const document = parse(await files('slas/orders.yaml'));
      expect(document.objectives.map((one: { target: string }) => one.target)).toEqual([
        '< 500ms',
        '< 1s',
        '< 0.5%',
      ]);
      expect(document.objectives[0].latency).toMatchObject({
        where: { route: '/orders/:id', status: { matches: '2..' } },
        client: '/orders/:id',
      });
      const script = await files('slas/orders.js');
      expect(script).toContain('rate: 50,');
      expect(script).toContain("duration: '45s'");
      expect(script).toContain("tags: { name: '/orders/:id' }");
    });
  });

  test('a limit that is not an edge is written with a warning, and the line that adds the edge', async () => {
    await initOf(EXPOSED['prom-client']!, ['--p95', '200ms'], async ({ code, stderr }) => {
      expect(code).toBe(0);
      expect(stderr).toContain('warning: "< 200ms" is not a bucket edge of http_request_duration_seconds');
      expect(stderr).toContain('0.1, 0.2, 0.25');
    });
  });

  test('without a terminal and without an address, it says which options it needs', async () => {
    await using folder = await temporaryFolder();
    const { code, stderr } = await slaHere(['init'], folder.path);
    expect(code).toBe(2);
    expect(stderr).toContain('--metrics: name the metrics of the service');
  });

  test('existing files are replaced with --force only', async () => {
    await using folder = await temporaryFolder();
    await using server = await serve((_, response) => void response.end(EXPOSED['prom-client']));
    await mkdir(join(folder.path, 'slas'));
    const file = join(folder.path, 'slas', 'orders.yaml');
    await writeFile(file, 'mine');
    const args = ['init', '--metrics', `${server.url}/metrics`, '--name', 'orders'];
    const refused = await slaHere(args, folder.path);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('slas/orders.yaml already exists, and nothing was written');
    expect(await readFile(file, 'utf8')).toBe('mine');
    expect((await slaHere([...args, '--force'], folder.path)).code).toBe(0);
    expect(await readFile(file, 'utf8')).toContain('kind: SLA');
  });

  test('a service that shows no requests yet is distinguished from one that has no metrics', async () => {
    await initOf('# TYPE up gauge\nup 1\n', [], async ({ code, stderr }) => {
      expect(code).toBe(2);
      expect(stderr).toContain('metrics clients expose them only after the first request');
    });
    await initOf('<html></html>', [], async ({ stderr }) => expect(stderr).toContain('has no metrics'));
  });

  test('requests that are counted while its metrics are read are scrapes, or come from other clients', async () => {
    for (const [step, expected] of [
      [1, 'counts the scrapes of its metrics'],
      [7, 'other clients sent requests'],
    ] as const) {
      await using folder = await temporaryFolder();
      let count = 10;
      await using server = await serve((_, response) => {
        count += step;
        response.end(`# TYPE http_requests_total counter\nhttp_requests_total{code="200"} ${count}\n`);
      });
      const { stderr } = await slaHere(['init', '--metrics', `${server.url}/metrics`], folder.path);
      expect(stderr).toContain(expected);
      const document = await readFile(join(folder.path, 'slas', 'my-service.yaml'), 'utf8');
      expect(document).toContain(step === 1 ? 'isolated: except-scrapes' : 'isolated: false');
    }
  });

  test('metrics without a Content-Type are scraped by a fallback, and init says so', async () => {
    await initOf(EXPOSED['prom-client']!, ['--name', 'orders'], async ({ stderr, files }) => {
      expect(stderr).toContain('the metrics have no Content-Type');
      expect(await files('slas/prometheus.yml')).toContain('fallback_scrape_protocol: PrometheusText0.0.4');
    });
  });

  test('without buckets, the clock of the client alone judges the latency', async () => {
    await initOf(EXPOSED.micrometer!, ['--name', 'orders', '--p99', '1s'], async ({ stderr, files }) => {
      expect(stderr).toContain('p95: under 200ms, by the clock of k6 alone; change it with --p95');
      const { objectives } = parse(await files('slas/orders.yaml'));
      expect(objectives.slice(0, 2)).toEqual([
        {
          id: 'latency-p95',
          title: '95% of responses within',
          latency: { client: '/orders/:id', percentile: 95 },
          target: '< 200ms',
        },
        {
          id: 'latency-p99',
          title: '99% of responses within',
          latency: { client: '/orders/:id', percentile: 99 },
          target: '< 1s',
        },
      ]);
      expect(await files('slas/orders.js')).not.toContain('thresholds');
    });
  });

  test('a native histogram is judged as one', async () => {
    const native = [
      '# TYPE http_requests_total counter',
      'http_requests_total{code="200",path="/orders"} 7',
      '# TYPE http_request_duration_seconds histogram',
      'http_request_duration_seconds_bucket{path="/orders",le="+Inf"} 7',
      'http_request_duration_seconds_sum{path="/orders"} 0.07',
      'http_request_duration_seconds_count{path="/orders"} 7',
      '',
    ].join('\n');
    await initOf(native, ['--name', 'orders'], async ({ stderr, files }) => {
      expect(stderr).toContain('latency: http_request_duration_seconds, a native histogram');
      const { service, objectives } = parse(await files('slas/orders.yaml'));
      expect(service.nativeHistograms).toEqual(['http_request_duration_seconds']);
      expect(objectives[0].latency).toMatchObject({
        histogram: 'http_request_duration_seconds',
        percentile: 95,
      });
      expect(await files('slas/prometheus.yml')).toContain('scrape_native_histograms: true');
    });
  });

  test('on a terminal, it asks for what the options leave open', async () => {
    await using folder = await temporaryFolder();
    await using server = await serve((_, response) => void response.end(EXPOSED['prom-client']));
    const asked: string[] = [];
    const answers = [`${server.url}/metrics`, 'orders', '/health', '500ms', '', 'none'];
    const ask = async (question: string, otherwise: string) => {
      asked.push(question);
      return answers[asked.length - 1] || otherwise;
    };
    expect((await slaHere(['init'], folder.path, { ask })).code).toBe(0);
    expect(asked).toEqual([
      'Address of the metrics of your service (empty: ask a Prometheus)',
      'Name of the service',
      'Route to judge (/orders/:id, /health)',
      'Limit of the 95th percentile (empty: chosen from the metrics)',
      'Your k6 script (empty: write one)',
      'CI workflow: github, gitlab or none',
    ]);
    const document = await readFile(join(folder.path, 'slas', 'orders.yaml'), 'utf8');
    expect(document).toContain('client: /health');
    expect(document).toContain('target: < 500ms');
  });

  test('a route that was never counted is refused, and the counted ones are listed', async () => {
    await initOf(EXPOSED['prom-client']!, ['--route', '/order'], async ({ code, stderr }) => {
      expect(code).toBe(2);
      expect(stderr).toContain(
        'no request of "/order" has been counted yet: send one, or name a route that has requests (/orders/:id, /health)',
      );
    });
  });

  test('a workflow for the CI system, and a reference to an existing script', async () => {
    const args = ['--name', 'orders', '--script', 'load/shop.js', '--ci', 'github'];
    await initOf(EXPOSED['prom-client']!, args, async ({ files, stdout, stderr }) => {
      const workflow = await files('.github/workflows/sla.yml');
      expect(parse(workflow).jobs.gate.steps.length).toBeGreaterThan(4);
      expect(workflow).toMatch(
        /npx --yes sla-harness@\d+\.\d+\.\d+ gate --script load\/shop\.js --sla slas\/orders\.yaml/,
      );
      expect(workflow).toContain('pinned below to the version that wrote this file');
      expect(workflow).toContain(`prom/prometheus:v${TOOL_SPECS.prometheus.package.version}`);
      expect(workflow).not.toContain('npm ci');
      expect(stdout).not.toContain('orders.js');
      expect(stderr).toContain(
        './sla gate --script load/shop.js --sla slas/orders.yaml --target http://127.0.0.1:',
      );
    });
    await initOf(EXPOSED['prom-client']!, ['--ci', 'gitlab'], async ({ files }) => {
      expect(parse(await files('slas/gitlab-ci.yml'))['sla-gate'].script).toHaveLength(2);
    });
  });

  test('a workflow for a project that has the gate as a dependency uses that', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'package.json'), '{ "devDependencies": { "sla-harness": "0.1.0" } }');
    await using server = await serve((_, response) => void response.end(EXPOSED['prom-client']));
    for (const [system, file] of [
      ['github', '.github/workflows/sla.yml'],
      ['gitlab', 'slas/gitlab-ci.yml'],
    ] as const) {
      const args = ['init', '--metrics', `${server.url}/metrics`, '--ci', system, '--force'];
      expect((await slaHere(args, folder.path)).code).toBe(0);
      const workflow = await readFile(join(folder.path, file), 'utf8');
      expect(workflow).toContain('npm ci');
      expect(workflow).toContain('npx --no sla-harness gate');
      expect(workflow).toContain('pinned by your package-lock.json');
    }
  });

  test.each([
    [['--metrics', 'localhost'], '--metrics: "localhost" is not a valid http address'],
    [['--prometheus', 'http://127.0.0.1:1'], '--selector: name the labels of the service'],
    [['--prometheus', 'http://127.0.0.1:1', '--selector', 'checkout'], '"checkout" is not a list of labels'],
    [
      ['--metrics', 'http://127.0.0.1:1/metrics', '--ci', 'jenkins'],
      '--ci: "jenkins" is not a known CI system',
    ],
    [['--metrics', 'http://127.0.0.1:1/metrics', '--rate', 'x'], '--rate: "x" is not a valid rate'],
    [
      ['--metrics', 'http://127.0.0.1:1/metrics', '--duration', 'x'],
      '--duration: "x" is not a valid duration',
    ],
  ])('%j is refused', async (args, message) => {
    await using folder = await temporaryFolder();
    const { code, stderr } = await slaHere(['init', ...args], folder.path);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  test('a service that does not respond is an error of the environment', async () => {
    await using folder = await temporaryFolder();
    const { code, stderr } = await slaHere(['init', '--metrics', 'http://127.0.0.1:1/metrics'], folder.path);
    expect(code).toBe(4);
    expect(stderr).toMatch(/cannot be read: .*\nnext: check that the service is running/);
  });
});
