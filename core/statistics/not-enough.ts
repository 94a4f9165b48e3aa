// The answer of every function here that was asked something the data cannot tell: too few users, one
// arm, numbers that are no numbers. It is a value, so that a caller must look at it, and it carries the
// sentence to show. It is never a verdict.

export interface NotEnough {
  kind: 'not_enough';
  /** What was expected and what came, as one clause: "412 of 1,000 users in treatment". */
  reason: string;
}

export const notEnough = (reason: string): NotEnough => ({ kind: 'not_enough', reason });

export function isNotEnough(value: { kind: string }): value is NotEnough {
  return value.kind === 'not_enough';
}

/** Finite and not negative: what a count or a sum of events must be. */
export const isSum = (value: number): boolean => Number.isFinite(value) && value >= 0;

/** Finite and above zero: what a variance or a scale must be. */
export const isPositive = (value: number): boolean => Number.isFinite(value) && value > 0;
