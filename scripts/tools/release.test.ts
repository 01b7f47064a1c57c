import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cachedPath } from './cache.ts';
import { createToolFinder } from './find-tool.ts';
import { TOOL_SPECS, type ToolName } from './specs.ts';
import {
  type Handler,
  makeRelease,
  makeWorld,
  serveReleases,
  TEST_PLATFORM,
  writeProgram,
} from './test-support.ts';
import { TOOL_LIMITS } from './types.ts';

const quick = { ...TOOL_LIMITS, probeMs: 400, stallMs: 400 };
const finder = () => createToolFinder({ platform: TEST_PLATFORM, limits: quick });

/** A go whose builds always fail, so that a fallback to Go is visible without a build. */
const FAILING_GO = `
case $1 in
  version) echo 'go version go1.99.0 linux/amd64' ;;
  *) echo 'this go builds nothing' >&2; exit 1 ;;
esac`;

async function setUp(tool: ToolName = 'k6', names: readonly ToolName[] = [tool]) {
  const world = await makeWorld({ go: false });
  await writeProgram(join(world.bin, 'go'), FAILING_GO);
  return { world, release: await makeRelease(world.folder, TOOL_SPECS[tool], names) };
}

const filesOf = ({ archive, checksums }: Awaited<ReturnType<typeof makeRelease>>) => ({
  [checksums.path]: checksums.bytes,
  [archive.path]: archive.bytes,
});

describe('the official release', () => {
  it('is downloaded, verified and installed, and is found in the cache the next time', async () => {
    const { world, release } = await setUp();
    await using _world = world;
    await using server = await serveReleases(filesOf(release));
    world.env.SLA_RELEASES_URL = `${server.url}/`;
    const path = cachedPath(TOOL_SPECS.k6, world.env);
    const found = await finder().findTool('k6', world.io);
    expect(found).toEqual({ name: 'k6', path, version: '2.2.0', source: 'release' });
    expect(server.requests).toEqual([release.checksums.path, release.archive.path]);
    expect(world.progress[0]).toMatch(/^downloading k6 2\.2\.0 … 0 MB, 0 s$/);
    expect(await finder().findTool('k6', world.io)).toMatchObject({ path, source: 'cache' });
    expect(server.requests).toHaveLength(2);
    expect(await readdir(join(world.folder, 'cache', 'tools'))).toEqual(['k6-2.2.0']);
  });

  it('provides both tools of an archive with a single download, even if both are requested at once', async () => {
    const { world, release } = await setUp('prometheus', ['prometheus', 'promtool']);
    await using _world = world;
    await using server = await serveReleases(filesOf(release));
    world.env.SLA_RELEASES_URL = server.url;
    const { findTool } = finder();
    const tools = await Promise.all([findTool('promtool', world.io), findTool('prometheus', world.io)]);
    expect(tools.map(({ source }) => source).sort()).toEqual(['cache', 'release']);
    expect(tools.map(({ version }) => version)).toEqual(['3.16.0', '3.16.0']);
    expect(server.requests).toHaveLength(2);
  });

  it('may be a plain program instead of an archive', async () => {
    const { world, release } = await setUp('toxiproxy-server');
    await using _world = world;
    await using server = await serveReleases(filesOf(release));
    world.env.SLA_RELEASES_URL = server.url;
    const path = cachedPath(TOOL_SPECS['toxiproxy-server'], world.env);
    const found = await finder().findTool('toxiproxy-server', world.io);
    expect(found).toEqual({ name: 'toxiproxy-server', path, version: '2.12.0', source: 'release' });
  });

  it('may be an archive with only the program, under another name and with a separate checksum file', async () => {
    const { world, release } = await setUp('victoria-metrics');
    await using _world = world;
    await using server = await serveReleases(filesOf(release));
    world.env.SLA_RELEASES_URL = server.url;
    const path = cachedPath(TOOL_SPECS['victoria-metrics'], world.env);
    const found = await finder().findTool('victoria-metrics', world.io);
    expect(found).toEqual({ name: 'victoria-metrics', path, version: '1.136.23', source: 'release' });
    expect(server.requests[0]).toMatch(/\/victoria-metrics-linux-amd64-v1\.136\.23_checksums\.txt$/);
  });

  it('is refused if its checksum is wrong, without falling back to Go', async () => {
    const { world, release } = await setUp();
    await using _world = world;
    await using server = await serveReleases({
      [release.checksums.path]: release.checksums.bytes,
      [release.archive.path]: Buffer.concat([release.archive.bytes, Buffer.from('x')]),
    });
    world.env.SLA_RELEASES_URL = server.url;
    await expect(finder().findTool('k6', world.io)).rejects.toMatchObject({
      code: 'release-checksum',
      message: expect.stringContaining(`${server.url}${release.archive.path}`),
    });
    expect(world.progress.join('\n')).not.toContain('Go');
    expect(await readdir(join(world.folder, 'cache', 'tools'))).toEqual([]);
  });
});

