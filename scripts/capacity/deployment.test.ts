import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startKnownService } from '../selftest/at-limit/known-service.ts';
import { byLaw } from '../testing/law-service.ts';
import { startScraping } from '../testing/scraping.ts';
import { type TemporaryFolder, temporaryFolder } from '../testing/sla.ts';
import { awaitTargets, openDeployment, Scaling } from './deployment.ts';

/** Scaling a Deployment for a search. */

let folder: TemporaryFolder;
let program: string;
let notes: string;

/** A replacement for kubectl that notes its arguments. The Deployment has three replicas. */
const PROGRAM = `#!/bin/sh
printf '%s\\n' "$*" >>"$NOTES"
case "$*" in
  *'get deployment'*) echo '{"spec":{"replicas":3}}' ;;
  *'get horizontalpodautoscaler'*) echo "$AUTOSCALERS" ;;
  *'scale deployment'*) [ "$FORBIDDEN" = '' ] || { echo "$FORBIDDEN" >&2; exit 1; }
    case "$*" in *"$DENIED"*) [ "$DENIED" = '' ] || { echo 'Error: the server is gone' >&2; exit 1; } ;; esac ;;
  *'rollout status'*) [ "$STUCK" = '' ] || ! grep -q ' scale ' "$NOTES" || { echo 'error: timed out waiting for the condition' >&2; exit 1; } ;;
esac
`;

beforeAll(async () => {
  folder = await temporaryFolder();
  program = join(folder.path, 'my-kubectl');
  await writeFile(program, PROGRAM);
  await chmod(program, 0o755);
});
afterAll(() => folder[Symbol.asyncDispose]());

let index = 0;
function io(env: Readonly<Record<string, string>> = {}) {
  notes = join(folder.path, `notes-${index++}`);
  const said: string[] = [];
  return {
    env: { PATH: process.env.PATH!, KUBECTL_BIN: program, NOTES: notes, AUTOSCALERS: '{"items":[]}', ...env },
    signal: new AbortController().signal,
    progress: (line: string) => said.push(line),
    said,
  };
}
const calls = async () => (await readFile(notes, 'utf8')).trim().split('\n');

