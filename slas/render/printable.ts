/**
 * Makes text from outside (documents, servers, logs, file names) safe to show. One place defines what is
 * replaced: control characters affect terminals, and invisible Unicode characters make a line look different
 * from its content.
 */

const ESCAPE = '\u001b';
/** The replacement for a character that is not shown. */
const INSTEAD = '\ufffd';

/**
 * C0 except tab and line feed, DEL and C1; directional marks, overrides and isolates; separators; invisible
 * and tag characters; unpaired surrogates.
 */
const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is meant
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\p{Surrogate}]/gu;

/** The styles that our own renderers use. Every other sequence is replaced. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const OUR_STYLES = /(\u001b\[(?:0|1|2|31|32|33)m)/;

/**
 * Lines that CI servers interpret as commands: GitHub (`::error::`, `##[error]`), Azure (`##vso[`), TeamCity
 * (`##teamcity[`).
 */
const LINE_COMMAND = /^([^\S\n]*):(?=:)/gm;
const HASH_COMMAND = /##(?=\w*\[)/g;

/** Makes multi-line text printable, and keeps its lines. */
export const printable = (text: string): string => text.replaceAll('\r\n', '\n').replace(UNSAFE, INSTEAD);

/** Makes text printable on a single line, so that nothing in it can start a new line. */
export const printableLine = (text: string): string => printable(text).replace(/\s*\n\s*/g, ' ');

/** Output for a terminal or the log of a CI job. `styled`: the styles of our own renderers stay. */
export function printableOutput(text: string, styled: boolean): string {
  const shown = styled && text.includes(ESCAPE) ? outsideStyles(text) : printable(text);
  return shown.replace(LINE_COMMAND, '$1: ').replace(HASH_COMMAND, '# #');
}

const outsideStyles = (text: string): string =>
  text
    .split(OUR_STYLES)
    .map((part, index) => (index % 2 === 1 ? part : printable(part)))
    .join('');

/** JSON with the same data and none of these characters, so that it may be printed byte for byte. */
export const printableJson = (json: string): string =>
  json.replace(UNSAFE, jsonEscaped).replace(HASH_COMMAND, '#\\u0023');

const jsonEscaped = (found: string): string =>
  Array.from({ length: found.length }, (_, index) => {
    const unit = found.charCodeAt(index);
    return `\\u${unit.toString(16).padStart(4, '0')}`;
  }).join('');
