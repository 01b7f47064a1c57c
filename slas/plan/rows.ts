import type { Objective, Phase, Scenario, SlaDocument } from '../model/model.ts';

/** A unit of judgement: an objective over the whole run, or in one phase. */
export interface Row {
  readonly objective: Objective;
  readonly phase: Phase | null;
}

/** Rows are in the order of the document's objectives, then of the phases. */
export const rowsOf = (document: SlaDocument, scenario: Scenario): readonly Row[] =>
  document.objectives.flatMap((objective) => {
    const named = scenario.objectives.filter(({ id }) => id === objective.id);
    const isWhole = named.some(({ phases }) => phases === null);
    const phases = scenario.phases.filter(({ name }) => named.some((one) => one.phases?.includes(name)));
    return [
      ...(isWhole ? [{ objective, phase: null }] : []),
      ...phases.map((phase) => ({ objective, phase })),
    ];
  });

/** The id of a row: `latency-p95`, or `latency-p95 · hold`. */
export const idOf = ({ objective, phase }: Row) =>
  phase === null ? objective.id : `${objective.id} · ${phase.name}`;
