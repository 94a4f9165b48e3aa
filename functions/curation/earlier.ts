// What earlier datasets taught and held out and what still stands of it, for replay. Read by pages;
// of the texts only their hashes are kept.

import type { Database } from '../../adapters/postgres/connect.ts';
import { earlierMembers } from '../../adapters/postgres/datasets.ts';
import { oneShotVisitors } from '../../adapters/postgres/vote-bounds.ts';
import type { CurationWindow } from '../../core/calendar.ts';
import { splitOf } from '../../core/split.ts';
import type { Earlier } from './assemble.ts';
import { textKey } from './collect.ts';

const PAGE = 500;

/** Splits come from the phrasing, where they are kept for ever, not from the old dataset. */
export async function collectEarlier(db: Database, window: CurationWindow): Promise<Earlier[]> {
  const earlier: Earlier[] = [];
  const before = { id: window.id, until: new Date(window.endMs) };
  for (;;) {
    const rows = await earlierMembers(db, before, { limit: PAGE, offset: earlier.length });
    const visitorIds = [...new Set(rows.map((row) => row.visitorId))];
    const oneShot = await oneShotVisitors(db, visitorIds, before.until);
    for (const { member, visitorId, response, correction, ...place } of rows) {
      const taught = member.source === 'correction' && correction !== null ? correction : response;
      earlier.push({
        datasetId: member.datasetId,
        interactionId: member.interactionId,
        visitorId,
        oneShot: oneShot.has(visitorId),
        phrasingId: member.phrasingId,
        groupId: place.groupId,
        source: member.source,
        feedbackEventId: member.feedbackEventId,
        split: splitOf(place.groupSplit, place.phrasingSplit),
        qualityRaw: member.qualityRaw,
        responseKey: await textKey(response),
        textKey: await textKey(taught),
      });
    }
    if (rows.length < PAGE) return earlier;
  }
}