describe('a Deployment', () => {
  test('is scaled, awaited, and scaled back to its own number of replicas', async () => {
    const own = io();
    {
      await using deployment = await openDeployment('shop/checkout', 'prod', own);
      await deployment.scaleTo(2);
      await deployment.scaleTo(4);
    }
    expect(await calls()).toEqual([
      '--context prod --namespace shop get deployment checkout --output json',
      '--context prod --namespace shop get horizontalpodautoscaler --output json',
      '--context prod --namespace shop rollout status deployment/checkout --timeout=300s',
      '--context prod --namespace shop scale deployment checkout --replicas=2',
      '--context prod --namespace shop rollout status deployment/checkout --timeout=300s',
      '--context prod --namespace shop scale deployment checkout --replicas=4',
      '--context prod --namespace shop rollout status deployment/checkout --timeout=300s',
      '--context prod --namespace shop scale deployment checkout --replicas=3',
    ]);
    expect(own.said).toEqual([
      'scaling shop/checkout from 3 to 2 replicas',
      'scaling shop/checkout from 2 to 4 replicas',
      'scaling shop/checkout back to 3 replicas',
    ]);
  });

  test('is scaled back even if its pods do not become ready', async () => {
    const scaled = async () => {
      await using deployment = await openDeployment('shop/checkout', undefined, io({ STUCK: '1' }));
      await deployment.scaleTo(5);
    };
    await expect(scaled()).rejects.toThrow(/timed out waiting/);
    expect((await calls()).filter((one) => one.includes(' scale '))).toEqual([
      '--namespace shop scale deployment checkout --replicas=5',
      '--namespace shop scale deployment checkout --replicas=3',
    ]);
  });

  test('that cannot be scaled back is reported with the command to run', async () => {
    const own = io({ DENIED: '--replicas=3' });
    {
      await using deployment = await openDeployment('shop/checkout', 'prod', own);
      await deployment.scaleTo(1);
    }
    expect(own.said.at(-1)).toMatch(
      /^shop\/checkout was not scaled back \([^)]*the server is gone\): run kubectl --context prod --namespace shop scale deployment checkout --replicas=3$/,
    );
  });

  test('that may not be scaled is refused, and is not scaled back either', async () => {
    const own = io({ FORBIDDEN: 'Error from server (Forbidden): cannot patch resource "deployments/scale"' });
    const scaled = async () => {
      await using deployment = await openDeployment('shop/checkout', undefined, own);
      await deployment.scaleTo(2);
    };
    await expect(scaled()).rejects.toMatchObject({
      message: expect.stringMatching(/cannot patch resource "deployments\/scale"; no load was sent$/),
      nextStep:
        'ask for this permission in the namespace of shop/checkout; docs/capacity.md#replicas lists all permissions that a search needs',
    });
    expect(own.said).toEqual(['scaling shop/checkout from 3 to 2 replicas']);
    expect((await calls()).filter((one) => one.includes(' scale '))).toHaveLength(1);
  });

  test('that an autoscaler changes is refused, and not scaled', async () => {
    const item = (kind: string, name: string) => ({
      metadata: { name: 'busy' },
      spec: { scaleTargetRef: { kind, name } },
    });
    const autoscalers = (...items: readonly object[]) => ({ AUTOSCALERS: JSON.stringify({ items }) });
    await expect(
      openDeployment('shop/checkout', undefined, io(autoscalers(item('Deployment', 'checkout')))),
    ).rejects.toThrow(
      'the HorizontalPodAutoscaler busy also changes the number of replicas of checkout; no load was sent',
    );
    expect((await calls()).join()).not.toContain(' scale ');
    const others = autoscalers(item('Deployment', 'basket'), item('StatefulSet', 'checkout'));
    await using deployment = await openDeployment('shop/checkout', undefined, io(others));
    expect(deployment).toBeDefined();
  });
});

test('a Deployment is not scaled unless Prometheus already scrapes all of its pods', async () => {
  await using service = await startKnownService(byLaw({ workers: 1, workMs: 1 }));
  await using prometheus = await startScraping(service.url, 'behind-a-service', folder.path);
  const own = io();
  const asker = { url: prometheus.url, signal: AbortSignal.timeout(3_000), progress: own.progress };
  const scaled = async () => {
    await using scaling = new Scaling();
    await scaling.to(2, { deployment: 'shop/checkout' }, 'up{job="behind-a-service"}', asker, own);
  };
  await expect(scaled()).rejects.toThrow();
  expect(own.said).toEqual([
    'waiting until Prometheus scrapes exactly 3 targets of up{job="behind-a-service"}',
  ]);
  expect((await calls()).join()).not.toContain(' scale ');
});

test('a search waits until Prometheus scrapes every replica successfully, and sends nothing otherwise', async () => {
  await using service = await startKnownService(byLaw({ workers: 1, workMs: 1 }));
  await using prometheus = await startScraping(service.url, 'known', folder.path);
  const asker = { url: prometheus.url, signal: new AbortController().signal };
  await awaitTargets('up{job="known"}', 1, asker);
  await expect(awaitTargets('up{job="known"}', 2, asker, 0)).rejects.toThrow(
    'Prometheus scrapes 1 target of up{job="known"}, but 2 pods should be scraped; no load was sent',
  );
  service.isScrapable = false;
  await vi.waitFor(
    () =>
      expect(awaitTargets('up{job="known"}', 1, asker, 0)).rejects.toThrow(
        'Prometheus scrapes 0 targets of up{job="known"} and fails to scrape 1 target, but 1 pod should be scraped',
      ),
    { timeout: 10_000 },
  );
});
