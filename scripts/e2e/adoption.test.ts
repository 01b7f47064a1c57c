import { test } from 'vitest';
import type { Adoption } from '../testing/adopted.ts';
import { expectFirstVerdicts } from '../testing/adoption-verdicts.ts';

/**
 * Node services with common instrumentation at its defaults, installed from the registry: `./sla init`, then the gate on the
 * first run after they start. Services in other languages are in adoption-languages.test.ts.
 */

const NPM = ['npm', 'install', '--no-audit', '--no-fund', '--ignore-scripts'];
const node = (name: string, more: Partial<Adoption> = {}): Adoption => ({
  name,
  install: [NPM],
  run: [process.execPath, 'server.js'],
  init: [],
  ...more,
});

test.concurrent('init adopts Express with express-prom-bundle', { timeout: 600_000 }, async ({ expect }) => {
  const { init, document } = await expectFirstVerdicts(node('express', { init: ['--route', '/checkout'] }));
  expect(init.stderr).toContain('library: express-prom-bundle');
  expect(document).toContain('counter: http_request_duration_seconds_count');
});

test.concurrent('init adopts a service with OpenTelemetry’s SDK for Node', { timeout: 600_000 }, async ({
  expect,
}) => {
  const { init, document } = await expectFirstVerdicts(
    node('otel', {
      hasMetricsPort: true,
      env: { OTEL_TRACES_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none' },
      init: ['--route', '/checkout'],
    }),
  );
  expect(init.stderr).toContain('library: OpenTelemetry');
  expect(document).toContain('isolated: except-scrapes');
});

test.concurrent('init adopts a service with a histogram in milliseconds', { timeout: 600_000 }, async ({
  expect,
}) => {
  const { document } = await expectFirstVerdicts(node('milliseconds'));
  expect(document).toContain('target: < 250ms');
});
