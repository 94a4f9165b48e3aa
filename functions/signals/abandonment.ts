// Who left at once: decided when a conversation is over, by the sweep that cron fires. Votes and
// reports that come later are weighed again by curation, so deciding early or late does no harm, and
// deciding twice changes nothing: an answer has one event for what the server noticed.

import { feedbackOf } from '../../adapters/postgres/answers.ts';
import { type Database, withDatabase } from '../../adapters/postgres/connect.ts';
import {
  type LeftPage,
  type LeftRow,
  lockSessions,
  pageOfLeft,
  standAsNoticed,
} from '../../adapters/postgres/session-signals.ts';
import type { LearningConfig } from '../../core/learning-config.ts';
import { leftAtOnce, noticesLeaving } from '../../core/session-signals.ts';
import { databaseOf, type Env, learningOf } from '../../workers/env.ts';
import { evidenceType, signalsOf } from '../curation/score.ts';

/** A week and a day: what was reported since the dataset before is still looked at. */
const LOOK_BACK_MS = 8 * 86_400_000;
const PAGE_SIZE = 500;

export async function sweepAbandonment(
  env: Env,
  nowMs: number,
  { pageSize = PAGE_SIZE } = {},
): Promise<void> {
  const { feedback } = learningOf(env);
  if (!noticesLeaving(feedback)) return;
  const bounds = {
    since: new Date(nowMs - LOOK_BACK_MS),
    now: new Date(nowMs),
    shortSeconds: feedback.min_session_duration,
    limit: pageSize,
  };
  await withDatabase(databaseOf(env), async (db) => {
    let after: LeftRow | undefined;
    for (;;) {
      const rows = await pageOfLeft(db, { ...bounds, after });
      await decide(db, rows, bounds, feedback);
      after = rows.at(-1);
      if (after === undefined || rows.length < pageSize) return;
    }
  });
}

async function decide(
  db: Database,
  rows: readonly LeftRow[],
  bounds: Omit<LeftPage, 'after'>,
  feedback: LearningConfig['feedback'],
): Promise<void> {
  const ids = rows.map(({ id }) => id);
  const said = Map.groupBy(await feedbackOf(db, ids), (event) => event.interactionId);
  const left = rows.filter(({ id, response }) => {
    const events = said.get(id) ?? [];
    const signals = signalsOf(
      events.map(({ feedbackType, metadata }) => ({ type: evidenceType(feedbackType), metadata })),
    );
    const voted = events.some(({ source }) => source === 'explicit');
    // What the page has said by itself is not stored a second time.
    return signals.abandoned !== true && leftAtOnce({ signals, voted, response }, feedback);
  });
  if (left.length === 0) return;
  await db.transaction(async (tx) => {
    await lockSessions(
      tx,
      left.map(({ sessionId }) => sessionId),
    );
    // A further question may have been recorded meanwhile; none can be from here on.
    const among = left.map(({ id }) => id);
    const standing = await pageOfLeft(tx, { ...bounds, after: undefined, among });
    const open = new Set(standing.map(({ id }) => id));
    const noticed = left
      .filter(({ id }) => open.delete(id))
      .map(({ id: interactionId, visitorId, modelVersion, answeredAt: at }) => ({
        interactionId,
        visitorId,
        modelVersion,
        signals: { abandoned: true },
        at,
        receivedAt: bounds.now,
      }));
    await standAsNoticed(tx, noticed);
  });
}
