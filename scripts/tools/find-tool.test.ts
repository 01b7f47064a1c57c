import { access, chmod, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cachedPath } from './cache.ts';
import { createToolFinder } from './find-tool.ts';
import { TOOL_SPECS } from './specs.ts';
import { makeWorld, sampleSpecs, versionScript, writeProgram } from './test-support.ts';

const finder = () => createToolFinder({ specs: TOOL_SPECS });

describe('the search order', () => {
  it('is explicit path, PATH, cache', async () => {
    await using world = await makeWorld({ go: false });
    const explicit = join(world.folder, 'my own', 'k6');
    const onPath = join(world.bin, 'k6');
    const cached = cachedPath(TOOL_SPECS.k6, world.env);
    for (const path of [explicit, onPath, cached]) await writeProgram(path, versionScript('k6'));

    world.env.K6_BIN = explicit;
    const first = await finder().findTool('k6', world.io);
    expect(first).toEqual({ name: 'k6', path: explicit, version: '2.2.0', source: 'environment' });

    world.env.K6_BIN = '';
    expect(await finder().findTool('k6', world.io)).toMatchObject({ path: onPath, source: 'path' });

    await chmod(onPath, 0o644);
    expect(await finder().findTool('k6', world.io)).toMatchObject({ path: cached, source: 'cache' });
    expect(world.progress).toEqual([]);
  });

  it('skips a tool on PATH whose version is outside the range, and uses a later one that is within it', async () => {
    await using world = await makeWorld({ go: false });
    const later = join(world.folder, 'later');
    await writeProgram(join(world.bin, 'prometheus'), "echo 'prometheus, version 2.55.1+ds (branch: x)'");
    await writeProgram(join(later, 'prometheus'), versionScript('prometheus'));
    world.env.PATH = `${world.bin}:${later}`;
    expect(await finder().findTool('prometheus', world.io)).toEqual({
      name: 'prometheus',
      path: join(later, 'prometheus'),
      version: '3.16.0',
      source: 'path',
    });
  });

  it('looks for the cache under XDG_CACHE_HOME or the home folder if SLA_CACHE_DIR is not set', () => {
    const below = (env: Record<string, string>) => cachedPath(TOOL_SPECS.promtool, env);
    const tail = 'sla-harness/tools/promtool-3.16.0/promtool';
    expect(below({ HOME: '/h', XDG_CACHE_HOME: '/x' })).toBe(`/x/${tail}`);
    expect(below({ HOME: '/h', XDG_CACHE_HOME: 'relative' })).toBe(`/h/.cache/${tail}`);
    expect(below({ HOME: '/h', SLA_CACHE_DIR: '/s' })).toBe('/s/tools/promtool-3.16.0/promtool');
  });
});

describe('an unusable explicit path', () => {
  it.each([
    ['does not exist', null, 'there is no executable'],
    ['has a version outside the range', "echo 'k6 v1.9.0 (go1.25)'", 'is k6 1.9.0, outside >=2.2.0 <3'],
    ['is another program', 'echo hello', 'does not say that it is k6'],
    ['does not run', 'echo broken >&2; exit 3', 'exited with code 3:\nbroken'],
  ])('that %s is an error, even if PATH has a valid tool', async (_, script, reason) => {
    await using world = await makeWorld({ go: false });
    await writeProgram(join(world.bin, 'k6'), versionScript('k6'));
    const path = join(world.folder, 'explicit');
    if (script !== null) await writeProgram(path, script);
    world.env.K6_BIN = path;
    const error = await finder()
      .findTool('k6', world.io)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'HarnessError', code: 'tool-explicit-path' });
    expect((error as Error).message).toContain(`K6_BIN=${path}: `);
    expect((error as Error).message).toContain(reason);
    expect((error as { nextStep: string }).nextStep).toContain('>=2.2.0 <3');
  });
});

describe('without network access and without Go', () => {
  it('the message lists every reason and every way to provide the tool', async () => {
    await using world = await makeWorld({ go: false });
    await writeProgram(join(world.bin, 'prometheus'), "echo 'prometheus, version 2.55.1 (branch: x)'");
    const error = await finder()
      .findTool('prometheus', world.io)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'HarnessError', code: 'tool-unavailable' });
    const { message, nextStep } = error as { message: string; nextStep: string };
    expect(message.split('\n')).toEqual([
      'prometheus >=3.5.0 <4 was not found and could not be installed:',
      '  - PROMETHEUS_BIN is not set',
      `  - PATH: ${join(world.bin, 'prometheus')}: is prometheus 2.55.1, outside >=3.5.0 <4`,
      expect.stringMatching(
        /^ {2}- cache: .*\/tools\/prometheus-3\.16\.0\/prometheus: there is no executable/,
      ),
      expect.stringMatching(/^ {2}- release: http:\/\/127\.0\.0\.1:1 cannot be reached \(/),
      '  - Go: no go on PATH',
    ]);
    for (const way of ['PROMETHEUS_BIN', 'on PATH', 'SLA_RELEASES_URL', 'needs Go 1.26']) {
      expect(nextStep).toContain(way);
    }
    expect(await readdir(join(world.folder, 'cache', 'tools'))).toEqual([]);
  });

  it('the message names a cache that is not writable', async () => {
    await using world = await makeWorld({ go: false });
    await writeProgram(join(world.folder, 'file'), '');
    world.env.SLA_CACHE_DIR = join(world.folder, 'file');
    await expect(finder().findTool('k6', world.io)).rejects.toMatchObject({
      code: 'cache-not-writable',
      nextStep: expect.stringContaining('SLA_CACHE_DIR'),
    });
  });
});

describe('inspectTools', () => {
  it('reports what was found and what would be done, and installs nothing', async () => {
    await using world = await makeWorld({ go: false });
    await writeProgram(join(world.bin, 'k6'), versionScript('k6'));
    await writeProgram(join(world.bin, 'go'), "echo 'go version go1.30.1 linux/amd64'");
    world.env.PROMTOOL_BIN = '/nowhere/promtool';
    const specs = await sampleSpecs(world.folder);
    const [k6, prometheus, promtool] = await createToolFinder({ specs }).inspectTools(world.io);
    expect(k6).toMatchObject({ name: 'k6', state: 'found', tool: { version: '2.2.0', source: 'path' } });
    expect(prometheus).toMatchObject({
      state: 'installable',
      plan: 'would build prometheus 3.16.0 with Go 1.30.1, in a minute or two',
      passedOver: expect.arrayContaining([expect.stringContaining('release: ')]),
    });
    expect(promtool).toMatchObject({
      state: 'missing',
      message: expect.stringContaining('PROMTOOL_BIN=/nowhere'),
    });
    await expect(access(join(world.folder, 'cache'))).rejects.toThrow();
  });

  it('reports what is missing if nothing can be installed', async () => {
    await using world = await makeWorld({ go: false });
    for (const report of await finder().inspectTools(world.io)) {
      expect(report).toMatchObject({
        state: 'missing',
        nextStep: expect.stringContaining('SLA_RELEASES_URL'),
      });
      expect(report.passedOver).toContain('Go: no go on PATH');
    }
  });
});
