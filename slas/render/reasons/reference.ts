import type { ReasonCode } from '../../model/reasons.ts';
import { REASONS } from './words.ts';

/**
 * The reference page of every reason, for docs/reasons.md. `examples`: the words of a code in some verdict.
 */
export function renderReasonReference(examples: ReadonlyMap<ReasonCode, string>): string {
  const codes = (Object.keys(REASONS) as ReasonCode[]).filter((code) => code !== 'words').sort();
  return `${[HEAD, ...codes.map((code) => sectionOf(code, examples.get(code)))].join('\n\n')}\n`;
}

const HEAD = `# Reasons

Generated from \`slas/render/reasons/\`: change the words there, and run \`./sla test slas/render/reasons -u\`.

Every objective, precondition, alert and row of counts in \`verdict.json\` has \`reasons\`: codes with their figures, and the same in words next to them.
Codes stay the same between versions; words may change. Look up a code here to see what it means and what to do about it.
[How a verdict is reached](verdict.md) explains the checks.`;

function sectionOf(code: ReasonCode, example: string | undefined): string {
  const { meaning, next } = REASONS[code];
  const shown = example === undefined || example === '' ? [] : [`> ${escaped(example)}`];
  return [`## ${code}`, ...shown, meaning, `**What to do**: ${next}`].join('\n\n');
}

/** Words of a verdict as plain Markdown text. */
const escaped = (words: string) => words.replace(/[\\`*_[\]<]/g, '\\$&');