describe('an unavailable release falls back to Go', () => {
  const hang: Handler = () => {};
  const breakOff: Handler = (response) => {
    response.writeHead(200, { 'content-length': 1000 });
    response.write('begun', () => response.destroy());
  };
  const stall: Handler = (response) => {
    response.writeHead(200, { 'content-length': 1000 });
    response.write('begun');
  };

  it.each<[string, 'checksums' | 'archive', Buffer | Handler | undefined, string]>([
    ['its checksum file is missing', 'checksums', undefined, 'answered 404'],
    ['its archive is missing', 'archive', undefined, 'answered 404'],
    [
      'its checksum file is a web page',
      'checksums',
      Buffer.from('<html>'),
      'does not name k6-v2.2.0-linux-amd64',
    ],
    ['the server never responds', 'checksums', hang, 'cannot be reached (no response within 0.4 s)'],
    [
      'the server stalls in the checksum file',
      'checksums',
      stall,
      'cannot be reached (no response within 0.4 s)',
    ],
    ['the server stalls before the archive', 'archive', hang, 'cannot be reached (no response within 0.4 s)'],
    ['the server stalls in the archive', 'archive', stall, 'the download failed (stalled after 0 MB)'],
    ['the download breaks off', 'archive', breakOff, 'the download failed ('],
  ])('%s', async (_, which, replacement, reason) => {
    const { world, release } = await setUp();
    await using _world = world;
    const files: Record<string, Buffer | Handler> = {
      [release.checksums.path]: release.checksums.bytes,
      [release.archive.path]: release.archive.bytes,
    };
    if (replacement === undefined) delete files[release[which].path];
    else files[release[which].path] = replacement;
    await using server = await serveReleases(files);
    world.env.SLA_RELEASES_URL = server.url;
    await expect(finder().findTool('k6', world.io)).rejects.toMatchObject({
      code: 'tool-unavailable',
      message: expect.stringContaining('this go builds nothing'),
    });
    const lines = world.progress.filter((line) => !line.startsWith('downloading'));
    expect(lines[0]).toContain(reason);
    expect(lines[1]).toBe('building k6 2.2.0 with Go … 0 s');
    expect(await readdir(join(world.folder, 'cache', 'tools'))).toEqual([]);
  });

  it('the same finder does not contact a server again that did not respond', async () => {
    const { world, release } = await setUp();
    await using _world = world;
    await using server = await serveReleases({ [release.checksums.path]: hang });
    world.env.SLA_RELEASES_URL = server.url;
    const { findTool } = finder();
    for (const name of ['k6', 'prometheus', 'promtool'] as const) {
      await expect(findTool(name, world.io)).rejects.toMatchObject({ code: 'tool-unavailable' });
    }
    expect(server.requests).toEqual([release.checksums.path]);
  });

  it('stops a download if the caller aborts, and removes partial files', async () => {
    const { world, release } = await setUp();
    await using _world = world;
    const controller = new AbortController();
    await using server = await serveReleases({
      [release.checksums.path]: release.checksums.bytes,
      [release.archive.path]: (response) => {
        stall(response);
        controller.abort(new Error('interrupted'));
      },
    });
    world.env.SLA_RELEASES_URL = server.url;
    const io = { ...world.io, signal: controller.signal };
    await expect(finder().findTool('k6', io)).rejects.toThrow('interrupted');
    expect(await readdir(join(world.folder, 'cache', 'tools'))).toEqual([]);
  });
});
