import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import Type, { type Static } from 'typebox';
import Schema from 'typebox/schema';
import { HarnessError } from '../cli/errors.ts';
import { writeWhole } from '../run/disk.ts';
import { readPlainJson, Unreadable } from './stored-files.ts';

/**
 * A run folder is sealed once all of its content is final. `manifest.json` then lists the hash of every other file,
 * including logs. The manifest is written last, so a folder without one belongs to a run that did not finish.
 */
export const MANIFEST = 'manifest.json';
const SCHEMA = 'sla-harness/manifest/v1';

const ManifestSchema = Type.Object({
  schema: Type.Literal(SCHEMA),
  files: Type.Array(
    Type.Object({
      /** The path relative to the run folder, with slashes. */
      path: Type.String(),
      bytes: Type.Optional(Type.Number()),
      sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    }),
  ),
  /** All folders. Old manifests lack this field and list only files. */
  folders: Type.Optional(Type.Array(Type.String())),
});
type Manifest = Static<typeof ManifestSchema>;
const manifestSchema = Schema.Compile(ManifestSchema);

/** An altered file or folder, and how it was altered. */
export interface Alteration {
  readonly file: string;
  readonly message: string;
}

/**
 * Seals a folder. Resolves to the hash of the manifest, which covers the whole folder. Throws HarnessError `cannot-write` or
 * `cannot-seal`.
 */
export async function seal(folder: string): Promise<string> {
  const { files: found, folders } = await contentOf(folder);
  const files: Manifest['files'] = [];
  for (const { path, bytes } of found) {
    const sealed = await contentHash(bytes, Number.POSITIVE_INFINITY);
    if (path === null || 'message' in sealed)
      throw new HarnessError(
        'cannot-seal',
        `${shownName(bytes)} cannot be sealed: it is not a plain file, or its name is not UTF-8`,
        {
          nextStep: 'find out which program put it into the run folder, and run again',
        },
      );
    files.push({ path, bytes: sealed.bytes, sha256: sealed.sha256 });
  }
  const paths = folders.flatMap(({ path }) => path ?? []);
  const manifest = { schema: SCHEMA, files, folders: paths } satisfies Manifest;
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  await writeWhole(join(folder, MANIFEST), text);
  return createHash('sha256').update(text).digest('hex');
}

/** Lists the differences between a folder and its manifest; empty if the folder is unaltered. */
export async function findAlterations(folder: string): Promise<readonly Alteration[]> {
  const manifest = await readManifest(folder);
  if ('message' in manifest) return [manifest];
  try {
    return await differences(folder, manifest);
  } catch (error) {
    // If the folder cannot be read, it cannot be verified.
    return [{ file: '.', message: `it cannot be read: ${(error as Error).message}` }];
  }
}

async function differences(folder: string, manifest: Manifest): Promise<readonly Alteration[]> {
  const { files, folders } = await contentOf(folder);
  const found = new Map(files.map((entry) => [entry.path, entry]));
  const sealed = new Set(manifest.files.map(({ path }) => path));
  const altered: Alteration[] = [];
  for (const { path, sha256, bytes } of manifest.files) {
    const entry = found.get(path);
    const message =
      entry === undefined
        ? `it is missing, expected sha256 ${sha256}`
        : await contentAlteration(entry, sha256, bytes);
    if (message !== null) altered.push({ file: path, message });
  }
  for (const entry of files.filter(({ path }) => path === null || !sealed.has(path))) {
    const content = await contentAlteration(entry, 'none');
    altered.push({
      file: entry.path ?? shownName(entry.bytes),
      message: `it is not in ${MANIFEST}: ${content}`,
    });
  }
  return [...altered, ...folderAlterations(manifest, folders)];
}

/** Additional and missing folders are alterations, even if they are empty. */
function folderAlterations({ files, folders: listed }: Manifest, found: readonly Entry[]): Alteration[] {
  const ofFiles = files.flatMap(({ path }) => parentsOf(path));
  const sealed = new Set(listed ?? ofFiles);
  const paths = found.map(({ path, bytes }) => path ?? shownName(bytes));
  const missing = (listed ?? []).filter((path) => !paths.includes(path));
  return [
    ...paths
      .filter((path) => !sealed.has(path))
      .map((file) => ({ file, message: `it is a folder that is not in ${MANIFEST}` })),
    ...missing.map((file) => ({ file, message: 'this folder is missing' })),
  ];
}

