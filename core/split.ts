// Which examples are held out, decided once, at first sight, and for ever, so that replayed weeks
// cannot leak into evaluation. Two kinds: whole groups (did training harm what it did not teach?)
// and phrasings of taught groups (was it learned, however it is asked?).

import { unitHash } from './assignment.ts';

export type Split =
  | 'train'
  | 'validation_phrasings'
  | 'test_phrasings'
  | 'validation_groups'
  | 'test_groups';

const BLOCK = 10;

/**
 * A tenth of the groups each for validation and test. Groups are taken in blocks of ten by their
 * ordinal (0-based, order of first sight); a hash picks the two held-out places of each block, so
 * the share is exact even for few groups.
 */
export function groupSplit(ordinal: number, salt: string): 'train' | 'validation' | 'test' {
  const block = Math.floor(ordinal / BLOCK);
  const place = ordinal % BLOCK;
  const validation = Math.floor(unitHash(`${block}:validation`, salt) * BLOCK);
  const step = 1 + Math.floor(unitHash(`${block}:test`, salt) * (BLOCK - 1));
  if (place === validation) return 'validation';
  return place === (validation + step) % BLOCK ? 'test' : 'train';
}

/**
 * The first two phrasings of a group are always taught. The third is drawn with 3/10 each for
 * validation and test, later ones with 1/10: in a group of n >= 3 the expected share is a tenth of
 * its n phrasings, and no phrasing ever changes sides.
 */
export function phrasingSplit(
  phrasingId: string,
  ordinalInGroup: number,
  salt: string,
): 'train' | 'validation' | 'test' {
  if (ordinalInGroup < 2) return 'train';
  const share = ordinalInGroup === 2 ? 0.3 : 0.1;
  const draw = unitHash(phrasingId, salt);
  if (draw < share) return 'validation';
  return draw < 2 * share ? 'test' : 'train';
}

export function splitOf(
  group: 'train' | 'validation' | 'test',
  phrasing: 'train' | 'validation' | 'test',
): Split {
  if (group !== 'train') return `${group}_groups`;
  return phrasing === 'train' ? 'train' : `${phrasing}_phrasings`;
}
