import {
  isMap,
  isNode,
  isSeq,
  LineCounter,
  parseDocument as parseYaml,
  type Document as YamlDocument,
} from 'yaml';
import type { Problem, SlaDocument } from '../model/model.ts';
import { fail, ok, type Result } from '../model/result.ts';
import { build } from './build.ts';
import { checkMeaning } from './checks.ts';
import { edgeWarnings } from './edge-warnings.ts';
import type { RawDocument } from './schema.ts';
import { structureProblems } from './structure.ts';

/** An SLA document, or all its problems in the order of the file. */
export type ParsedDocument = Result<SlaDocument, readonly Problem[]>;

/** Parses and checks the YAML text of an SLA document. Pure: returns all problems at once, with their places. */
export function parseDocument(yamlText: string): ParsedDocument {
  const lines = new LineCounter();
  const yaml = parseYaml(yamlText, { lineCounter: lines, prettyErrors: false });
  if (yaml.errors.length > 0)
    return fail(
      yaml.errors.map(({ code, message, pos }) =>
        yamlProblem(code === 'MULTIPLE_DOCS' ? SEVERAL_DOCUMENTS : message, pos[0], lines),
      ),
    );
  const raw = contentOf(yaml);
  if (!raw.ok) return fail([yamlProblem(raw.error, 0, lines)]);
  const structural = structureProblems(raw.value);
  const problems = [...structural, ...meaningProblems(raw.value, structural)];
  if (problems.length > 0) return fail(inFileOrder(problems.map((p) => place(p, yaml, lines))));
  return ok(build(raw.value as RawDocument));
}

/**
 * What a valid document should be warned about, with places; each is only a warning.
 *
 * @param more found by later stages
 */
export function warningsOf(
  yamlText: string,
  document: SlaDocument,
  more: readonly Problem[] = [],
): readonly Problem[] {
  const lines = new LineCounter();
  const yaml = parseYaml(yamlText, { lineCounter: lines, prettyErrors: false });
  return inFileOrder([...edgeWarnings(document), ...more].map((warning) => place(warning, yaml, lines)));
}

/** The content of the YAML text, or the parser's message why its aliases cannot be resolved: unknown aliases, or far too many. */
function contentOf(yaml: YamlDocument): Result<unknown, string> {
  try {
    const content = yaml.toJS();
    // An alias may contain itself; JSON.stringify detects that.
    JSON.stringify(content);
    return ok(content);
  } catch (error) {
    if (error instanceof ReferenceError) return fail(error.message);
    if (error instanceof TypeError) return fail('an alias refers to a node that contains it');
    throw error;
  }
}

const SEVERAL_DOCUMENTS =
  'the file contains multiple documents, separated by ---: put each SLA document in its own file';

const yamlProblem = (message: string, offset: number, lines: LineCounter): Problem => {
  const { line, col } = lines.linePos(offset);
  return { code: 'yaml', path: '', message: `not valid YAML: ${message}`, line, column: col };
};

function meaningProblems(raw: unknown, structural: readonly Problem[]): readonly Problem[] {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return [];
  const broken = (path: string) =>
    structural.some((found) => found.path === path || isInside(found.path, path));
  const isSound = (path: string) => {
    const [top] = path.split(/[.[]/);
    // One broken scenario does not affect the others.
    if (path === 'scenarios') return path in raw && !structural.some((found) => found.path === path);
    return top! in raw && !broken(path);
  };
  return checkMeaning(raw as RawDocument, isSound);
}

const isInside = (path: string, ancestor: string) => path.startsWith(`${ancestor}.`);

/** Adds line and column of the path, or of its nearest ancestor in the file. */
function place(problem: Problem, yaml: YamlDocument, lines: LineCounter): Problem {
  let node: unknown = yaml.contents;
  for (const part of problem.path.match(/[^.[\]]+/g) ?? []) {
    const inside = isMap(node)
      ? node.items.find(({ key }) => String(key) === part)?.value
      : isSeq(node) && node.items[Number(part)];
    if (!isNode(inside)) break;
    node = inside;
  }
  const { line, col } = lines.linePos(isNode(node) ? node.range![0] : 0);
  return { ...problem, line, column: col };
}

const inFileOrder = (problems: Problem[]) =>
  problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
