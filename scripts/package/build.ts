import { execFile } from 'node:child_process';
import { chmod, copyFile, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { manifestOf, type RepositoryManifest } from './manifest.ts';
import { neededBy } from './modules.ts';
import { TOOLS_OF_PACKAGE } from './tools.ts';

/**
 * Builds the npm package: JavaScript and type declarations in the layout of the repository. Imports only Node.js modules and
 * files in this folder, so that an image or a CI job can build it with just the compiler.
 */

const PROGRAM = 'scripts/package/bin';
const WORKER = 'scripts/run/looks/look-worker';
const CORE = 'slas/index';

/** Files that only a checkout loads. The package contains neither these files nor those that only they import. */
const ONLY_IN_CHECKOUT = ['scripts/cli/checkout-commands.js', 'scripts/run/own-stack.js'];

/** Files that are read at run time instead of imported. */
const READ = [
  'LICENSE',
  'slas/documents/sla-document.schema.json',
  ...['bodies', 'load', 'random', 'request', 'schedule'].map((name) => `loadtests/lib/${name}.ts`),
  // The Go modules for tools that must be built because they cannot be downloaded.
  ...TOOLS_OF_PACKAGE.flatMap((tool) => ['go.mod', 'go.sum'].map((name) => `scripts/tools/${tool}/${name}`)),
];

/** Packages from which files are read at run time. */
const READ_PACKAGES = ['uplot'];

export interface BuildOptions {
  /** The path of the repository. */
  readonly root: string;
  /** The path of the compiler. */
  readonly tsc: string;
  /** The output folder, which is created or replaced. */
  readonly folder: string;
}

/** Throws if the compiler fails. */
export async function buildPackage({ root, tsc, folder }: BuildOptions): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await compile(root, tsc, folder);
  const code = neededBy(folder, [`${PROGRAM}.js`, `${WORKER}.js`, `${CORE}.js`], '.js', ONLY_IN_CHECKOUT);
  const types = neededBy(folder, [`${CORE}.d.ts`], '.d.ts');
  await keepOnly(new Set([...code.files, ...types.files]), folder);
  for (const name of READ) {
    await mkdir(join(folder, dirname(name)), { recursive: true });
    await copyFile(join(root, name), join(folder, name));
  }
  await cp(join(root, 'docs', 'package.md'), join(folder, 'README.md'));
  const own = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as RepositoryManifest;
  const manifest = manifestOf(own, new Set([...code.packages, ...types.packages, ...READ_PACKAGES]));
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  await chmod(join(folder, `${PROGRAM}.js`), 0o755);
}

const COMPILER_LIMIT_MS = 5 * 60_000;

/** Types need not be installed for this build, because `./sla test` checks them. */
async function compile(root: string, tsc: string, folder: string): Promise<void> {
  const config = join(folder, 'tsconfig.json');
  const settings = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      noCheck: true,
      declaration: true,
      rewriteRelativeImportExtensions: true,
      rootDir: root,
      outDir: folder,
      types: [],
    },
    include: [],
    files: [PROGRAM, WORKER, CORE].map((name) => join(root, `${name}.ts`)),
  };
  await writeFile(config, JSON.stringify(settings));
  await promisify(execFile)(tsc, ['-p', config], { timeout: COMPILER_LIMIT_MS }).catch(unlessOfTypes);
  await rm(config);
}

/**
 * The compiler reports inner types without an exported name (TS4…), but still writes every file. A test checks the
 * declarations of the core.
 */
function unlessOfTypes(error: Error & { readonly stdout?: string }): void {
  const reported = error.stdout?.match(/\berror TS\d+.*/g) ?? [];
  if (reported.length > 0 && reported.every((line) => /error TS4\d{3}:/.test(line))) return;
  throw new Error(`the package cannot be compiled: ${reported[0] ?? error.message}`, { cause: error });
}

/** Declarations keep the `.ts` of their imports. Other projects' compilers may reject this extension, so it is replaced. */
async function keepOnly(needed: ReadonlySet<string>, folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    if (!needed.has(relative(folder, path))) await rm(path);
    else if (path.endsWith('.d.ts')) {
      const text = await readFile(path, 'utf8');
      await writeFile(path, text.replace(/((?:from |import\()['"]\.[^'"]*)\.ts(?=['"])/g, '$1.js'));
    }
  }
  await removeEmpty(folder);
}

/** Returns whether the folder was removed. */
async function removeEmpty(folder: string): Promise<boolean> {
  const entries = await readdir(folder, { withFileTypes: true });
  const kept = await Promise.all(
    entries.map(async (entry) => !entry.isDirectory() || !(await removeEmpty(join(folder, entry.name)))),
  );
  if (kept.some((isKept) => isKept)) return false;
  await rm(folder, { recursive: true });
  return true;
}
