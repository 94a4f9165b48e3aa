// The quality of one answer, from explicit feedback, implicit signals, completeness and use of
// context. Read by curation only. `weighted` divides by the weights of the components that have
// evidence; `literal` always divides by all four: there no lone signal lifts an answer over 0.45.

export type Scoring = 'weighted' | 'literal';
export type Band = 'excellent' | 'good' | 'acceptable' | 'neutral' | 'poor';

export interface QualityEvidence {
  /** [-1, 1], or undefined where nobody voted. */
  explicit: number | undefined;
  /** [-1, 1], or undefined where no signal came. */
  implicit: number | undefined;
  responseTokens: number;
  /** Undefined where retrieval was not possible for that answer. */
  contextUsed: boolean | undefined;
}

export interface Quality {
  /** Weighted mean, may be negative. */
  raw: number;
  /** raw clamped to [0, 1]. */
  score: number;
  band: Band;
}

const WEIGHTS = { explicit: 0.4, implicit: 0.3, complete: 0.15, context: 0.15 } as const;

function bandOf(raw: number): Band {
  if (raw >= 0.8) return 'excellent';
  if (raw >= 0.6) return 'good';
  if (raw > 0.5) return 'acceptable';
  return raw >= 0 ? 'neutral' : 'poor';
}

/** Undefined when there is neither explicit nor implicit evidence. */
export function quality(
  evidence: QualityEvidence,
  scoring: Scoring = 'weighted',
): Quality | undefined {
  if (evidence.explicit === undefined && evidence.implicit === undefined) return undefined;
  const complete = evidence.responseTokens >= 50 && evidence.responseTokens <= 500 ? 1 : 0;
  const components: [number, number | undefined][] = [
    [WEIGHTS.explicit, evidence.explicit],
    [WEIGHTS.implicit, evidence.implicit],
    [WEIGHTS.complete, complete],
    [
      WEIGHTS.context,
      evidence.contextUsed === undefined ? undefined : Number(evidence.contextUsed),
    ],
  ];
  let sum = 0;
  let weights = 0;
  for (const [weight, value] of components) {
    if (value !== undefined) {
      sum += weight * value;
      weights += weight;
    }
  }
  const raw = scoring === 'literal' ? sum : sum / weights;
  // Twelve digits: sums such as 0.40 + 0.24 + 0.15 + 0.15 must meet the bounds they are written to.
  const rounded = Number(raw.toFixed(12));
  return { raw: rounded, score: Math.max(0, Math.min(1, rounded)), band: bandOf(rounded) };
}
