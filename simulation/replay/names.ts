// Names for simulated visitors, chosen so that the router's own hash sends each to the arms that the
// simulator drew for them. The router is asked nothing and told nothing: it assigns as it always does. Pure.

import { BUCKETS, bucketOf } from '../../core/assignment.ts';
import type { AnswerLine } from './events.ts';

/** Places in [fromBp, toBp) would have met exactly these arms. */
interface Range {
  fromBp: number;
  toBp: number;
}

/** Throws where one visitor met arms that no place explains. */
export function placesOf(
  answers: readonly Pick<AnswerLine, 'visitor' | 'arm' | 'share_bp'>[],
): Map<number, Range> {
  const places = new Map<number, Range>();
  for (const { visitor, arm, share_bp } of answers) {
    const known = places.get(visitor) ?? { fromBp: 0, toBp: BUCKETS };
    const place =
      arm === 'treatment'
        ? { ...known, toBp: Math.min(known.toBp, share_bp) }
        : { ...known, fromBp: Math.max(known.fromBp, share_bp) };
    if (place.fromBp >= place.toBp) {
      throw new RangeError(`visitor ${visitor} met both arms at one share`);
    }
    places.set(visitor, place);
  }
  return places;
}

const MOST_TRIES = 10_000_000;

/** A user whom the key with `prefix` and the experiment with `salt` put there. */
export function userAt(
  { fromBp, toBp }: Range,
  { prefix, salt, stem }: { prefix: string; salt: string; stem: string },
): string {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const user = `${stem}-${tries}`;
    const place = bucketOf(`${prefix}:${user}`, salt);
    if (place >= fromBp && place < toBp) return user;
  }
  throw new RangeError(`no name for a place from ${fromBp} to ${toBp}`);
}
