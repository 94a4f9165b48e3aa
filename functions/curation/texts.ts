// The words that a dataset is written from, fetched by reference: of answers that are still on record,
// have their text and may be used. Whoever left since the answers were chosen is not among them.

import { and, inArray, isNull, not } from 'drizzle-orm';
import type { Database } from '../../adapters/postgres/connect.ts';
import type { InteractionRow } from '../../adapters/postgres/datasets.ts';
import { refusedTraining } from '../../adapters/postgres/privacy.ts';
import { feedbackEvents, interactions } from '../../adapters/postgres/schema.ts';
import type { Assembly } from './assemble.ts';
import { keyFactsOf } from './key-facts.ts';

const FETCH_BATCH = 500;

interface CorrectionText {
  text: string;
  type: string | null;
  keyFacts: string[];
}

/** By answer. */
export type Texts = Map<string, { row: InteractionRow; corrections: Map<string, CorrectionText> }>;

export async function fetchTexts(
  db: Database,
  assembly: Pick<Assembly, 'members' | 'pairs'>,
): Promise<Texts> {
  const ids = [
    ...new Set([
      ...assembly.members.map((member) => member.interactionId),
      ...assembly.pairs.flatMap((pair) => [pair.chosenInteractionId, pair.rejectedInteractionId]),
    ]),
  ];
  const texts: Texts = new Map();
  for (let start = 0; start < ids.length; start += FETCH_BATCH) {
    const batch = ids.slice(start, start + FETCH_BATCH);
    const rows = await db
      .select()
      .from(interactions)
      .where(
        and(
          inArray(interactions.id, batch),
          isNull(interactions.textRemovedAt),
          not(refusedTraining),
        ),
      );
    for (const row of rows) texts.set(row.id, { row, corrections: new Map() });
    const events = await db
      .select({
        id: feedbackEvents.id,
        interactionId: feedbackEvents.interactionId,
        text: feedbackEvents.correctedResponse,
        type: feedbackEvents.correctionType,
        metadata: feedbackEvents.metadata,
      })
      .from(feedbackEvents)
      .where(inArray(feedbackEvents.interactionId, batch));
    for (const { id, interactionId, text, type, metadata } of events) {
      if (text !== null && text.trim() !== '') {
        const entry = { text: text.trim(), type, keyFacts: keyFactsOf(metadata) };
        texts.get(interactionId)?.corrections.set(id, entry);
      }
    }
  }
  return texts;
}
