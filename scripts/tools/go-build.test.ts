import { spawn } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { cachedPath } from './cache.ts';
import { createToolFinder } from './find-tool.ts';
import { TOOL_SPECS } from './specs.ts';
import {
  findOnPath,
  isGone,
  makeWorld,
  sampleSpecs,
  serveReleases,
  TEST_PLATFORM,
  writeProgram,
} from './test-support.ts';

const hasGo = findOnPath('go') !== null;

describe.skipIf(!hasGo)('the pinned Go build', () => {
  it('installs the tool into the cache, and reports progress', async () => {
    await using world = await makeWorld({ go: true });
    const specs = await sampleSpecs(world.folder);
    const { findTool } = createToolFinder({ specs });
    const path = cachedPath(specs.promtool, world.env);
    const found = await findTool('promtool', world.io);
    expect(found).toEqual({ name: 'promtool', path, version: '3.16.0', source: 'go' });
    expect(world.progress[1]).toBe('building promtool 3.16.0 with Go … 0 s');
    expect(await findTool('promtool', world.io)).toMatchObject({ source: 'cache' });
    expect(await readdir(join(world.folder, 'cache', 'tools'))).toEqual(['promtool-3.16.0']);
  });

  it('replaces a cached tool that does not run', async () => {
    await using world = await makeWorld({ go: true });
    const specs = await sampleSpecs(world.folder);
    await writeProgram(cachedPath(specs.k6, world.env), 'exit 1');
    const { findTool } = createToolFinder({ specs });
    expect(await findTool('k6', world.io)).toMatchObject({ version: '2.2.0', source: 'go' });
  });

  it('reports why a build failed', async () => {
    await using world = await makeWorld({ go: true });
    const specs = await sampleSpecs(world.folder);
    await writeFile(
      join(specs.k6.package.go.folder, 'k6', 'main.go'),
      'package main\n\nfunc main() { nonsense() }\n',
    );
    await expect(createToolFinder({ specs }).findTool('k6', world.io)).rejects.toMatchObject({
      code: 'tool-unavailable',
      message: expect.stringContaining('undefined: nonsense'),
    });
  });

  it('runs once if two processes need the tool at the same time', async () => {
    await using world = await makeWorld({ go: true });
    const secondWaits = Promise.withResolvers<void>();
    // The process with the lock requests the release. The server responds only once the other process waits for the lock.
    await using server = await serveReleases({
      [`/${TOOL_SPECS.k6.package.release.folder}/${TOOL_SPECS.k6.package.release.checksums}`]: (response) => {
        void secondWaits.promise.then(() => response.writeHead(404).end());
      },
    });
    world.env.SLA_RELEASES_URL = server.url;
    const onLine = (line: string) => line.startsWith('waiting for process') && secondWaits.resolve();
    const script = await finderScript(world.folder);
    const sources = await Promise.all([1, 2].map(() => runFinder(script, world.env, onLine)));
    expect(sources.sort()).toEqual(['cache', 'go']);
    expect(server.requests).toHaveLength(1);
  });
});

describe('a Go that cannot build the tool', () => {
  it.each([
    ['1.20.1', 'auto'],
    ['1.25.9', 'local'],
  ])('with Go %s and GOTOOLCHAIN=%s, the message names both versions', async (version, toolchain) => {
    await using world = await makeWorld({ go: false });
    await writeProgram(
      join(world.bin, 'go'),
      `case $1 in version) echo 'go version go${version} linux/amd64' ;; *) echo ${toolchain} ;; esac`,
    );
    await expect(createToolFinder().findTool('k6', world.io)).rejects.toMatchObject({
      message: expect.stringMatching(`Go: ${version} is installed, k6 needs 1\\.26\\S* or newer`),
    });
  });

  it('stops together with its children if the caller aborts, and releases the lock', async () => {
    await using world = await makeWorld({ go: false });
    const idFile = join(world.folder, 'id');
    await writeProgram(
      join(world.bin, 'go'),
      `case $1 in
        version) echo 'go version go1.99.0 linux/amd64' ;;
        *) PATH=/usr/bin:/bin; echo $$ > '${idFile}'; mv '${idFile}' '${idFile}.done'; sleep 600 ;;
      esac`,
    );
    const controller = new AbortController();
    const io = { ...world.io, signal: controller.signal };
    const finding = createToolFinder({ specs: await sampleSpecs(world.folder) }).findTool('k6', io);
    const builderId = Number(await eventually(() => readFile(`${idFile}.done`, 'utf8')));
    controller.abort(new Error('interrupted'));
    await expect(finding).rejects.toThrow('interrupted');
    expect(await isGone(builderId)).toBe(true);
    expect(await readdir(join(world.folder, 'cache', 'tools'))).toEqual([]);
  });
});

/** A program that runs as a separate process: it finds k6 with the sample specs, and prints where it found k6. */
async function finderScript(folder: string): Promise<string> {
  const script = join(folder, 'find.ts');
  await sampleSpecs(folder);
  await writeFile(
    script,
    `import { createToolFinder } from ${JSON.stringify(new URL('./find-tool.ts', import.meta.url).href)};
     import { sampleSpecs } from ${JSON.stringify(new URL('./test-support.ts', import.meta.url).href)};
     const specs = await sampleSpecs(${JSON.stringify(folder)});
     const finder = createToolFinder({ specs, platform: '${TEST_PLATFORM}' });
     const tool = await finder.findTool('k6', { env: process.env, progress: (line) => console.error(line) });
     console.log(tool.source);`,
  );
  return script;
}

async function runFinder(
  script: string,
  env: Readonly<Record<string, string | undefined>>,
  onLine: (line: string) => void,
): Promise<string> {
  const child = spawn(process.execPath, [script], { env: env as NodeJS.ProcessEnv });
  createInterface({ input: child.stderr }).on('line', onLine);
  let output = '';
  for await (const chunk of child.stdout) output += chunk;
  return output.trim();
}

async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  for (let left = 200; left > 0; left -= 1) {
    try {
      return await attempt();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
  return await attempt();
}
