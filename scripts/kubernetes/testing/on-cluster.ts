import { execFile } from 'node:child_process';
import { expect, vi } from 'vitest';
import { definitionsOf } from '../../stack/kube-node/definitions.ts';

/** The cluster that `./sla test --kubernetes` provides. */

export const TOOL_IO = { env: process.env, progress: () => {} };

export interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const OUTPUT_BYTES = 64 * 2 ** 20;

/** Runs kubectl. A failure is returned as an exit code, not thrown. */
export const tryKubectl = (args: readonly string[], input = '', limitMs = 120_000): Promise<Answer> =>
  new Promise((resolve) => {
    const options = { timeout: limitMs, maxBuffer: OUTPUT_BYTES };
    const child = execFile('kubectl', [...args], options, (error, stdout, stderr) =>
      resolve({
        code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1,
        stdout,
        stderr: stderr || (error?.message ?? ''),
      }),
    );
    child.stdin?.end(input);
  });

/** Returns the standard output of kubectl, which must succeed. */
export async function kubectl(args: readonly string[], input?: string, limitMs?: number): Promise<string> {
  const { code, stdout, stderr } = await tryKubectl(args, input, limitMs);
  expect(code, `kubectl ${args.join(' ')}: ${stderr}`).toBe(0);
  return stdout;
}

/** Applies manifests, or validates them with `--dry-run=server`. A warning from the server is a failure. */
export async function applied(args: readonly string[], input?: string): Promise<void> {
  const { code, stderr } = await tryKubectl(['apply', '--warnings-as-errors', ...args], input);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
}

/** Installs custom resource definitions until they are disposed of. */
export async function define(
  project: Parameters<typeof definitionsOf>[0],
  isWanted: (file: string) => boolean,
): Promise<AsyncDisposable> {
  const files = (await definitionsOf(project, TOOL_IO)).filter(isWanted);
  const named = files.flatMap((file) => ['--filename', file]);
  await kubectl(['apply', '--server-side', '--force-conflicts', ...named]);
  // For a definition without conditions, `kubectl wait` fails instead of waiting.
  const established = () => kubectl(['wait', '--for=condition=Established', '--timeout=10s', ...named]);
  await vi.waitFor(established, { timeout: 40_000, interval: 500 });
  return {
    [Symbol.asyncDispose]: async () => {
      await tryKubectl(['delete', '--ignore-not-found', ...named]);
    },
  };
}
