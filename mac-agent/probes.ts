/**
 * Compares what the model server says with what the trainer's own model said, token by token.
 * The job runner asks before it reports success: a wrong export must never reach a visitor. Pure.
 * Only a near-tie may differ, because two correct implementations round differently there; what
 * follows it is another answer and proves nothing.
 */
import type { GreedyAnswer } from './model-server/index.ts';
import type { Probe } from './trainer-events.ts';

/** Two best logits closer than this are a tie that f16 and f32 may break differently. */
export const NEAR_TIE_LOGITS = 0.05;

export type ProbeResult =
  | { same: true; at: null }
  | { same: true; at: number; reason: string }
  | { same: false; at: number; reason: string };

export type Vocabulary = {
  /** The text of a token as bytes; empty for control tokens such as the end of a turn. */
  bytesOf(token: number): Uint8Array;
  isControl(token: number): boolean;
};

const withoutEnd = (tokens: readonly number[], vocabulary: Vocabulary): number[] => {
  const kept = [...tokens];
  while (kept.length > 0 && vocabulary.isControl(kept.at(-1) ?? -1)) kept.pop();
  return kept;
};

/** Index of the first token that differs; null when one is equal to the other. */
const firstDifference = (expected: readonly number[], served: readonly number[]): number | null => {
  const length = Math.max(expected.length, served.length);
  for (let index = 0; index < length; index += 1) {
    if (expected[index] !== served[index]) return index;
  }
  return null;
};

/** The same by text, for a server that tells no token ids. */
const firstTextDifference = (
  expected: readonly number[],
  served: string,
  vocabulary: Vocabulary,
): number | null => {
  const bytes = Buffer.from(served.trimEnd());
  let at = 0;
  for (const [index, token] of expected.entries()) {
    const piece = vocabulary.bytesOf(token);
    const there = bytes.subarray(at, at + piece.length);
    if (!there.equals(piece)) {
      // Trailing white space is cut by one side and not by the other: the rest must be blank.
      const rest = expected.slice(index).flatMap((id) => [...vocabulary.bytesOf(id)]);
      const tail = Buffer.from(rest).toString();
      return tail.trimEnd() === bytes.subarray(at).toString() ? null : index;
    }
    at += piece.length;
  }
  return at >= bytes.length ? null : expected.length;
};

export const compareProbe = (
  probe: Probe,
  served: GreedyAnswer,
  vocabulary: Vocabulary,
): ProbeResult => {
  const expected = withoutEnd(probe.token_ids, vocabulary);
  const at =
    served.tokenIds === null
      ? firstTextDifference(expected, served.text, vocabulary)
      : firstDifference(expected, withoutEnd(served.tokenIds, vocabulary));
  if (at === null) return { same: true, at: null };
  const margin = probe.margins[at];
  if (margin === undefined) {
    return { same: false, at, reason: `goes on at token ${at} where the trained model ended` };
  }
  const gap = margin.toFixed(3);
  if (Math.abs(margin) < NEAR_TIE_LOGITS) {
    return { same: true, at, reason: `near-tie at token ${at}, margin ${gap}` };
  }
  return {
    same: false,
    at,
    reason: `differs at token ${at} where the trained model was sure by ${gap} logits (a difference is allowed below ${NEAR_TIE_LOGITS})`,
  };
};

/** The sentence for all probes: null when every one agrees. */
export const mismatchOf = (results: readonly ProbeResult[]): string | null => {
  const wrong = results.flatMap((result, index) => (result.same ? [] : [{ index, result }]));
  const first = wrong[0];
  if (!first) return null;
  return `The served model is not the trained one: ${wrong.length} of ${results.length} probes differ; probe ${first.index + 1} ${first.result.reason}. Check the export and the base, nothing was registered.`;
};