/** The parent folders of a path: `a` and `a/b` for `a/b/c`. */
const parentsOf = (path: string) =>
  path
    .split('/')
    .slice(0, -1)
    .map((_, index, parts) => parts.slice(0, index + 1).join('/'));

async function contentAlteration(entry: Entry, expected: string, bytes?: number): Promise<string | null> {
  const found = await contentHash(entry.bytes, bytes ?? MAX_HASHED_BYTES);
  if ('message' in found) return `expected sha256 ${expected}, found ${found.message}`;
  return found.sha256 === expected ? null : `expected sha256 ${expected}, found ${found.sha256}`;
}

async function readManifest(folder: string): Promise<Manifest | Alteration> {
  const wrong = (message: string): Alteration => ({ file: MANIFEST, message });
  try {
    const manifest = await readPlainJson(join(folder, MANIFEST));
    return isManifest(manifest) ? manifest : wrong(notManifest(manifest));
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return wrong(
      error.isMissing ? 'it is missing: the run did not finish, or the file was removed' : error.message,
    );
  }
}

function isManifest(manifest: unknown): manifest is Manifest {
  if (!manifestSchema.Check(manifest)) return false;
  const { files } = manifest as Manifest;
  return new Set(files.map(({ path }) => path)).size === files.length;
}

function notManifest(data: unknown): string {
  const { schema } = (data ?? {}) as { schema?: unknown };
  const told =
    typeof schema === 'string' && schema !== SCHEMA ? `, its schema is ${JSON.stringify(schema)}` : '';
  return `it is not a manifest (${SCHEMA})${told}`;
}

/** A file or folder in the run folder. Its name is stored as bytes, because it may not be valid UTF-8. */
interface Entry {
  /** The path relative to the run folder, with slashes; null: it is not valid UTF-8. */
  readonly path: string | null;
  /** The absolute path. */
  readonly bytes: Buffer;
}

interface Content {
  /** All files to seal: everything except folders and the manifest. */
  readonly files: readonly Entry[];
  readonly folders: readonly Entry[];
}

/** Lists entries in sorted order. Symbolic links are not followed. */
async function contentOf(folder: string): Promise<Content> {
  const files: Entry[] = [];
  const folders: Entry[] = [];
  const walk = async (within: Buffer, prefix: Buffer): Promise<void> => {
    for (const entry of await readdir(within, { withFileTypes: true, encoding: 'buffer' })) {
      const name = Buffer.concat([prefix, entry.name]);
      const bytes = Buffer.concat([within, SLASH, entry.name]);
      const one = { path: utf8(name), bytes };
      if (!entry.isDirectory()) files.push(one);
      else {
        folders.push(one);
        await walk(bytes, Buffer.concat([name, SLASH]));
      }
    }
  };
  await walk(Buffer.from(folder), Buffer.alloc(0));
  const byPath = (a: Entry, b: Entry) => ((a.path ?? '') < (b.path ?? '') ? -1 : 1);
  return {
    files: files.filter(({ path }) => path !== MANIFEST).sort(byPath),
    folders: folders.sort(byPath),
  };
}

const SLASH = Buffer.from('/');

function utf8(name: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(name);
  } catch {
    return null;
  }
}

/** The base name of a path that is not valid UTF-8, with its invalid bytes as `%ff`. */
const shownName = (bytes: Buffer) =>
  bytes
    .subarray(bytes.lastIndexOf('/') + 1)
    .toString('latin1')
    .replace(/[^ -~]/g, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`);

/** The maximum size of a file that is hashed although the manifest does not list it. The hash appears in the message. */
const MAX_HASHED_BYTES = 2 ** 30;

type Hashed = { readonly sha256: string; readonly bytes: number } | { readonly message: string };

/**
 * Hashes at most `maxBytes`, because a longer file differs anyway. Symbolic links are refused, because their target may
 * change.
 */
async function contentHash(path: Buffer, maxBytes: number): Promise<Hashed> {
  const notPlain = { message: 'something that is not a plain file' };
  if (!(await lstat(path)).isFile()) return notPlain;
  await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const stat = await file.stat();
  if (!stat.isFile()) return notPlain;
  if (stat.size > Math.max(maxBytes, MAX_HASHED_BYTES)) return { message: `${stat.size} bytes` };
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of file.createReadStream({ autoClose: false })) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  return { sha256: hash.digest('hex'), bytes };
}
