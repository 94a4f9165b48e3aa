// Every quarter of an hour: whichever rollout is due is looked at. Its own alarm does the same; this is for
// one whose object was lost, one that was just made, and a local clock that jumped over the alarm.

import { withDatabase } from '../../adapters/postgres/connect.ts';
import { dueRollouts } from '../../adapters/postgres/rollouts.ts';
import { callObject } from '../../workers/durable.ts';
import { databaseOf, type Env } from '../../workers/env.ts';
import { report } from '../../workers/report.ts';
import { rolloutAnswerSchema } from './experiment-object.ts';

/** A look takes a moment, so the next one falls due a moment after the next sweep: it is not left to the one after. */
const SOON_MS = 5 * 60_000;

export async function lookAtDue(env: Env, atMs: number): Promise<void> {
  const due = await withDatabase(databaseOf(env), (db) =>
    dueRollouts(db, new Date(atMs + SOON_MS)),
  );
  const failures: unknown[] = [];
  // In the order of the line, one after the other: who waits longest is first at a free slice.
  for (const id of due) {
    await lookAt(env, id).catch((failure: unknown) => {
      report('look_failed', failure, { experiment_id: id });
      failures.push(failure);
    });
  }
  if (failures.length > 0) throw failures[0];
}

export const lookAt = (env: Env, id: string) =>
  callObject({
    namespace: env.EXPERIMENTS,
    name: id,
    path: '/look',
    body: { id },
    answer: rolloutAnswerSchema,
    timeoutMs: 30_000,
  });
