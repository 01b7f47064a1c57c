/**
 * The core, for programs that embed it: parse a document, plan, collect evidence from a Prometheus, judge, and put the verdict
 * into words. Everything is a pure function over plain data, except for `collectEvidence`.
 */
export { rulesOf } from './alerts/rules/rules.ts';
export { type ParsedDocument, parseDocument } from './document/document.ts';
export { judge } from './judge/judge.ts';
export type * from './model/model.ts';
export type { Result } from './model/result.ts';
export { planScenario, planWindow } from './plan/plan.ts';
export { planScript } from './plan/plan-script.ts';
export type { PlanOverrides } from './plan/planned-load.ts';
export type { Asker } from './prometheus/http.ts';
export { collectEvidence } from './prometheus/prometheus.ts';
export { type VerdictDocument, verdictDocument } from './render/json.ts';
export { renderJUnit } from './render/junit.ts';
export { renderMarkdown } from './render/markdown.ts';
export { wordsOf } from './render/reasons/words.ts';
export { renderRules } from './render/rules.ts';
export { testResultOf } from './render/test-result.ts';
export { renderText } from './render/text.ts';
