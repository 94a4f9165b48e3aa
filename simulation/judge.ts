// Whether an answer states a fact, states something false instead, or neither. Used by simulated
// visitors and by the measurement; reads key strings only and must not ask any model.

/** What of a fact decides: the words that must stand, and those of the wrong answers. */
export interface Keys {
  key: readonly string[];
  wrong: readonly { key: readonly string[] }[];
}

export type Judgement = 'right' | 'wrong' | 'unclear';

/**
 * Case-insensitive and bounded: `1` is not found in `0.1`, `10` or `v1`, but is in `1.` at the end
 * of a sentence.
 */
export function containsKey(text: string, key: string): boolean {
  const escaped = key.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pattern = `(?<![\\p{L}\\p{N}_]|\\p{N}[.,])${escaped}(?![\\p{L}\\p{N}_]|[.,]\\p{N})`;
  return new RegExp(pattern, 'iu').test(text);
}

export function containsAll(text: string, keys: readonly string[]): boolean {
  return keys.every((key) => containsKey(text, key));
}

/** An answer that states the right and a wrong fact together is wrong: a visitor cannot use it. */
export function judge(fact: Keys, text: string): Judgement {
  if (fact.wrong.some((wrong) => containsAll(text, wrong.key))) return 'wrong';
  return containsAll(text, fact.key) ? 'right' : 'unclear';
}
