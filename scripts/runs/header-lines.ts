import { fail, ok, type Result } from '../../slas/model/result.ts';

/** One header of a text with lines `Name: value`. */
export interface HeaderLine {
  readonly name: string;
  readonly value: string;
}

/** Parses headers from lines `Name: value`. The error about an invalid line does not contain the line. */
export function readHeaderLines(text: string): readonly Result<HeaderLine, string>[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  return lines.flatMap((line, index): Result<HeaderLine, string>[] => {
    if (line === '') return [];
    const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+)\s*:\s*([\x20-\x7e]*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined || value === '')
      return [fail(`line ${index + 1} is not a header: write "Name: value", one per line`)];
    return [ok({ name, value })];
  });
}

const SECRET_HEADER = /auth|token|key|secret|cookie|passw|credential|signature|session/i;

/** Tenants such as `X-Scope-OrgID: checkout` are not secret, and may be the value of a label. */
export const isSecretHeader = ({ name }: HeaderLine): boolean => SECRET_HEADER.test(name);
