import { stringify } from 'yaml';
import type { RuleGroup } from '../alerts/rules/rule.ts';

/** The rules as a Prometheus rule file. `source` names the document that they are generated from. */
export function renderRules(groups: readonly RuleGroup[], source: string): string {
  const head = `# Written by ./sla rules from ${source}: change the document, and run the command again.\n`;
  return head + stringify({ groups }, { lineWidth: 0 });
}
