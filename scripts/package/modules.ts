import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** Determines which compiled files the package needs, and which other packages these files import. */

export interface Needed {
  /** Paths relative to the folder, with slashes. */
  readonly files: ReadonlySet<string>;
  /** The names of npm packages. */
  readonly packages: ReadonlySet<string>;
}

/** Matches `import … from '…'`, `export … from '…'`, `import '…'`, `import('…')` and, in types, `import("…")`. */
const IMPORT =
  /^(?:import|export)\b[^'"`;]*?\bfrom\s*'([^'\n]+)'|^import\s+'([^'\n]+)'|\bimport\(\s*['"]([^'"\n]+)['"]\s*\)/gm;

/**
 * Follows the imports of compiled files.
 *
 * @param extension `.js` for code, or `.d.ts` for types
 * @param left files whose imports are not followed
 */
export function neededBy(
  folder: string,
  entries: readonly string[],
  extension: '.js' | '.d.ts',
  left: readonly string[] = [],
): Needed {
  const files = new Set<string>();
  const packages = new Set<string>();
  const waiting = [...entries];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (files.has(file) || left.includes(file) || !existsSync(join(folder, file))) continue;
    files.add(file);
    for (const target of importsIn(readFileSync(join(folder, file), 'utf8'))) {
      if (target.startsWith('.'))
        waiting.push(normalize(join(dirname(file), target)).replace(/\.(js|ts)$/, extension));
      else if (!target.startsWith('node:')) packages.add(packageOf(target));
    }
  }
  return { files, packages };
}

/** Removes comments, because they may contain examples of imports. */
const importsIn = (text: string): readonly string[] =>
  [...text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '').matchAll(IMPORT)].map(
    ([, from, alone, later]) => (from ?? alone ?? later)!,
  );

const packageOf = (target: string) =>
  target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/');
