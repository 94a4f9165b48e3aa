// What an experiment's sums must be, worked out from the raw rows of the record alone, and traffic to
// try them with. Used by the tests of the sums.

import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { expect } from 'vitest';
import { z } from 'zod';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { readExperimentSums } from '../../adapters/postgres/experiment-look.ts';
import {
  type Cell,
  type ExperimentSums,
  metBothArms,
  Sums,
  type VisitorPair,
} from '../../core/experiment-sums.ts';
import { standingVotes } from '../../core/feedback-values.ts';
import { LATENCIES, latenciesOf, latencyBucket } from '../../core/latency.ts';
import { boundVotes, isVote } from '../../core/vote-bounds.ts';
import type { FeedbackEvent, QueueEvent } from '../../core/wire/events.ts';
import { databaseOf, learningOf } from '../../workers/env.ts';
import { record } from '../../workers/recorder/index.ts';
import { rows } from './support.ts';

export const T0 = Date.parse('2026-10-14T10:00:00Z');

/** Every message must be taken: one that is asked for again was refused by a lock or by its data. */
export async function deliver(events: readonly QueueEvent[]): Promise<void> {
  const batch = createMessageBatch(
    'bruno-events',
    events.map((body, index) => ({
      id: `${index}`,
      timestamp: new Date(),
      attempts: 1,
      body,
    })),
  );
  await record(batch, env);
  const { explicitAcks, retryMessages } = await getQueueResult(batch, createExecutionContext());
  expect(retryMessages).toEqual([]);
  expect(explicitAcks).toHaveLength(events.length);
}

export const thumbOf = (
  answer: { interaction_id: string; visitor_id: string },
  type: FeedbackEvent['feedback_type'],
  at: number,
  event_id: string = crypto.randomUUID(),
): FeedbackEvent => ({
  kind: 'feedback',
  v: 1,
  event_id,
  interaction_id: answer.interaction_id,
  visitor_id: answer.visitor_id,
  model_version: 'tiny-sre',
  feedback_type: type,
  feedback_value: type === 'thumbs_up' ? 1 : -1,
  corrected_response: null,
  correction_type: null,
  metadata: {},
  at,
  received_at: at,
});

const answerSchema = z.object({
  interaction_id: z.string(),
  visitor_id: z.string(),
  stratum: z.number().nullable(),
  share_bp: z.number(),
  arm: z.enum(['control', 'treatment']),
  status: z.enum(['complete', 'partial', 'error']),
  fault: z.enum(['model', 'service']).nullable(),
  first_token_ms: z.number().nullable(),
  total_ms: z.number(),
  completion_tokens: z.number().nullable(),
  at_ms: z.coerce.number(),
  /** What its experiment's judge said; null where it said nothing. */
  judged: z.enum(['supported', 'unsupported']).nullable(),
});
const voteSchema = z.object({
  interaction_id: z.string(),
  visitor_id: z.string(),
  event_id: z.string(),
  feedback_type: z.string(),
  feedback_value: z.coerce.number().nullable(),
  at_ms: z.coerce.number(),
  received_ms: z.coerce.number(),
});

type AnswerRow = z.infer<typeof answerSchema>;
const cellOf = (answer: AnswerRow): Cell => ({
  stratum: answer.stratum ?? 0,
  shareBp: answer.share_bp,
  arm: answer.arm,
});

const namedVote = (vote: z.infer<typeof voteSchema>) => ({
  type: vote.feedback_type,
  value: vote.feedback_value,
  atMs: vote.at_ms,
  receivedMs: vote.received_ms,
  eventId: vote.event_id,
});

