/**
 * Finds the word a mistyped one was probably meant to be, for "did you mean" in misuse messages.
 * Called by the argument parser and the option values. Pure; guesses nothing that is far off.
 */

/** Edits (insert, delete, replace, swap neighbours) that turn one word into the other. */
export function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const same = from[i - 1] === to[j - 1];
      let best = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      if (swapped) best = Math.min(best, at(beforeLast, j - 2) + 1);
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return at(last, to.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}

/** The nearest of `words`, or null when none is within half of the typed word's length. */
export function nearestWord(typed: string, words: readonly string[]): string | null {
  const wanted = typed.slice(0, 64).toLowerCase();
  let best: { word: string; distance: number } | null = null;
  for (const word of words) {
    const isStart = wanted.length >= 2 && word.startsWith(wanted);
    const distance = isStart ? 1 : editDistance(wanted, word);
    if (best === null || distance < best.distance) best = { word, distance };
  }
  if (best === null) return null;
  return best.distance <= Math.max(1, Math.floor(wanted.length / 2)) ? best.word : null;
}

/** " Did you mean x?" belongs inside the one sentence, so this is a clause, or nothing. */
export function suggestion(typed: string, words: readonly string[], prefix = ''): string {
  const nearest = nearestWord(typed, words);
  return nearest === null ? '' : `, did you mean ${prefix}${nearest}`;
}
