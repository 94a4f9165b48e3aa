// Several written runs, one after the other on one stack, each compared with its simulation. A stack serves
// until the next weekly cut of its clock: curation has no part in a replay, so another one goes on.

import { withDatabase } from '../../adapters/postgres/connect.ts';
import { SLOT_MS } from '../rollout/traffic.ts';
import { ReplayClient } from './client.ts';
import type { WrittenRun } from './events.ts';
import { type Replayed, replay } from './replay.ts';
import { startReplayStack } from './stack.ts';

/** The first look, and whoever asks afterwards. */
const SLOTS_AROUND = 2;

const lengthMs = ({ looks }: WrittenRun) => ((looks.at(-1)?.slot ?? 0) + SLOTS_AROUND) * SLOT_MS;

/**
 * Calls `done` after each. Aborting ends it at the next look. Whatever it starts has ended when it resolves
 * or rejects.
 */
export async function replayAll(
  runs: readonly WrittenRun[],
  { signal, done }: { signal: AbortSignal; done: (replayed: Replayed) => void },
): Promise<void> {
  let next = 0;
  while (next < runs.length) {
    const before = next;
    const stack = await startReplayStack();
    try {
      const client = new ReplayClient(stack);
      await client.open();
      await withDatabase(stack.database, async (db) => {
        const stage = { stack, client, db, nowMs: stack.startMs, signal };
        for (; next < runs.length; next += 1) {
          const run = runs[next];
          if (run === undefined) return;
          if (stage.nowMs + lengthMs(run) >= stack.cutMs) break;
          done(await replay(stage, run, next + 1));
        }
      });
    } finally {
      await stack.stop();
    }
    if (next === before) throw new RangeError('a run longer than a week cannot be replayed');
  }
}
