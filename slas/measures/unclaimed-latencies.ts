import { countIn, isAnsweredWith } from '../client/requests.ts';
import { alternativesOf, isMatched, matcherOf, textOf } from '../document/patterns.ts';
import { claimedCodes, codesOf, statusPattern } from '../document/statuses.ts';
import {
  claimsGrpc,
  isAlike,
  isBadWord,
  isGoodWord,
  isGrpcWord,
  outcomeLabels,
  spellingsOf,
} from '../document/vocabularies.ts';
import type { LabelMatcher, PlannedMeasure, PlannedObjective, RunRecord, Series } from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import { ok, type Result } from '../model/result.ts';
import { countIncreases, type Frame } from '../window/window.ts';
import { bracketOf, groupHistograms, type Histogram, withinOf } from './histograms.ts';
import { askedFor, holdsCodes, listedValues } from './unclaimed.ts';
import { witnessOf } from './witness.ts';

/**
 * Responses that a latency's selector excludes although they may be successful: `2xx`, where `20[01]` is selected and other series have
 * `200`. It is known how many of them were slow, but not which were successful. So the latency is judged twice: as if only the slow
 * responses belonged to it, and as if only the fast ones did.
 */
export interface UnclaimedLatencies {
  readonly slow: number;
  readonly fast: number;
  readonly reasons: readonly Reason[];
}

const NOTHING_LEFT_OUT: UnclaimedLatencies = { slow: 0, fast: 0, reasons: [] };

type Latency = PlannedMeasure & { readonly kind: 'latency'; readonly buckets: string };
type Labels = Series['labels'];

/**
 * @param samples the number that the selector counts
 * @param whole the whole run; the frame may be a part of it
 */
export function unclaimedLatencies(
  planned: Latency,
  { target }: PlannedObjective,
  samples: number,
  frame: Frame,
  whole: RunRecord,
): Result<UnclaimedLatencies, Reason> {
  const { responses: selector, buckets } = planned;
  // Old plans have no selector for such responses.
  if (selector === undefined) return ok(NOTHING_LEFT_OUT);
  const counted = countIncreases(selector, frame, 'zero');
  if (!counted.ok) return counted;
  const { where } = frame.selectedBy(buckets);
  const known = (frame.readings.get(selector)?.series ?? []).map(({ labels }) => labels);
  const isInDoubt = (labels: Labels) => mayBeSuccessful(labels, where, known);
  const histograms = groupHistograms(counted.value, planned.valuesIn);
  const latencies = histograms.map((one) => latenciesIn(one, target.value));
  const left = latencies.filter(({ all, labels }) => all > 0 && isInDoubt(labels));
  if (left.length === 0) return ok(NOTHING_LEFT_OUT);
  const most = missingAtMost(planned, samples, frame, whole);
  const sum = (of: (one: Latencies) => number) => left.reduce((so, one) => so + of(one), 0);
  return ok({
    slow: Math.min(
      most,
      sum(({ all, fastAtLeast }) => all - fastAtLeast),
    ),
    fast: Math.min(
      most,
      sum(({ fastAtMost }) => fastAtMost),
    ),
    reasons: [
      reason('unclaimed-latencies', {
        responses: sum(({ all }) => all),
        ...listedValues(
          left.map(({ labels, all }) => ({ labels, count: all })),
          where,
        ),
        selected: askedFor(where, outcomeLabels(where)),
        atMost: Number.isFinite(most) ? most : null,
      }),
    ],
  });
}

interface Latencies {
  readonly labels: Labels;
  readonly all: number;
  /** The same for a limit that is an edge of the histogram. */
  readonly fastAtLeast: number;
  readonly fastAtMost: number;
}

function latenciesIn(histogram: Histogram, limitSeconds: number): Latencies {
  const { labels } = histogram;
  const all = histogram.buckets.get(Number.POSITIVE_INFINITY)?.increase;
  if (all === undefined) return { labels, all: 0, fastAtLeast: 0, fastAtMost: 0 };
  const { least, most } = withinOf(bracketOf(limitSeconds, [histogram]));
  return { labels, all, fastAtLeast: least, fastAtMost: most };
}

/** A client that saw each response knows how many successful ones were not selected. */
function missingAtMost({ buckets, clientPath }: Latency, samples: number, frame: Frame, whole: RunRecord) {
  const status = statusPattern(frame.selectedBy(buckets).where);
  const witness = status === null ? null : witnessOf(frame, whole);
  if (witness === null) return Number.POSITIVE_INFINITY;
  const is = isAnsweredWith(status);
  const answered = countIn(
    witness.outcomes,
    (one) => (clientPath === null || one.path === clientPath) && is(one),
  );
  return Math.max(0, answered + witness.lost - samples);
}

// ---------------------------------------------------------------------------------------------- which are in doubt

/** Whether the selector excludes a series only because of its outcome, and that outcome may be one that the selector asks for. */
function mayBeSuccessful(
  labels: Labels,
  where: Readonly<Record<string, LabelMatcher>>,
  known: readonly Labels[],
): boolean {
  const missed = outcomeLabels(where).filter((label) => !isMatched(where[label]!, labels[label] ?? ''));
  return (
    missed.length > 0 &&
    missed.every((label) => !(label in labels) || mayBeAsked(label, labels[label]!, where[label]!, known))
  );
}

function mayBeAsked(label: string, value: string, match: LabelMatcher, known: readonly Labels[]): boolean {
  const values = [...new Set(known.flatMap((labels) => labels[label] ?? []))];
  const isOfCodes = holdsCodes(label, match);
  const claimed = isOfCodes || /^outcome$/i.test(label) ? claimedCodes(label, match) : new Set<string>();
  const codes = codesOf(label, value, values);
  if (codes !== null && claimed.size > 0) return codes.some((code) => claimed.has(code));
  if (spellingsOf(label, value).some(matcherOf(match))) return true;
  if (isBadWord(value)) return false;
  if (isGoodWord(label, value)) return true;
  if (claimsGrpc(match) && isGrpcWord(label, value)) return false;
  if (codes !== null && isOfCodes) return codes.some((code) => code < '400');
  if (claimed.size > 0) return true;
  const unseen = alternativesOf(match).filter((part) => !values.some(matcherOf(part)));
  return unseen.some((part) => isAlike(textOf(part), value));
}
