// Judging by a model: answers go to an agent under a lease, and its model's replies come back, each for
// itself and in any order. A verdict and what it changes in the sums are one transaction, so a reply that
// comes twice counts once; one that never comes is asked for again when its lease is over.

import { type Database, withDatabase } from '../../adapters/postgres/connect.ts';
import { erasedAmong } from '../../adapters/postgres/erasures.ts';
import { recountVisitors } from '../../adapters/postgres/experiment-sums.ts';
import { agentSeen } from '../../adapters/postgres/jobs.ts';
import {
  type ClaimedJudgment,
  claimJudgments,
  endJudgment,
  type JudgmentEnd,
  visitorsOfAnswers,
} from '../../adapters/postgres/judgments.ts';
import {
  JUDGE_ATTEMPTS,
  type JudgedText,
  judgeMessages,
  readVerdict,
  VERDICT_FORMAT,
  VERDICT_TOKENS,
} from '../../core/judge-prompt.ts';
import { hasSources } from '../../core/judging.ts';
import {
  type JudgmentReply,
  type OfferedJudgment,
  plantedSchema,
} from '../../core/wire/judging.ts';
import { sourcesSchema } from '../../core/wire/shared.ts';
import { databaseOf, type Env, learningOf, now } from '../../workers/env.ts';

/** For a batch: long enough for a slow model, short enough when the Mac goes to sleep. */
const LEASE_SECONDS = 600;
const BATCH = 4;

export interface JudgmentBatch {
  lease_seconds: number;
  judgments: OfferedJudgment[];
}

/** Undefined where nothing waits for a model that this agent has. */
export async function offerJudgments(
  env: Env,
  agentId: string,
  models: readonly string[],
): Promise<JudgmentBatch | undefined> {
  const at = now(env);
  return withDatabase(databaseOf(env), async (db) => {
    await agentSeen(db, agentId, new Date(at));
    if (models.length === 0) return undefined;
    const claimed = await claimJudgments(db, {
      agentId,
      models,
      now: new Date(at),
      leaseExpiresAt: new Date(at + LEASE_SECONDS * 1_000),
      limit: BATCH,
      mostAttempts: JUDGE_ATTEMPTS,
    });
    // Whose words were taken away in this very moment: the lease ends by itself, and then the judgment.
    const judgments = claimed.flatMap((one) => offerOf(one) ?? []);
    return judgments.length === 0 ? undefined : { lease_seconds: LEASE_SECONDS, judgments };
  });
}

function offerOf(claimed: ClaimedJudgment): OfferedJudgment | undefined {
  const text = textOf(claimed);
  if (text === undefined) return undefined;
  return {
    id: claimed.interaction_id,
    judge: claimed.judge,
    attempt: claimed.attempt,
    model: claimed.model,
    messages: judgeMessages(text),
    response_format: VERDICT_FORMAT,
    max_tokens: VERDICT_TOKENS,
    seed: claimed.attempt,
  };
}

function textOf({ planted, question, answer, sources }: ClaimedJudgment): JudgedText | undefined {
  if (planted !== null) return plantedSchema.parse(planted);
  const given = sourcesSchema.safeParse(sources);
  if (question === null || answer === null || !given.success) return undefined;
  return hasSources(given.data) ? { question, answer, sources: given.data } : undefined;
}

export async function takeReplies(
  env: Env,
  agentId: string,
  replies: readonly JudgmentReply[],
): Promise<{ recorded: number; stale: number }> {
  const at = new Date(now(env));
  // In one order everywhere, so that two agents never wait for each other's rows in a circle.
  const ends = replies
    .map((reply) => endOf(reply, agentId, at))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const recorded = await withDatabase(databaseOf(env), async (db) => {
    await agentSeen(db, agentId, at);
    return record(db, env, ends);
  });
  return { recorded, stale: replies.length - recorded };
}

function record(db: Database, env: Env, ends: readonly JudgmentEnd[]): Promise<number> {
  return db.transaction(async (tx) => {
    const visitorOf = await visitorsOfAnswers(
      tx,
      ends.map(({ id }) => id),
    );
    // As in the recorder: nothing is written of somebody who is being erased.
    const erased = await erasedAmong(tx, [...visitorOf.values()]);
    let recorded = 0;
    const judged = new Set<string>();
    for (const end of ends) {
      const visitorId = visitorOf.get(end.id);
      if (visitorId !== undefined && erased.has(visitorId)) continue;
      if (!(await endJudgment(tx, end))) continue;
      recorded += 1;
      if (visitorId !== undefined && isVerdict(end)) judged.add(visitorId);
    }
    const { bounds } = learningOf(env).feedback;
    if (judged.size > 0) await recountVisitors(tx, [...judged], bounds);
    return recorded;
  });
}

const isVerdict = ({ state }: JudgmentEnd) => state === 'supported' || state === 'unsupported';

function endOf(
  { id, judge, attempt, outcome, reply }: JudgmentReply,
  agentId: string,
  at: Date,
): JudgmentEnd {
  const end = { id, judge, agentId, attempt, at, isGivenBack: outcome === 'given_back' };
  if (end.isGivenBack) return { ...end, state: 'waiting', unsupported: [] };
  const verdict = reply === null ? undefined : readVerdict(reply);
  if (verdict !== undefined) return { ...end, ...verdict };
  return { ...end, state: attempt < JUDGE_ATTEMPTS ? 'waiting' : 'none', unsupported: [] };
}
