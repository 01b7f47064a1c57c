import Schema from 'typebox/schema';
import { Settings } from 'typebox/system';
import type { Problem } from '../model/model.ts';
import { DocumentSchema, TARGET_PATTERN } from './schema.ts';

/** Problems of a document that the schema finds. */

/** By default the library stops at 8 problems; we report all. */
Settings.Set({ maxErrors: 1_000 });

const schema = Schema.Compile(DocumentSchema);

type SchemaError = {
  keyword: string;
  schemaPath: string;
  instancePath: string;
  message: string;
  params: object;
};

export function structureProblems(raw: unknown): Problem[] {
  const [, errors] = schema.Errors(raw);
  return (errors as SchemaError[]).filter(isTelling).flatMap((error) => schemaProblem(error, raw));
}

/** A union reports every branch that did not match, and a closed object each extra field twice; one line for each is enough. */
const isTelling = (error: SchemaError) =>
  error.keyword !== 'boolean' && !error.schemaPath.includes('/anyOf/');

/** Descriptions of the patterns in the schema. */
const PATTERNS: Readonly<Record<string, string>> = {
  '^[a-z0-9]+(-[a-z0-9]+)*$': 'be lower-case words joined by hyphens',
  '^/': 'begin with /',
  '^\\d{4}-\\d{2}-\\d{2}$': 'be a date such as 2026-12-31',
  '^[A-Za-z_][A-Za-z0-9_]*$': 'consist of letters, digits and _, and not begin with a digit',
  [TARGET_PATTERN]:
    'be a host, or a host and its port, for example api.example.org or 10.0.0.7:8080, in lower case, without scheme, path or wildcard',
};

function schemaProblem(error: SchemaError, raw: unknown): Problem[] {
  const { path, value } = find(raw, error.instancePath);
  const params = error.params as {
    additionalProperties?: string[];
    requiredProperties?: string[];
    allowedValue?: unknown;
    pattern?: string;
  };
  const at = (code: string, message: string): Problem => ({ code, path, message });
  switch (error.keyword) {
    case 'additionalProperties':
      return (params.additionalProperties ?? []).map((name) => ({
        code: 'unknown-field',
        path: path === '' ? name : `${path}.${name}`,
        message: `unknown field "${name}"${path === '' ? '' : ` in ${path}`}`,
      }));
    case 'required':
      return [
        at(
          'missing-field',
          `${path || 'the document'} lacks ${(params.requiredProperties ?? []).join(', ')}`,
        ),
      ];
    case 'const':
      return [at('wrong-value', `${path} must be ${JSON.stringify(params.allowedValue)}, but is ${value}`)];
    case 'anyOf':
      return [at('wrong-value', `${path} is ${value}, which is not one of the allowed forms`)];
    case 'pattern':
      return [
        at(
          'wrong-value',
          `${path} is ${value}: it must ${PATTERNS[params.pattern ?? ''] ?? `match ${params.pattern}`}`,
        ),
      ];
    default:
      return [at('wrong-value', `${path || 'the document'} ${withArticle(error.message)}, but is ${value}`)];
  }
}

/** The schema library says `must be array`. */
const withArticle = (message: string) =>
  message
    .replace(/^must be (?=array$|object$|integer$)/, 'must be an ')
    .replace(/^must be (?=string$|number$|boolean$)/, 'must be a ');

const pointer = (instancePath: string) =>
  instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));

/** The path in the notation of messages (`objectives[0].id`), and the value there. Keys may also consist of digits. */
function find(raw: unknown, instancePath: string): { path: string; value: string } {
  let [path, found] = ['', raw];
  for (const part of pointer(instancePath)) {
    path += Array.isArray(found) ? `[${part}]` : path === '' ? part : `.${part}`;
    found = (found as Record<string, unknown>)[part];
  }
  // JSON cannot represent .inf and .nan.
  return { path, value: typeof found === 'number' ? String(found) : JSON.stringify(found) };
}
