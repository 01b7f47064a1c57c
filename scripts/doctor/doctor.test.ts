import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sla, temporaryFolder } from '../testing/sla.ts';

/** Tests without a cluster. doctor.cluster.test.ts contains those that need one. */

test('without kubectl, the doctor says where to get it and exits with 4', async () => {
  await using folder = await temporaryFolder();
  const { code, stderr } = await sla(['doctor', '--kubernetes'], { env: { PATH: folder.path } });
  expect(stderr).toContain('kubectl is not on PATH');
  expect(stderr).toContain('kubernetes.io/docs/tasks/tools');
  expect(code).toBe(4);
});

test('if the cluster does not respond, that is not a finding about the service, and the doctor exits with 4', async () => {
  await using folder = await temporaryFolder();
  const bin = join(folder.path, 'bin');
  await mkdir(bin);
  // The message that kubectl prints if there is no cluster.
  const message =
    'The connection to the server 127.0.0.1:6443 was refused - did you specify the right host or port?';
  await writeFile(join(bin, 'kubectl'), `#!/bin/sh\necho '${message}' >&2\nexit 1\n`);
  await chmod(join(bin, 'kubectl'), 0o755);
  const { code, stdout, stderr } = await sla(['doctor', '--kubernetes'], {
    env: { PATH: `${bin}:${process.env.PATH}` },
  });
  expect(stderr).toContain('the cluster does not respond: The connection to the server');
  expect(stdout).toBe('');
  expect(code).toBe(4);
});
