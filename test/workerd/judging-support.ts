// Answers of an experiment that are judged, and what the tests of judging ask about them.

import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { fixJudges } from '../../adapters/postgres/judgments.ts';
import { isSampled, type Judge, judgeOf } from '../../core/judging.ts';
import type { InteractionEvent } from '../../core/wire/events.ts';
import { judgmentBatchSchema, judgmentsRecordedSchema } from '../../core/wire/judging.ts';
import { databaseOf } from '../../workers/env.ts';
import { sumsOf, T0 } from './experiment-support.ts';
import { AGENT, call, interactionOf, rows } from './support.ts';

export const RATE = 0.1;
export const SOURCE = { id: 'runbook', title: 'Loki', text: 'Loki listens on port 3100.' };
export const TRUE = 'Loki listens on port 3100.';
export const FALSE = 'Loki listens on port 3000.';

export const newExperiment = () => `exp-${crypto.randomUUID()}`;

/** An id by which an answer there is in the sample, or is not. */
export function idFor(
  placed: { experimentId: string; arm: 'control' | 'treatment'; shareBp: number },
  wanted: boolean,
): string {
  for (;;) {
    const id = crypto.randomUUID();
    if (isSampled(id, placed, RATE) === wanted) return id;
  }
}

export function answerIn(
  experimentId: string,
  over: Partial<InteractionEvent> = {},
  wanted = true,
): InteractionEvent {
  const arm = over.arm === 'treatment' ? 'treatment' : 'control';
  const shareBp = over.share_bp ?? 1_000;
  return interactionOf({
    interaction_id: idFor({ experimentId, arm, shareBp }, wanted),
    visitor_id: `visitor-${crypto.randomUUID()}`,
    experiment_id: experimentId,
    arm,
    share_bp: shareBp,
    sources: [SOURCE],
    response: TRUE,
    created_at: T0,
    ...over,
  });
}

/** [stratum, share, arm, users, judged, unsupported] of each cell. */
export const hallucination = async (experimentId: string) =>
  (await sumsOf(experimentId)).totals
    .filter(({ metric }) => metric === 'hallucination')
    .map(({ stratum, shareBp, arm, users, n, y }) => [
      stratum,
      shareBp,
      arm,
      ...[users, n, y].map(Number),
    ])
    .toSorted();

const judgmentRow = z.object({
  interaction_id: z.string(),
  judge: z.string(),
  state: z.string(),
  unsupported: z.array(z.string()),
  attempt: z.number(),
});
export async function judgmentsIn(experimentId: string) {
  const found = await rows(sql`
    SELECT j.* FROM judgments j JOIN interactions i USING (interaction_id)
     WHERE i.experiment_id = ${experimentId} ORDER BY j.created_at, j.interaction_id`);
  return z.array(judgmentRow).parse(found);
}

/** An experiment whose answers a model of its own judges, so that no other test's answers wait for it. */
export async function modelJudged(): Promise<{
  experimentId: string;
  model: string;
  judge: Judge;
}> {
  const experimentId = newExperiment();
  const model = `judge-${crypto.randomUUID()}`;
  const judge = judgeOf({ rate: RATE, model });
  await withDatabase(databaseOf(env), (db) =>
    fixJudges(db, [experimentId], { ...judge, rate: RATE }, new Date(T0)),
  );
  return { experimentId, model, judge };
}

const asAgent = { authorization: `Bearer ${AGENT}` };

export async function claim(model: string, agent_id = 'mac-1') {
  const body = { agent_id, models: ['another', model] };
  const reply = await call('/agent/judgments/claim', { body, headers: asAgent });
  return reply.status === 204 ? [] : judgmentBatchSchema.parse(reply.body).judgments;
}

export const SUPPORTED = '{"unsupported": [], "verdict": "supported"}';
export const UNSUPPORTED = '{"unsupported": ["port 3000"], "verdict": "unsupported"}';

interface Said {
  reply?: string;
  outcome?: 'replied' | 'failed' | 'given_back';
  agent?: string;
}
export async function say(
  offers: readonly { id: string; judge: string; attempt: number }[],
  { reply, outcome = 'replied', agent: agent_id = 'mac-1' }: Said,
) {
  const replies = offers.map(({ id, judge, attempt }) => ({
    id,
    judge,
    attempt,
    outcome,
    reply: reply ?? null,
  }));
  const { body } = await call('/agent/judgments', {
    body: { agent_id, replies },
    headers: asAgent,
  });
  return judgmentsRecordedSchema.parse(body);
}

/** As if the agent had been gone for longer than its lease. */
export const leasesRunOut = (model: string) =>
  rows(sql`UPDATE judgments SET lease_expires_at = now() - interval '1 s'
            WHERE model = ${model} AND state = 'leased'`);
