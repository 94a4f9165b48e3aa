// What earlier datasets taught and held out, for replay.

import type { Database } from '../../adapters/postgres/connect.ts';
import { earlierMembers } from '../../adapters/postgres/datasets.ts';
import { findPhrasings } from '../../adapters/postgres/questions.ts';
import { splitOf } from '../../core/split.ts';
import type { Earlier } from './assemble.ts';
import { textKey } from './collect.ts';

/** Splits come from the phrasing, where they are kept for ever, not from the old dataset. */
export async function collectEarlier(db: Database, datasetId: string): Promise<Earlier[]> {
  const rows = await earlierMembers(db, datasetId);
  const phrasings = await findPhrasings(db, [...new Set(rows.map((row) => row.member.phrasingId))]);
  const groups = new Map(phrasings.map((row) => [row.id, row.groupId]));
  const splits = new Map(phrasings.map((row) => [row.id, splitOf(row.groupSplit, row.split)]));
  return Promise.all(
    rows.map(async ({ member, interaction, correction }) => ({
      datasetId: member.datasetId,
      interactionId: member.interactionId,
      phrasingId: member.phrasingId,
      groupId: groups.get(member.phrasingId) ?? member.phrasingId,
      source: member.source,
      feedbackEventId: member.feedbackEventId,
      split: splits.get(member.phrasingId) ?? 'train',
      qualityRaw: member.qualityRaw,
      responseKey: await textKey(interaction.response),
      textKey: await textKey(
        member.source === 'correction' && correction !== null ? correction : interaction.response,
      ),
    })),
  );
}
