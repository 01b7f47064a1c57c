import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseDocument } from '../../slas/document/document.ts';
import { unwrap } from '../../slas/model/result.ts';
import { documentText, entryFor, withScenario } from '../cli/starting-points.ts';
import { SKIPS_LONG } from '../testing/long.ts';
import { copyCheckout, type Done, ROOT, sla, temporaryFolder } from '../testing/sla.ts';
import { expectVerdict, objectiveOf, preconditionOf } from '../testing/verdict.ts';

/**
 * The output of ./sla new runs unchanged. Each test runs the command in its own checkout, and then runs the gate on
 * the result.
 */

const QUICK = { timeout: 240_000 };

const gate = (root: string, ...args: string[]): Promise<Done> =>
  sla(['gate', '--no-abort', '--json', ...args], { root });

/** These tests check that every request was sent, answered and counted, not how fast this machine is. */
function expectLoaded(done: Done, requests: number): void {
  expectVerdict(done, (verdict) => {
    expect(preconditionOf(verdict, 'load-delivered')?.detail).toContain(`${requests} of ${requests} planned`);
    expect(preconditionOf(verdict, 'client-and-server-agree')?.detail).toContain(
      `the service counted ${requests}`,
    );
    expect(objectiveOf(verdict, 'error-rate')?.samples).toBe(requests);
  });
}

describe.concurrent('./sla new', () => {
  test.skipIf(SKIPS_LONG)('scenario: a script and its load, which run unchanged', QUICK, async () => {
    await using folder = await temporaryFolder();
    await copyCheckout(folder.path);
    const { code, stdout } = await sla(['new', 'scenario', 'evening-peak'], { root: folder.path });
    expect(code).toBe(0);
    expect(stdout).toContain('loadtests/evening-peak.ts: what is sent');
    const shipped = await readFile(join(ROOT, 'slas/documents/sentiment-api.yaml'), 'utf8');
    const changed = await readFile(join(folder.path, 'slas/documents/sentiment-api.yaml'), 'utf8');
    // The rest of the document is unchanged, including comments.
    expect(changed.split('\n').length - shipped.split('\n').length).toBe(6);
    expectLoaded(await gate(folder.path, '--scenario', 'evening-peak'), 400);
  });

  test('writes a document that runs unchanged, and a scenario for it', QUICK, async () => {
    await using folder = await temporaryFolder();
    await copyCheckout(folder.path);
    const document = 'slas/documents/checkout.yaml';
    const file = join(folder.path, document);
    const written = await sla(['new', 'sla', 'checkout'], { root: folder.path });
    expect(written.stderr).toContain(
      'add a load with: ./sla new scenario smoke --sla slas/documents/checkout.yaml',
    );
    const text = await readFile(file, 'utf8');
    expect(text).toContain('client: /checkout');
    // The document contains nothing about the sentiment service.
    expect(text).not.toMatch(/predict|sentiment|texts/);
    // The load sends the body of the warm-up, which is changed here to one that the sentiment service accepts.
    const warmUp = 'service:\n  warmUp: { path: /predict, bodies: [{ text: Works well. }] }\n';
    const adapted = text.replaceAll('/checkout', '/predict').replace('service:\n', warmUp);
    await writeFile(file, adapted.replace('0.1, 0.25,', '0.1, 0.2, 0.3,').replace('250ms', '300ms'));
    const added = await sla(['new', 'scenario', 'peak', '--sla', document], { root: folder.path });
    expect(added.stderr).toContain(
      'try it with: ./sla gate --scenario peak --sla slas/documents/checkout.yaml',
    );
    const script = await readFile(join(folder.path, 'loadtests/peak.ts'), 'utf8');
    expect(script).toContain(`post('/predict', {"text":"Works well."});`);
    // An error body with status 200 is detected.
    expect(script).toContain('expectAnswer(response, isRight);');
    expectLoaded(await gate(folder.path, '--sla', document, '--scenario', 'peak'), 400);
  });

  test('takes the path from an option, and refuses a path that is not valid in YAML', async () => {
    await using folder = await temporaryFolder();
    await copyCheckout(folder.path);
    expect((await sla(['new', 'sla', 'shop', '--path', '/orders/:id'], { root: folder.path })).code).toBe(0);
    const document = 'slas/documents/shop.yaml';
    expect(await readFile(join(folder.path, document), 'utf8')).toContain('client: /orders/:id');
    expect((await sla(['check', document], { root: folder.path })).code).toBe(0);
    const refused = await sla(['new', 'sla', 'other', '--path', '/a: b'], { root: folder.path });
    expect(refused.stderr).toContain('--path: "/a: b" is not a valid path');
    expect(refused.code).toBe(2);
  });

  test('leaves an existing script and the document unchanged', async () => {
    await using folder = await temporaryFolder();
    await copyCheckout(folder.path);
    const script = join(folder.path, 'loadtests/mine.ts');
    await writeFile(script, 'mine');
    const { code, stderr } = await sla(['new', 'scenario', 'mine'], { root: folder.path });
    expect(stderr).toContain('loadtests/mine.ts already exists: choose another name');
    expect(code).toBe(2);
    expect(await readFile(script, 'utf8')).toBe('mine');
    const document = await readFile(join(folder.path, 'slas/documents/sentiment-api.yaml'), 'utf8');
    expect(document).not.toContain('mine:');
  });
});

const WITH_SMOKE = `${documentText('api', '/api')}
scenarios:
  smoke:
    description: 20 s at 20 requests a second
    rate: 20/s
    duration: 20s
    seed: 1
`;

describe('a scenario is added', () => {
  const entry = { ratePerSecond: 20, durationSeconds: 20 };
  const parsed = (text: string | null) => {
    const result = unwrap(parseDocument(text!));
    return result.scenarios.map(({ name }) => name);
  };

  test('before the existing scenarios, with their indentation', () => {
    const text = WITH_SMOKE.replaceAll('\n  smoke:', '\n    smoke:').replace(
      /\n {4}(description: 20|script|rate|duration|seed)/g,
      '\n      $1',
    );
    expect(parsed(withScenario(text, 'peak', entry))).toEqual(['peak', 'smoke']);
  });

  test('if the document has no scenarios yet', () => {
    const text = WITH_SMOKE.replace(/\nscenarios:[\s\S]*$/, '\n');
    expect(parsed(withScenario(text, 'peak', entry))).toEqual(['peak']);
  });

  test('unless the existing scenarios are written on one line', () => {
    const text = WITH_SMOKE.replace(
      /\nscenarios:[\s\S]*$/,
      '\nscenarios: { a: { rate: 1/s, duration: 60s } }\n',
    );
    expect(withScenario(text, 'peak', entry)).toBeNull();
  });

  test("with a load that can decide the document's objectives", () => {
    const strict = parseDocument(documentText('api', '/api').replace('target: "< 1%"', 'target: "< 0.1%"'));
    if (!strict.ok) throw new Error('no document');
    expect(entryFor(strict.value)).toEqual({ ratePerSecond: 200, durationSeconds: 20 });
  });
});
