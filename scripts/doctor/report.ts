import type { ExitCode } from '../cli/io.ts';
import { type Checked, type Finding, runbookOf } from './finding.ts';

/** One line for each check. Findings follow, with their next steps and runbooks. */
export function reportOf({ context, namespace }: Place, checks: readonly Checked[]): string {
  const width = Math.max(...checks.map(({ what }) => what.length));
  const title = `namespace ${namespace}${context === undefined ? '' : ` of context ${context}`}`;
  const where = `${context === undefined ? '' : ` --context ${context}`} -n ${namespace}`;
  const lines = checks.flatMap((check) => linesOf(check, width, where));
  return `${[title, '', ...lines.map((line) => line.trimEnd()), '', conclusionOf(checks)].join('\n')}\n`;
}

export interface Place {
  readonly context?: string | undefined;
  readonly namespace: string;
}

function linesOf(check: Checked, width: number, where: string): readonly string[] {
  const what = check.what.padEnd(width);
  if (check.kind === 'unchecked') return [`  ? ${what}  not checked: ${check.why}`];
  const { findings } = check;
  if (findings.length === 0) return [`  ✓ ${what}`];
  return [
    `  ✗ ${what}  ${countOf(findings.length)}`,
    ...findings.flatMap((one) => linesOfFinding(one, where)),
  ];
}

/** Adds the namespace to the commands, so that they can be copied. Manifests contain the namespace themselves. */
const linesOfFinding = (finding: Finding, where: string): readonly string[] => [
  `      ${finding.object}: ${finding.what}`,
  `        next: ${finding.nextStep.replace(/\bkubectl (?!apply)/g, `kubectl${where} `)}`,
  `        ${runbookOf(finding)}`,
];

const countOf = (count: number) => (count === 1 ? '1 finding' : `${count} findings`);

export const findingsOf = (checks: readonly Checked[]): readonly Finding[] =>
  checks.flatMap((check) => (check.kind === 'checked' ? check.findings : []));

function conclusionOf(checks: readonly Checked[]): string {
  const found = findingsOf(checks).length;
  const unchecked = checks.filter(({ kind }) => kind === 'unchecked').length;
  const rest = unchecked === 0 ? '' : `; ${unchecked} of ${checks.length} checks could not be made`;
  return found === 0 ? `nothing found${rest}` : `${countOf(found)}${rest}`;
}

/**
 * The exit code, with the same meaning as for verdicts: 1 for findings; 3 if there are none but a check could not be made.
 */
export function exitCodeOf(checks: readonly Checked[]): ExitCode {
  if (findingsOf(checks).length > 0) return 1;
  return checks.some(({ kind }) => kind === 'unchecked') ? 3 : 0;
}
