// The words that a dataset is written from, fetched by reference: of answers that are still on record,
// have their text and may be used. Whoever left since the answers were chosen is not among them.

import { and, inArray, isNull, not } from 'drizzle-orm';
import { findManySettings } from '../../adapters/postgres/answer-settings.ts';
import type { Database } from '../../adapters/postgres/connect.ts';
import type { InteractionRow } from '../../adapters/postgres/datasets.ts';
import { refusedTraining } from '../../adapters/postgres/privacy.ts';
import { feedbackEvents, interactions } from '../../adapters/postgres/schema.ts';
import { BUILT_IN, isSettingsId, settingsBodySchema } from '../../core/answer-settings.ts';
import { isPromptVersion, systemPrompt } from '../../core/system-prompt.ts';
import type { Assembly } from './assemble.ts';
import { keyFactsOf } from './key-facts.ts';

const FETCH_BATCH = 500;

interface CorrectionText {
  text: string;
  type: string | null;
  keyFacts: string[];
}

export interface AnswerTexts {
  row: InteractionRow;
  /** The system prompt that it was given under, without sources. */
  prompt: string;
  corrections: Map<string, CorrectionText>;
}

/** By answer. */
export type Texts = Map<string, AnswerTexts>;

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
    const prompts = await promptsOf(db, rows);
    for (const row of rows) {
      const prompt = prompts.get(row.promptVersion) ?? BUILT_IN.system_prompt;
      texts.set(row.id, { row, prompt, corrections: new Map() });
    }
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

/** By version: of the built-in ones, and of the settings that these answers were given under. */
async function promptsOf(db: Database, rows: readonly InteractionRow[]) {
  const versions = [...new Set(rows.map(({ promptVersion }) => promptVersion))];
  const made = await findManySettings(db, versions.filter(isSettingsId));
  return new Map([
    ...versions.filter(isPromptVersion).map((one) => [one, systemPrompt(one, [])] as const),
    ...made.map(({ id, body }) => [id, settingsBodySchema.parse(body).system_prompt] as const),
  ]);
}
