// What a look at an experiment found: verdicts with a sentence of their numbers each. Made from the
// running sums by core/statistics, read by decide.ts.

export interface Verdict {
  verdict: 'pass' | 'fail' | 'inconclusive' | 'error';
  /** With its numbers: "412 of 1,000 users in treatment". */
  sentence: string;
}

export interface Evidence {
  /** fail: a guardrail is proven harmed beyond its tolerance. */
  harm: Verdict;
  /** fail: visitors are not split as they should be, so nothing can be compared. */
  sampleRatio: Verdict;
  /** pass: fresh and complete. Anything else holds. */
  health: Verdict;
  /** pass: enough users in both arms. */
  users: Verdict;
  /** fail: a guardrail looks harmed, though not proven so. */
  amber: Verdict;
  /** pass: what `promote_on` asks for is shown. */
  promotion: Verdict;
}

export interface Facts {
  /** Null when it could not be gathered, which holds. */
  evidence: Evidence | null;
  /** Why the router takes the candidate for down; null while it answers. */
  candidateDown: string | null;
  /** The model in production now. */
  production: string;
  /** Null when a slice is free for this experiment, else its place in the line, from 1. */
  placeInLine: number | null;
}
