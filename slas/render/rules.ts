import { stringify } from 'yaml';
import type { RuleGroup } from '../alerts/rules/rule.ts';

/** Rules as the file that Prometheus loads. `source` names the document that they are written from. */
export function renderRules(groups: readonly RuleGroup[], source: string): string {
  const head = `# Written by ./sla rules from ${source}: change it there, and write this again.\n`;
  return head + stringify({ groups }, { lineWidth: 0 });
}
