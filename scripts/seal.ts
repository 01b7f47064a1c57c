import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { writeWhole } from './disk.ts';

/**
 * A run folder is sealed when all of it is final: `manifest.json` lists every other file with its hash, logs included. It
 * is written last, so a folder without one is of a run that did not come to its end.
 */
export const MANIFEST = 'manifest.json';
const SCHEMA = 'sla-harness/manifest/v1';

interface SealedFile {
  /** From the run folder, with slashes. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

interface Manifest {
  readonly schema: typeof SCHEMA;
  readonly files: readonly SealedFile[];
}

/** What was altered: the file, and what is wrong with it in words. */
export interface Alteration {
  readonly file: string;
  readonly message: string;
}

/** Seals a folder. Returns the manifest's own hash, which stands for all of it. Throws HarnessError `cannot-write`. */
export async function seal(folder: string): Promise<string> {
  const files: SealedFile[] = [];
  for (const path of await filesOf(folder)) {
    const { size } = await lstat(join(folder, path));
    files.push({ path, bytes: size, sha256: await hashFile(join(folder, path)) });
  }
  const text = `${JSON.stringify({ schema: SCHEMA, files } satisfies Manifest, null, 2)}\n`;
  await writeWhole(join(folder, MANIFEST), text);
  return createHash('sha256').update(text).digest('hex');
}

/** Everything in which a folder differs from its manifest; nothing if it is as it was sealed. */
export async function findAlterations(folder: string): Promise<readonly Alteration[]> {
  const manifest = await readManifest(folder);
  if ('message' in manifest) return [manifest];
  const found = await filesOf(folder);
  const sealed = new Map(manifest.files.map((file) => [file.path, file]));
  const altered: Alteration[] = [];
  for (const { path, sha256 } of manifest.files) {
    const message = found.includes(path)
      ? await contentAlteration(join(folder, path), sha256)
      : `it is missing, expected sha256 ${sha256}`;
    if (message !== null) altered.push({ file: path, message });
  }
  for (const path of found.filter((one) => !sealed.has(one))) {
    const hash = await contentAlteration(join(folder, path), 'none');
    altered.push({ file: path, message: `it is not in ${MANIFEST}: ${hash}` });
  }
  return altered;
}

async function contentAlteration(path: string, expected: string): Promise<string | null> {
  // A link could lead to the right bytes today and to others tomorrow.
  if (!(await lstat(path)).isFile())
    return `expected sha256 ${expected}, found something that is no plain file`;
  const sha256 = await hashFile(path);
  return sha256 === expected ? null : `expected sha256 ${expected}, found ${sha256}`;
}

async function readManifest(folder: string): Promise<Manifest | Alteration> {
  const wrong = (message: string): Alteration => ({ file: MANIFEST, message });
  let text: string;
  try {
    text = await readFile(join(folder, MANIFEST), 'utf8');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
      ? wrong('it is missing: the run did not come to its end, or somebody removed it')
      : wrong(`it cannot be read: ${(error as Error).message}`);
  }
  try {
    const manifest = JSON.parse(text) as Manifest;
    return isManifest(manifest) ? manifest : wrong(`it is no manifest (${SCHEMA})`);
  } catch (error) {
    return wrong(`it does not parse: ${(error as Error).message}`);
  }
}

function isManifest(manifest: Manifest | null): boolean {
  const { schema, files } = manifest ?? {};
  if (schema !== SCHEMA || !Array.isArray(files)) return false;
  const paths = new Set(files.map((file) => file?.path));
  return (
    paths.size === files.length &&
    files.every((file) => typeof file?.path === 'string' && /^[0-9a-f]{64}$/.test(String(file.sha256)))
  );
}

/** Whatever is no folder, from the top, sorted; links are not followed. */
async function filesOf(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .filter((path) => path !== MANIFEST)
    .sort();
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
