// The judging of an experiment's answers as they are recorded. The deterministic check runs here, in the
// recorder's transaction: it costs less than writing its verdict, nothing of it can be late or lost, and
// the words are at hand, which later retention may have taken. A judge model's answers begin to wait.

import type { Queryable } from '../../adapters/postgres/connect.ts';
import {
  type FixedJudge,
  fixJudges,
  insertJudgments,
  judgesOf,
  type NewJudgment,
} from '../../adapters/postgres/judgments.ts';
import { shown } from '../../core/judge-prompt.ts';
import { canJudge, isSampled, judgeable, judgeOf } from '../../core/judging.ts';
import { checkSupport } from '../../core/support-check.ts';
import type { InteractionEvent } from '../../core/wire/events.ts';
import { type Env, learningOf, now } from '../../workers/env.ts';

/** The judge of experiments that are planned now. */
export function configuredJudge(env: Env): FixedJudge {
  const keys = learningOf(env).ab_testing.judge;
  return { ...judgeOf(keys), rate: keys.rate };
}

/** Answers that this transaction wrote, each once; before the sums are counted. */
export async function judgeFresh(
  tx: Queryable,
  env: Env,
  answers: readonly InteractionEvent[],
): Promise<void> {
  const all = answers.flatMap((event) => {
    const placed = judgeable(event);
    return placed === undefined ? [] : [{ event, placed }];
  });
  if (all.length === 0) return;
  const at = new Date(now(env));
  const ids = [...new Set(all.map(({ placed }) => placed.experimentId))];
  const judges = await judgesFor(tx, env, ids, at);
  const fresh = all.flatMap(({ event, placed }): NewJudgment[] => {
    const judge = judges.get(placed.experimentId);
    if (judge === undefined || !canJudge(judge)) return [];
    if (!isSampled(event.interaction_id, placed, judge.rate)) return [];
    const { interaction_id: id, created_at } = event;
    const verdict = judge.model === null ? checked(event) : null;
    return [{ id, judge, verdict, createdAt: new Date(created_at), judgedAt: at }];
  });
  await insertJudgments(tx, fresh);
}

/** An experiment that was started by hand, or before there were judges, gets the one of now. */
async function judgesFor(tx: Queryable, env: Env, ids: readonly string[], at: Date) {
  const judges = await judgesOf(tx, ids);
  const without = ids.filter((id) => !judges.has(id));
  if (without.length === 0) return judges;
  await fixJudges(tx, without, configuredJudge(env), at);
  return judgesOf(tx, ids);
}

function checked({ response, sources, query }: InteractionEvent): NewJudgment['verdict'] {
  const found = checkSupport(response, sources, query);
  if (found === undefined || found.unsupported.length === 0) {
    return { state: 'supported', unsupported: [] };
  }
  return { state: 'unsupported', unsupported: shown(found.unsupported) };
}
