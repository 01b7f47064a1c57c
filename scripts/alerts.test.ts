import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseDocument } from '../slas/document.ts';
import { renderRules } from '../slas/render/rules.ts';
import { rulesOf } from '../slas/rules.ts';
import { SHIPPED_DOCUMENT } from './inputs.ts';
import { startLocalStack } from './stack/local.ts';
import { ROOT, temporaryFolder } from './testing/sla.ts';

/** The rules in a real Prometheus over the real service: silent while it is well, firing while it refuses, and silent again. */

const PATIENCE = { timeout: 60_000, interval: 250 };
const TEXTS = ['A joy to use, and it arrived early.', 'It broke on the first day. Never again.'];

async function predict(url: string, text: string): Promise<number> {
  const response = await fetch(`${url}/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text }),
    signal: AbortSignal.timeout(10_000),
  });
  await response.arrayBuffer();
  return response.status;
}

/** Sends until it is disposed of, one burst after the other: `atOnce` requests, then a pause. */
function traffic(url: string, { atOnce, everyMs, text }: Burst): AsyncDisposable {
  let isOver = false;
  const done = (async () => {
    for (let number = 0; !isOver; number++) {
      const burst = Array.from({ length: atOnce }, (_, index) => predict(url, text(number + index)));
      await Promise.allSettled([...burst, new Promise((resolve) => setTimeout(resolve, everyMs))]);
    }
  })();
  return {
    [Symbol.asyncDispose]: async () => {
      isOver = true;
      await done;
    },
  };
}

interface Burst {
  readonly atOnce: number;
  readonly everyMs: number;
  readonly text: (number: number) => string;
}

const ordinary: Burst = { atOnce: 1, everyMs: 50, text: (number) => TEXTS[number % 2]! };
const tooMany: Burst = { atOnce: 60, everyMs: 100, text: (number) => TEXTS[number % 2]!.repeat(20) };

async function ask(prometheusUrl: string, query: string) {
  const url = `${prometheusUrl}/api/v1/query?query=${encodeURIComponent(query)}`;
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  const { data } = (await response.json()) as {
    data: { result: { metric: Record<string, string>; value: [number, string] }[] };
  };
  return data.result;
}

/** But for those of the model: the first scrapes may have seen it loading, and they say so. */
const firing = async (prometheusUrl: string) =>
  (await ask(prometheusUrl, 'ALERTS{alertstate="firing",objective!="model-uptime"}')).map(
    ({ metric }) => metric.alertname,
  );

test('an alert fires while the service refuses, and ends when it answers again', {
  timeout: 240_000,
}, async () => {
  const parsed = parseDocument(readFileSync(join(ROOT, SHIPPED_DOCUMENT), 'utf8'));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { document } = parsed;
  await using folder = await temporaryFolder();
  await using stack = await startLocalStack({
    root: ROOT,
    // A queue that is soon full: what does not fit is refused with 503.
    env: { ...process.env, SERVICE_WORKERS: '1', QUEUE_LIMIT: '4', MAX_BATCH_TEXTS: '4' },
    prometheusPath: process.env.PROMETHEUS_BIN!,
    selector: document.service.selector,
    folder: folder.path,
    signal: new AbortController().signal,
    rules: renderRules(rulesOf(document, { windowSeconds: 10, forSeconds: 2 }), SHIPPED_DOCUMENT),
  });
  const { serviceUrl, prometheusUrl } = stack;
  {
    await using _ = traffic(serviceUrl, ordinary);
    // The window is full of good answers, by the very series that the alert looks at.
    const share = 'sla:bad_share:over10s{objective="error-rate",threshold="alert"}';
    const counted = 'sum(increase(http_requests_total{handler="/predict",status="200"}[10s])) > 100';
    await expect.poll(async () => (await ask(prometheusUrl, counted)).length, PATIENCE).toBe(1);
    expect((await ask(prometheusUrl, share)).map(({ value }) => value[1])).toEqual(['0']);
    expect(await firing(prometheusUrl)).toEqual([]);
  }
  {
    await using _ = traffic(serviceUrl, tooMany);
    await expect.poll(() => firing(prometheusUrl), PATIENCE).toContain('HighErrorRate');
  }
  const [refusals] = await ask(prometheusUrl, 'sum(sentiment_errors_total{error_type="overloaded"})');
  expect(Number(refusals?.value[1])).toBeGreaterThan(10);
  {
    await using _ = traffic(serviceUrl, ordinary);
    await expect.poll(() => firing(prometheusUrl), PATIENCE).not.toContain('HighErrorRate');
  }
});