/** The sums from the raw rows, without the tables that keep them. */
export async function bruteForce(experimentId: string): Promise<ExperimentSums> {
  const answers = z.array(answerSchema).parse(
    await rows(sql`
      SELECT *, extract(epoch FROM created_at) * 1000 AS at_ms,
             (SELECT state FROM judgments j JOIN experiment_judges e ON e.judge = j.judge
               WHERE j.interaction_id = i.interaction_id AND e.experiment_id = i.experiment_id
                 AND state IN ('supported', 'unsupported')) AS judged
        FROM interactions i
       WHERE experiment_id = ${experimentId} AND share_bp IS NOT NULL`),
  );
  const votes = z
    .array(voteSchema)
    .parse(
      await rows(sql`
      SELECT f.*, extract(epoch FROM f.at) * 1000 AS at_ms,
             extract(epoch FROM f.received_at) * 1000 AS received_ms FROM feedback_events f
       WHERE visitor_id IN (SELECT visitor_id FROM interactions WHERE experiment_id = ${experimentId})`),
    )
    .filter(({ feedback_type: type }) => isVote(type));
  const people = z
    .array(z.object({ visitor_id: z.string(), person_id: z.string() }))
    .parse(await rows(sql`SELECT visitor_id, person_id FROM visitor_people`));
  const personOf = new Map(people.map((one) => [one.visitor_id, one.person_id]));
  const { thresholds } = await sumsOf(experimentId);
  const thumbOf = new Map<string, string>();
  for (const own of Map.groupBy(votes, (vote) => vote.visitor_id).values()) {
    const standing = [...Map.groupBy(own, (vote) => vote.interaction_id)].flatMap(([id, of]) =>
      standingVotes(of.map(namedVote)).map((vote) => ({ ...vote, interactionId: id })),
    );
    const bounded = boundVotes(standing, learningOf(env).feedback.bounds);
    for (const { interactionId, type, eventId } of standing) {
      if (type.startsWith('thumbs_') && !bounded.has(eventId)) thumbOf.set(interactionId, type);
    }
  }
  const sums = new Sums();
  const expected = new Map<
    string,
    { answers: bigint; row: ExperimentSums['histograms'][number] }
  >();
  for (const theirs of Map.groupBy(
    answers,
    ({ visitor_id: id }) => personOf.get(id) ?? `visitor ${id}`,
  ).values()) {
    const isLeftOut = metBothArms(uniqueCells(theirs));
    for (const own of Map.groupBy(theirs, ({ visitor_id: id }) => id).values()) {
      sums.visitor(isLeftOut ? leftOut(own) : pairsOf(own, thumbOf, thresholds));
      if (isLeftOut) continue;
      for (const answer of own) {
        const us = latenciesOf({
          status: answer.status,
          fault: answer.fault,
          firstTokenMs: answer.first_token_ms,
          totalMs: answer.total_ms,
          completionTokens: answer.completion_tokens,
        });
        for (const latency of LATENCIES) {
          const value = us[latency];
          if (value === null) continue;
          const row = { ...cellOf(answer), latency, bucket: latencyBucket(value), answers: 0n };
          const known = expected.get(JSON.stringify({ ...row, answers: 0 }));
          expected.set(JSON.stringify({ ...row, answers: 0 }), {
            row,
            answers: (known?.answers ?? 0n) + 1n,
          });
        }
      }
    }
  }
  const isMetric = <Row extends { metric: VisitorPair['metric'] }>(row: Row) =>
    row.metric === 'left_out' ? [] : [{ ...row, metric: row.metric }];
  return {
    experimentId,
    totals: sums.totals.rows().flatMap(isMetric),
    armUsers: sums.armUsers.rows().flatMap(isMetric),
    moments: sums.moments.rows(),
    appearances: sums.appearances.rows(),
    leftOut: sums.totals
      .rows()
      .flatMap(({ metric, stratum, shareBp, arm, users, n }) =>
        metric === 'left_out' ? [{ stratum, shareBp, arm, users, answers: n }] : [],
      ),
    histograms: [...expected.values()].map(({ row, answers: counted }) => ({
      ...row,
      answers: counted,
    })),
    thresholds,
  };
}

const uniqueCells = (answers: readonly AnswerRow[]) => [
  ...new Map(answers.map((answer) => [JSON.stringify(cellOf(answer)), cellOf(answer)])).values(),
];

const leftOut = (answers: readonly AnswerRow[]): VisitorPair[] =>
  [...Map.groupBy(answers, (answer) => JSON.stringify(cellOf(answer))).values()].flatMap((own) =>
    own[0] === undefined ? [] : [{ ...cellOf(own[0]), metric: 'left_out', n: own.length, y: 0 }],
  );

function pairsOf(
  answers: readonly AnswerRow[],
  thumbs: ReadonlyMap<string, string>,
  thresholds: ExperimentSums['thresholds'],
): VisitorPair[] {
  const pairs = new Map<string, VisitorPair>();
  const add = (cell: Cell, metric: VisitorPair['metric'], n: number, y: number) => {
    const key = JSON.stringify([cell, metric]);
    const known = pairs.get(key) ?? { ...cell, metric, n: 0, y: 0 };
    pairs.set(key, { ...known, n: known.n + n, y: known.y + y });
  };
  for (const answer of answers) {
    const cell = cellOf(answer);
    const counts = answer.fault !== 'service';
    add(cell, 'error', counts ? 1 : 0, answer.fault === 'model' ? 1 : 0);
    const thumb = thumbs.get(answer.interaction_id);
    if (answer.judged !== null)
      add(cell, 'hallucination', 1, answer.judged === 'unsupported' ? 1 : 0);
    if (thumb !== undefined) add(cell, 'thumbs_up', 1, thumb === 'thumbs_up' ? 1 : 0);
    const first = counts && answer.first_token_ms !== null ? answer.first_token_ms * 1000 : null;
    const further = (answer.completion_tokens ?? 0) - 1;
    const output =
      counts && first !== null && answer.status === 'complete' && further > 0
        ? Math.floor(((answer.total_ms - (answer.first_token_ms ?? 0)) * 1000) / further)
        : null;
    for (const { latency, thresholdUs, countedAfterMs } of thresholds) {
      const us = latency === 'first_token' ? first : output;
      if (us === null || answer.at_ms <= countedAfterMs) continue;
      add(cell, `slow_${latency}`, 1, us > thresholdUs ? 1 : 0);
    }
  }
  return [...pairs.values()];
}

export const sumsOf = (experimentId: string): Promise<ExperimentSums> =>
  withDatabase(databaseOf(env), (db) => readExperimentSums(db, experimentId));

/** In one order, so that two ways to the same sums compare equal; bigints as text for messages. */
export const comparable = (sums: ExperimentSums) =>
  Object.fromEntries(
    Object.entries(sums).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.map((row) => canonical(row)).toSorted() : value,
    ]),
  );

const canonical = (row: object): string =>
  JSON.stringify(
    Object.entries(row)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => [
        key,
        typeof value === 'bigint'
          ? String(value)
          : typeof value === 'object' && value !== null
            ? canonical(value)
            : value,
      ]),
  );
