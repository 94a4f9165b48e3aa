// The few words that a right answer must hold, as the author of a correction named them. The
// operator sees them with the correction; evaluation looks for them in generated answers.

import { z } from 'zod';
import { personalData } from './personal-data.ts';

const MOST = 10;
const namedSchema = z.looseObject({ key_facts: z.array(z.unknown()) });

/** From a feedback event's metadata; whatever is no plain, teachable text is left out. */
export function keyFactsOf(metadata: unknown): string[] {
  const named = namedSchema.safeParse(metadata).data?.key_facts ?? [];
  return named.filter(isTeachable).slice(0, MOST);
}

const isTeachable = (fact: unknown): fact is string =>
  typeof fact === 'string' &&
  fact.trim() !== '' &&
  fact.length <= 200 &&
  personalData(fact) === undefined;
