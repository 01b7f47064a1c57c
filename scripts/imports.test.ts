import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

/** Who may import which of our own files: the arrows of the design. `import type` is free, libraries are free. */

const ROOT = dirname(import.meta.dirname);
const FOLDERS = ['service', 'loadtests', 'slas', 'dashboards', 'scripts'];

interface Rule {
  readonly files: RegExp;
  readonly mayImport: RegExp;
}

/** The first rule that fits a file holds for it. */
const RULES: readonly Rule[] = [
  { files: /^slas\/model\.ts$|^service\/metric-names\.ts$/, mayImport: /^$/ },
  { files: /^slas\/prometheus-answer\.ts$/, mayImport: /^$/ },
  { files: /^slas\/prometheus-http\.ts$/, mayImport: /^slas\/prometheus-answer\.ts$/ },
  { files: /^slas\/prometheus-series\.ts$/, mayImport: /^slas\/prometheus-http\.ts$/ },
  { files: /^slas\/prometheus-wait\.ts$/, mayImport: /^slas\/(promql|prometheus-http|arrival)\.ts$/ },
  {
    files: /^slas\/prometheus\.ts$/,
    mayImport: /^slas\/(promql|prometheus-(answer|http|wait)|thinning|arrival)\.ts$/,
  },
  { files: /^slas\//, mayImport: /^slas\/(?!prometheus(-answer|-http|-series|-wait)?\.ts)/ },
  {
    files: /^dashboards\//,
    // How numbers read, and the columns of a record, have one reader each.
    mayImport:
      /^(dashboards\/|slas\/(model|model\/reasons|promql|numbers|client-requests|units|printable|render\/reasons\/words)\.ts$|service\/metric-names\.ts$)/,
  },
  { files: /^loadtests\//, mayImport: /^loadtests\/lib\// },
  { files: /^service\//, mayImport: /^service\// },
  { files: /^scripts\//, mayImport: /^(scripts|slas|service|dashboards)\// },
];

/** Pure files may use neither the file system nor the network, the clock, the environment or chance. */
const PURE =
  /^slas\/(?!prometheus(-http|-series|-wait)?\.ts).*\.ts$|^dashboards\/(?!report\/browser\.ts).*\.ts$|^service\/(config|telling-config|tracing-config|env-reader|metric-names|fault-spec)\.ts$/;
const IMPURE =
  /\bfrom 'node:|\bprocess\.|\bfetch\(|\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bperformance\.now\(/;

const all = FOLDERS.flatMap((folder) => {
  const entries = (() => {
    try {
      return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
    } catch {
      return [];
    }
  })();
  return entries.map((entry) => join(folder, entry)).filter((file) => file.endsWith('.ts'));
});
const sources = all.filter((file) => !/\.test\.ts$|\/testing\/|\/test-support/.test(file));

function importsOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const found = text.matchAll(/^(?:import|export)\s+(?!type\b)[^;]*?from\s+'(\.[^']+)'/gm);
  return [...found].map(([, target]) => relative(ROOT, resolve(ROOT, dirname(file), target!)));
}

describe('imports', () => {
  test.each(sources)('%s', (file) => {
    const rule = RULES.find(({ files }) => files.test(file));
    expect(rule, `no rule says what ${file} may import`).toBeDefined();
    expect(importsOf(file).filter((target) => !rule!.mayImport.test(target))).toEqual([]);
  });

  test.each(sources.filter((file) => PURE.test(file)))('%s is pure', (file) => {
    const text = readFileSync(join(ROOT, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    expect(IMPURE.exec(text)?.[0]).toBeUndefined();
  });

  test('nobody imports scripts, and no test does either', () => {
    const others = all.filter((file) => !file.startsWith('scripts/'));
    const found = others.filter((file) => importsOf(file).some((target) => target.startsWith('scripts/')));
    expect(found).toEqual([]);
  });

  test('the walk sees what is there', () => {
    expect(importsOf('slas/judge.ts')).toContain('slas/measure.ts');
    expect(sources.length).toBeGreaterThan(30);
  });
});
