import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, constants, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { TOOL_SPECS, type ToolName, type ToolSpec } from './specs.ts';
import type { ToolIo } from './types.ts';

/** Prints the version in the same form as the real tool. */
export const VERSION_LINES: Readonly<Record<ToolName, string>> = {
  k6: 'k6 v2.2.0 (go1.26.0, linux/amd64)',
  prometheus: 'prometheus, version 3.16.0 (branch: , revision: unknown)',
  promtool: 'promtool, version 3.16.0 (branch: , revision: unknown)',
  'toxiproxy-server': 'toxiproxy-server version 2.12.0',
  alertmanager: 'alertmanager, version 0.28.1 (branch: , revision: unknown)',
  jaeger: 'jaeger version v2.13.0',
  'victoria-metrics': 'victoria-metrics-20260101-000000-tags-v1.136.23-0-g0123456789',
  'prometheus-kubernetes': 'prometheus, version 3.16.0',
  kustomize: 'v5.8.1',
};

export const TEST_PLATFORM = 'linux-x64';

/**
 * A folder whose path contains a space. Its `bin/` is the only folder on PATH, so that no tool of this machine is found.
 * `bin/` has links to `tar`, `gzip` and, on request, `go`.
 */
export async function makeWorld(options: { readonly go: boolean }) {
  const folder = await mkdtemp(join(tmpdir(), 'sla tools '));
  const bin = join(folder, 'bin');
  await mkdir(bin);
  for (const program of options.go ? ['tar', 'gzip', 'go'] : ['tar', 'gzip']) {
    await symlink(findOnPath(program) ?? 'nowhere', join(bin, program));
  }
  const progress: string[] = [];
  const env: Record<string, string | undefined> = {
    ...process.env,
    PATH: bin,
    SLA_CACHE_DIR: join(folder, 'cache'),
    // fetch refuses port 1 immediately, so no test contacts the real release servers.
    SLA_RELEASES_URL: 'http://127.0.0.1:1',
    ...Object.fromEntries(Object.values(TOOL_SPECS).map(({ pathVariable }) => [pathVariable, undefined])),
  };
  const io: ToolIo = { env, progress: (line) => progress.push(line) };
  return {
    folder,
    bin,
    env,
    io,
    progress,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A shell script that replaces an external program. */
export async function writeProgram(path: string, script: string): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
}

export function versionScript(name: ToolName): string {
  return `echo '${VERSION_LINES[name]}'`;
}

export function findOnPath(program: string): string | null {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return join(folder, program);
    } catch {
      // The file does not exist in this folder.
    }
  }
  return null;
}

/** The real specs, except that the tools are built from a Go module without dependencies, which takes a second. */
export async function sampleSpecs(folder: string): Promise<Readonly<Record<ToolName, ToolSpec>>> {
  const module = join(folder, 'module');
  await mkdir(module, { recursive: true });
  await writeFile(join(module, 'go.mod'), 'module example.test/sample\n\ngo 1.21\n');
  const packages = new Map(
    Object.values(TOOL_SPECS).map(({ package: real }) => [
      real.name,
      { ...real, go: { folder: module, tags: [], linkerFlags: '-s -w' } },
    ]),
  );
  for (const name of Object.keys(TOOL_SPECS) as ToolName[]) {
    await mkdir(join(module, name), { recursive: true });
    await writeFile(
      join(module, name, 'main.go'),
      `package main\n\nimport "os"\n\nfunc main() { os.Stdout.WriteString("${VERSION_LINES[name]}\\n") }\n`,
    );
  }
  const sample = (spec: ToolSpec): ToolSpec => ({
    ...spec,
    package: packages.get(spec.package.name) ?? spec.package,
    goPackage: `./${spec.name}`,
  });
  return {
    k6: sample(TOOL_SPECS.k6),
    prometheus: sample(TOOL_SPECS.prometheus),
    promtool: sample(TOOL_SPECS.promtool),
    'toxiproxy-server': sample(TOOL_SPECS['toxiproxy-server']),
    alertmanager: sample(TOOL_SPECS.alertmanager),
    jaeger: sample(TOOL_SPECS.jaeger),
    'victoria-metrics': sample(TOOL_SPECS['victoria-metrics']),
    'prometheus-kubernetes': sample(TOOL_SPECS['prometheus-kubernetes']),
    kustomize: sample(TOOL_SPECS.kustomize),
  };
}

export interface ReleaseFile {
  readonly path: string;
  readonly bytes: Buffer;
}

/** A real archive with these tools (or the program itself) in the layout of the official one, and its checksum file. */
export async function makeRelease(
  folder: string,
  spec: ToolSpec,
  names: readonly ToolName[],
): Promise<{ readonly archive: ReleaseFile; readonly checksums: ReleaseFile }> {
  const { release } = spec.package;
  const archive = release.archives[TEST_PLATFORM] ?? '';
  const inner = archive.replace('.tar.gz', '');
  if (release.program !== undefined) {
    await writeProgram(join(folder, release.program), versionScript(spec.name));
    execFileSync('tar', ['-czf', archive, release.program], { cwd: folder });
  } else if (inner === archive) await writeProgram(join(folder, archive), versionScript(spec.name));
  else {
    for (const name of names) await writeProgram(join(folder, inner, name), versionScript(name));
    execFileSync('tar', ['-czf', archive, inner], { cwd: folder });
  }
  const bytes = readFileSync(join(folder, archive));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const checksums =
    typeof release.checksums === 'string' ? release.checksums : release.checksums[TEST_PLATFORM];
  const lines = `${'0'.repeat(64)}  another-file.zip\n${sha256}  ${archive}\n`;
  return {
    archive: { path: `/${release.folder}/${archive}`, bytes },
    checksums: { path: `/${release.folder}/${checksums}`, bytes: Buffer.from(lines) },
  };
}

export type Handler = (response: ServerResponse) => void;

/** Serves `files` by path, and responds with 404 to other paths. `requests` lists the requested paths in order. */
export async function serveReleases(files: Readonly<Record<string, Buffer | Handler>>) {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    requests.push(path);
    const file = files[path];
    if (typeof file === 'function') return file(response);
    response.statusCode = file === undefined ? 404 : 200;
    response.end(file ?? 'not found');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Whether a process with this id is running. Waits for a limited time if the process is being stopped. */
export async function isGone(processId: number): Promise<boolean> {
  for (let left = 100; left > 0; left -= 1) {
    try {
      process.kill(processId, 0);
    } catch {
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}
