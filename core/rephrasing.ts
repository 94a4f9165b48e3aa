// Whether one question says the same as another in other words. Letters only, no model: it runs in
// the transaction that writes the answers. Pure.

/** Words that carry a question's form and not its subject. */
const PLAIN = new Set(
  'a an and are can could did do does for how i in is it me my of on or please should tell that the to was what when where which who why will with would you your'.split(
    ' ',
  ),
);

/** Three letters, with the gaps around a word: endings weigh little, and scripts without gaps work too. */
function trigrams(text: string): Set<string> {
  const found = new Set<string>();
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []) {
    if (PLAIN.has(word)) continue;
    const letters = [' ', ...word, ' '];
    for (let at = 0; at + 3 <= letters.length; at += 1) {
      found.add(letters.slice(at, at + 3).join(''));
    }
  }
  return found;
}

/**
 * How much two questions share, 0 to 1: the Sørensen-Dice coefficient of the letter trigrams of their
 * telling words. Letter n-grams find rephrasings in query logs better than whole words do
 * (Gayo-Avello 2009, doi:10.1016/j.ins.2009.01.026).
 */
export function similarity(one: string, other: string): number {
  const a = trigrams(one);
  const b = trigrams(other);
  if (a.size + b.size === 0) return 0;
  let shared = 0;
  for (const gram of a) if (b.has(gram)) shared += 1;
  return (2 * shared) / (a.size + b.size);
}
