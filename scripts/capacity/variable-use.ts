import { readdir, readFile } from 'node:fs/promises';
import { dirname, extname, join, resolve } from 'node:path';
import { REPLICAS } from '../../slas/capacity/scaling.ts';
import { accept, badOption, type Input } from '../cli/inputs.ts';
import type { Variant } from './variants.ts';

/** `--by NAME=…` compares searches only if something reads the variable. Otherwise, each of them measures the same load. */

export interface Readers {
  /** The load script, as an absolute path. */
  readonly script: string;
  /** The source folder of the service; null if the harness does not start it, so it does not get the variable. */
  readonly service: string | null;
}

export async function checkVariable(
  variant: Variant | null,
  { script, service }: Readers,
  shown: string,
): Promise<Input<null>> {
  if (variant === null || variant.name === REPLICAS) return accept(null);
  const { name } = variant;
  if (service !== null && OF_LIBRARIES.test(name)) return accept(null);
  const files = [
    ...(await withImports(script)).values(),
    ...(service === null ? [] : await sourcesIn(service)),
  ];
  const word = new RegExp(`(?<![\\w$])${name}(?![\\w$])`);
  // With a name that the script computes, only the script knows.
  if (files.some((text) => word.test(text) || COMPUTED.test(text))) return accept(null);
  const too = service === null ? '' : ', and the service does not read it';
  return badOption(
    '--by',
    `"${name}" does not occur in ${shown} or in the files that it imports${too}, so every search would measure the same load: name a variable that the script reads from __ENV`,
  );
}

/** Variables that the libraries of a service read. */
const OF_LIBRARIES = /^(UV|OMP|ORT|MKL|OPENBLAS|MALLOC)_/;
const COMPUTED = /__ENV\s*\[\s*[^'"\s]/;
/** Relative specifiers of imports, re-exports, require() and import(). k6 needs complete file names. */
const IMPORTED = /(?:\bfrom|\bimport|\brequire)\s*\(?\s*['"](\.{1,2}\/[^'"]+)['"]/g;

/** The text of a script and of the files that it imports, by path. A file that cannot be read is left out: k6 reports it. */
export async function withImports(script: string): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  const open = [script];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (texts.has(file)) continue;
    const text = await readFile(file, 'utf8').catch(() => null);
    if (text === null) continue;
    texts.set(file, text);
    for (const [, target] of text.matchAll(IMPORTED)) open.push(resolve(dirname(file), target!));
  }
  return texts;
}

async function sourcesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter(
    (entry) => entry.isFile() && extname(entry.name) === '.ts' && !entry.name.includes('.test.'),
  );
  return await Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'utf8')));
}
