import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../testing/sla.ts';
import { readRunnerSettings } from './runner-settings.ts';

async function read(text: string) {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'runner.yaml');
  await writeFile(path, text);
  return await readRunnerSettings(path, 'runner.yaml', AbortSignal.timeout(10_000));
}

const env = (name: string) => `env: [{ name: ${name}, value: "0" }]\n`;

test('variables for the script are passed on', async () => {
  expect(await read(env('API_KEY'))).toEqual({ ok: true, value: { env: [{ name: 'API_KEY', value: '0' }] } });
});

test.each(['K6_ITERATIONS', 'K6_NO_THRESHOLDS', 'HTTP_PROXY', 'https_proxy', 'JOB_COMPLETION_INDEX'])(
  '%s is refused: it would change the load, or where it goes',
  async (name) => {
    const input = await read(env(name));
    expect(input).toMatchObject({ ok: false });
    expect(JSON.stringify(input)).toContain(`runner.yaml: env must not set ${name}`);
  },
);

test('an unknown field is refused', async () => {
  expect(JSON.stringify(await read('imge: k6\n'))).toContain('is not a field');
});
