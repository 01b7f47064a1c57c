import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SHIPPED_DOCUMENT } from '../cli/inputs.ts';
import { FILES, toJson } from '../runs/bundle.ts';
import { runFiles } from '../runs/run-record.ts';
import { seal } from '../runs/seal.ts';
import { MATRIX } from '../selftest/matrix.ts';
import { recordingOf } from '../selftest/recorded.ts';
import { ROOT, slaHere, temporaryFolder } from '../testing/sla.ts';

/**
 * The required confidence is set in the reviewed document: a command line may raise it, but never lower it.
 */

async function documentWith(folder: string, confidence: number): Promise<string> {
  const text = await readFile(join(ROOT, SHIPPED_DOCUMENT), 'utf8');
  const file = join(folder, 'sla.yaml');
  await writeFile(file, text.replace('\nobjectives:\n', `\nconfidence: ${confidence}\nobjectives:\n`));
  return file;
}

describe("a confidence below the document's is rejected", () => {
  const window = ['verify', '--prometheus', 'http://127.0.0.1:1', '--from', '1', '--to', '2'];
  test.each([
    [['plan', '--scenario', 'steady']],
    [['gate', '--scenario', 'steady']],
    [['run', 'steady']],
    [window],
  ])('is refused by %j, with both values and the file', async (args) => {
    await using folder = await temporaryFolder();
    const file = await documentWith(folder.path, 0.95);
    const { code, stdout, stderr } = await slaHere([...args, '--sla', file, '--confidence', '0.94']);
    expect(stderr).toBe(
      `--confidence: 0.94 is lower than the confidence of ${file} (0.95), which would make it easier to pass: leave the option out, or use a higher value\n`,
    );
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});

test('a confidence at or above the document’s is accepted, and any if the document requires none', async () => {
  await using folder = await temporaryFolder();
  const sure = ['--sla', await documentWith(folder.path, 0.95)];
  const confidences = async (asked: readonly string[]) => {
    const { stdout, stderr } = await slaHere(['plan', '--scenario', 'steady', '--json', ...asked]);
    expect(stderr).toBe('');
    return JSON.parse(stdout).confidence;
  };
  expect(await confidences(sure)).toBe(0.95);
  expect(await confidences([...sure, '--confidence', '0.95'])).toBe(0.95);
  expect(await confidences([...sure, '--confidence', '0.99'])).toBe(0.99);
  expect(await confidences(['--confidence', '0.9'])).toBe(0.9);
});

test('a required confidence below 0.9 is rejected with its position in the document', async () => {
  await using folder = await temporaryFolder();
  const file = await documentWith(folder.path, 0.51);
  const { code, stderr } = await slaHere(['check', file]);
  expect(stderr).toMatch(/sla\.yaml:\d+:\d+: "0\.51" is not a valid confidence \(0\.9 to less than 1\)/);
  expect(code).toBe(2);
});

test('a stored run is judged again with at least its planned confidence', async () => {
  await using folder = await temporaryFolder();
  const { plan, run, evidence } = (await recordingOf(MATRIX[0]!))!;
  const stored = {
    [FILES.plan]: toJson({ ...plan, confidence: 0.95 }),
    [FILES.evidence]: toJson(evidence),
    ...runFiles(run, toJson),
  };
  for (const [name, content] of Object.entries(stored)) await writeFile(join(folder.path, name), content);
  await seal(folder.path);
  const asked = (confidence: string) =>
    slaHere(['verify', folder.path, '--offline', '--confidence', confidence]);
  const looser = await asked('0.9');
  expect(looser.stderr).toContain('0.9 is lower than the confidence of the plan of the run');
  expect(looser.code).toBe(2);
  expect((await asked('0.99')).stdout).toContain('decided at 99% confidence');
});
