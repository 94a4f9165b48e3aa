// What nobody reports because it is an absence, or a time: an agent that is gone while a job waits,
// and the digest of Monday. Called by the sweep. Both are messages by key, so looking often is harmless.

import { countWindow } from '../../adapters/postgres/answers.ts';
import { type Database, withDatabase } from '../../adapters/postgres/connect.ts';
import { datasetsMadeIn } from '../../adapters/postgres/datasets.ts';
import { countWaiting, lastAgentSeen, longestWaiting } from '../../adapters/postgres/jobs.ts';
import { latestTable, modelsEverLive, modelsMadeIn } from '../../adapters/postgres/models.ts';
import { hasNotification, newestOfKind } from '../../adapters/postgres/notifications.ts';
import { newestRollouts, openRollouts } from '../../adapters/postgres/rollouts.ts';
import { type DigestWeek, digestWeek } from '../../core/calendar.ts';
import { agentIncident, type DigestNumbers, silenceOf } from '../../core/notifications.ts';
import { answererName, initialTable, productionOf } from '../../core/routing.ts';
import { databaseOf, type Env, settingsOf } from '../../workers/env.ts';
import { stageOf } from '../registry/models.ts';
import { anyOn, channelsOf, silentMinutes } from './channels.ts';
import { notify } from './outbox.ts';

export async function watch(env: Env, atMs: number): Promise<void> {
  if (!anyOn(channelsOf(env))) return;
  await withDatabase(databaseOf(env), async (db) => {
    await watchAgent(db, env, atMs);
    await watchWeek(db, env, atMs);
  });
}

/** Raises an alert for a silence that lasts, and ends the one before when it is over. */
export async function watchAgent(db: Database, env: Env, atMs: number): Promise<void> {
  if (!anyOn(channelsOf(env))) return;
  const lastSeen = await lastAgentSeen(db);
  const waiting = await longestWaiting(db, new Date(atMs));
  const silence = silenceOf(lastSeen, waiting, { minutes: silentMinutes(env), nowMs: atMs });
  const incident = silence && agentIncident(silence);
  const raised = await newestOfKind(db, 'agent_silent');
  const isOpen =
    raised !== undefined &&
    raised.subject !== incident &&
    !(await hasNotification(db, { kind: 'agent_back', subject: raised.subject }));
  await db.transaction(async (tx) => {
    if (isOpen) {
      const seen = lastSeen === null ? '' : ` An agent was last seen ${lastSeen.toISOString()}.`;
      const because = `Its job no longer waits for an agent that is gone.${seen}`;
      await notify(tx, env, { kind: 'agent_back', incident: raised.subject, because });
    }
    if (silence) await notify(tx, env, { kind: 'agent_silent', ...silence });
  });
}

async function watchWeek(db: Database, env: Env, atMs: number): Promise<void> {
  const week = digestWeek(atMs);
  if (week === undefined) return;
  const newest = await newestOfKind(db, 'digest');
  if (newest?.id.endsWith(`:digest:${week.id}`)) return;
  const numbers = await digestNumbers(db, env, week);
  // A Monday that was missed is made up for, unless there is nothing to tell.
  if (!week.onMonday && numbers.answers === 0) return;
  await notify(db, env, { kind: 'digest', week: week.id, numbers });
}

async function digestNumbers(db: Database, env: Env, week: DigestWeek): Promise<DigestNumbers> {
  const [from, until] = [new Date(week.startMs), new Date(week.endMs)];
  const counts = await countWindow(db, from, until);
  const of = (type: string) => counts.byType.get(type) ?? 0;
  const table = (await latestTable(db)) ?? initialTable(settingsOf(env).BASE_MODEL);
  const everLive = await modelsEverLive(db);
  const made = await modelsMadeIn(db, from, until);
  const tried = await newestRollouts(
    db,
    made.map(({ id }) => id),
  );
  const untried = made.filter(
    (model) => stageOf(model, table, everLive) === 'registered' && !tried.has(model.id),
  );
  return {
    answers: counts.interactions,
    thumbsUp: of('thumbs_up'),
    thumbsDown: of('thumbs_down'),
    ratings: of('rating'),
    corrections: of('correction'),
    datasets: await datasetsMadeIn(db, from, until),
    models: made.map(({ id, status }) => ({ id, status })),
    production: answererName(productionOf(table)),
    experiments: await openRollouts(db),
    waiting: {
      reviews: counts.reviewsPending,
      jobs: await countWaiting(db),
      models: untried.map(({ id }) => id),
    },
  };
}
