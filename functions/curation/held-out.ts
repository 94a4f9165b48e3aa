// What the held-out phrasings are asked against: the answer that their group was taught. So every
// phrasing ever seen can tell whether what was taught was learned, not only the few whose own answer
// somebody judged. Pure.

import type { Assembly, Member } from './assemble.ts';
import { withinOneShotShare } from './one-shot.ts';

export interface Phrasing {
  id: string;
  groupId: string;
  text: string;
  split: 'train' | 'validation' | 'test';
}

export interface HeldOut {
  phrasing: Phrasing;
  split: 'validation_phrasings' | 'test_phrasings';
  /** The taught example whose answer is expected. */
  taught: Member;
}

/** Corrections before praise, visitors who came again before one-shot identities, newer weeks before older ones, then the better judged. */
function surest(a: Member, b: Member): number {
  return (
    Number(b.source === 'correction') - Number(a.source === 'correction') ||
    Number(a.oneShot) - Number(b.oneShot) ||
    byCode(weekOf(b), weekOf(a)) ||
    b.qualityRaw - a.qualityRaw ||
    byCode(a.interactionId, b.interactionId)
  );
}

/** Behind every dataset's id for an example of this week. */
const weekOf = (member: Member) => member.replayedFrom ?? '~';

/** Not localeCompare: a locale may sort punctuation before digits. */
const byCode = (a: string, b: string) => Number(a > b) - Number(a < b);

export function taughtGroups(members: readonly Member[]): Map<string, Member> {
  const taught = members.filter((member) => member.split === 'train');
  const groups = Map.groupBy(taught, (member) => member.groupId);
  return new Map(
    [...groups].flatMap(([id, inGroup]) => {
      const best = inGroup.toSorted(surest)[0];
      return best === undefined ? [] : [[id, best]];
    }),
  );
}

/**
 * The assembly with its held-out phrasings, counted. Of the answers that they expect, one-shot identities
 * have no greater share than of what is taught.
 */
export function withHeldOut(
  assembly: Assembly,
  phrasings: readonly Phrasing[],
  oneShotShare: number,
): Assembly & { heldOut: HeldOut[] } {
  const answers = taughtGroups(assembly.members);
  const asked = phrasings.flatMap((phrasing): HeldOut[] => {
    const taught = answers.get(phrasing.groupId);
    if (taught === undefined || phrasing.split === 'train') return [];
    return [{ phrasing, split: `${phrasing.split}_phrasings`, taught }];
  });
  const { kept: heldOut, left } = withinOneShotShare(asked, {
    share: oneShotShare,
    partOf: ({ split }) => split,
    isCorrected: ({ taught }) => taught.source === 'correction',
    isOneShot: ({ taught }) => taught.oneShot,
    quality: ({ taught }) => taught.qualityRaw,
    id: ({ phrasing }) => phrasing.id,
  });
  const { filtered } = assembly.counts;
  const count = (split: HeldOut['split']) => heldOut.filter((one) => one.split === split).length;
  return {
    ...assembly,
    heldOut,
    counts: {
      ...assembly.counts,
      filtered: left === 0 ? filtered : { ...filtered, one_shot_held_out: left },
      validation_phrasings: count('validation_phrasings'),
      test_phrasings: count('test_phrasings'),
    },
  };
}
