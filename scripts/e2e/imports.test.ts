import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

/**
 * Which of our own files a file may import: the dependency arrows of the design. `import type` and libraries are not
 * restricted. An import circle is an error even if it consists only of types.
 */

const ROOT = dirname(dirname(import.meta.dirname));
const FOLDERS = ['service', 'loadtests', 'slas', 'dashboards', 'scripts'];

interface Rule {
  readonly files: RegExp;
  readonly mayImport: RegExp;
}

/** The first matching rule applies to a file; within `slas`, the stages below also apply. */
const RULES: readonly Rule[] = [
  { files: /^service\/metric-names\.ts$/, mayImport: /^$/ },
  // Only slas/prometheus communicates with a server, and only in these files.
  { files: /^slas\/prometheus\//, mayImport: /^slas\// },
  // The files that other programs embed.
  { files: /^slas\/index\.ts$/, mayImport: /^slas\// },
  {
    files: /^slas\//,
    mayImport: /^slas\/(?!prometheus\/(prometheus|http|series|transport|wait|await-scrape)\.ts)/,
  },
  {
    files: /^dashboards\//,
    // Numbers and reasons become words in one place only, and only one place parses the columns of a record.
    mayImport:
      /^(dashboards\/|slas\/(model|render|document\/(?:units|edges)|client\/requests|prometheus\/promql)\b|service\/metric-names\.ts$)/,
  },
  { files: /^loadtests\//, mayImport: /^loadtests\/lib\// },
  { files: /^service\//, mayImport: /^service\// },
  { files: /^scripts\//, mayImport: /^(scripts|slas|service|dashboards)\// },
];

/** The stages of the core in the order of the data flow: no stage imports a later one. */
const STAGES = [
  'slas/model',
  'slas/render/numbers.ts',
  'slas/render/printable.ts',
  'slas/document',
  'slas/recognise',
  'slas/statistics',
  'slas/prometheus',
  'slas/alerts/rules',
  'slas/plan',
  'slas/client',
  'slas/window',
  'slas/measures',
  'slas/alerts',
  'slas/judge',
  'slas/compare',
  'slas/capacity',
  'slas/simulation',
  'slas/render',
  'slas/index.ts',
] as const;

const stageOf = (file: string) => {
  const fitting = STAGES.filter((stage) => file === stage || file.startsWith(`${stage}/`));
  return STAGES.indexOf(fitting.toSorted((a, b) => b.length - a.length)[0]!);
};

/** Pure files must not use the file system, the network, the clock, the environment or random numbers. */
const PURE =
  /^slas\/(?!prometheus\/(prometheus|http|series|transport|wait|await-scrape)\.ts).*\.ts$|^dashboards\/(?!report\/browser\.ts).*\.ts$|^service\/(config|recording-config|tracing-config|env-reader|metric-names|fault-spec)\.ts$/;
const IMPURE =
  /\bfrom 'node:|\bprocess\.\w|\bfetch\(|\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bperformance\.now\(/;

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

const OF_VALUES = /^(?:import|export)\s+(?!type\b)[^;]*?from\s+'(\.[^']+)'/gm;
const OF_VALUES_AND_TYPES = /^(?:import|export)\s+[^;]*?from\s+'(\.[^']+)'/gm;

function importsOf(file: string, pattern = OF_VALUES): string[] {
  const found = readFileSync(join(ROOT, file), 'utf8').matchAll(pattern);
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

  test.each(sources.filter((file) => file.startsWith('slas/')))('%s imports no later stage', (file) => {
    const stage = stageOf(file);
    expect(stage, `${file} is in no stage`).not.toBe(-1);
    expect(importsOf(file).filter((target) => stageOf(target) > stage)).toEqual([]);
  });

  test('there are no import circles, not even of types', () => {
    const targets = new Map(sources.map((file) => [file, importsOf(file, OF_VALUES_AND_TYPES)]));
    const done = new Set<string>();
    const walk = (file: string, path: readonly string[]): readonly string[] | null => {
      if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
      if (done.has(file)) return null;
      for (const target of targets.get(file) ?? []) {
        const circle = walk(target, [...path, file]);
        if (circle !== null) return circle;
      }
      done.add(file);
      return null;
    };
    expect(sources.flatMap((file) => walk(file, []) ?? [])).toEqual([]);
  });

  test('no file outside scripts, including tests, imports a file from scripts', () => {
    const others = all.filter((file) => !file.startsWith('scripts/'));
    const found = others.filter((file) => importsOf(file).some((target) => target.startsWith('scripts/')));
    expect(found).toEqual([]);
  });

  test('finds imports of values and of types', () => {
    expect(importsOf('slas/judge/judge.ts')).toContain('slas/measures/measure.ts');
    expect(importsOf('dashboards/report/top.ts')).not.toContain('dashboards/report/input.ts');
    expect(importsOf('dashboards/report/top.ts', OF_VALUES_AND_TYPES)).toContain(
      'dashboards/report/input.ts',
    );
    expect(sources.length).toBeGreaterThan(30);
  });
});
