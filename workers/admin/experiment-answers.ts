// An experiment's answers as operators browse them, arm by arm: what was asked and answered, and how the
// visitor took it. Who the visitor was is not shown.

import type { z } from 'zod';
import { feedbackOf } from '../../adapters/postgres/answers.ts';
import { type Database, withDatabase } from '../../adapters/postgres/connect.ts';
import {
  type AnswerCounts,
  answersOfArm,
  countAnswers,
  type ExperimentAnswerRow,
} from '../../adapters/postgres/experiment-answers.ts';
import { findRollout } from '../../adapters/postgres/rollouts.ts';
import { boundedVotes } from '../../adapters/postgres/vote-bounds.ts';
import { ratingOf } from '../../core/answer-rating.ts';
import { AppError } from '../../core/errors.ts';
import { FEEDBACK_TYPES } from '../../core/feedback-values.ts';
import type { BoundRule } from '../../core/vote-bounds.ts';
import {
  type AnswersQuery,
  type answersAnswerSchema,
  cursorText,
  type RatedAnswer,
} from '../../core/wire/experiment-answers.ts';
import { evidenceType, signalsOf } from '../../functions/curation/score.ts';
import { databaseOf, type Env, learningOf } from '../env.ts';

type AnswersAnswer = z.infer<typeof answersAnswerSchema>;

/** Throws AppError not_found when there is no such experiment and never was an answer of it. */
export async function experimentAnswers(
  env: Env,
  id: string,
  query: AnswersQuery,
): Promise<AnswersAnswer> {
  const { arm, low, order, after, limit } = query;
  const { bounds } = learningOf(env).feedback;
  return withDatabase(databaseOf(env), async (db) => {
    const counts = after === undefined ? await countAnswers(db, id) : null;
    if (counts?.length === 0 && !(await findRollout(db, id))) {
      throw new AppError('not_found', `There is no experiment ${id}.`);
    }
    const page = { experimentId: id, arm, low, order, after, limit };
    const { rows, next } = await answersOfArm(db, page);
    const visitors = [...new Set(rows.map((row) => row.visitor_id))];
    const bounded = await boundedVotes(db, visitors, { bounds });
    const rules = new Map(bounded.map(({ interactionId, rule }) => [interactionId, rule]));
    return {
      experiment_id: id,
      arm,
      low,
      order,
      stages: counts && stagesOf(counts),
      answers: await answerViews(db, rows, rules),
      next: next && cursorText(next),
    };
  });
}

const NONE = { answers: 0, rated: 0, low: 0 };

function stagesOf(counts: readonly AnswerCounts[]): NonNullable<AnswersAnswer['stages']> {
  const stages = Map.groupBy(counts, (one) => JSON.stringify([one.stratum, one.share_bp]));
  return [...stages.values()].flatMap((cells) => {
    const [first] = cells;
    if (first === undefined) return [];
    const of = (arm: 'control' | 'treatment') => {
      const cell = cells.find((one) => one.arm === arm);
      return cell ? { answers: cell.answers, rated: cell.rated, low: cell.low } : NONE;
    };
    const share = shareOf(first.share_bp);
    return [{ stratum: first.stratum, share, control: of('control'), treatment: of('treatment') }];
  });
}

const shareOf = (bp: number | null) => (bp === null ? null : bp / 10_000);

async function answerViews(
  db: Database,
  rows: readonly ExperimentAnswerRow[],
  rules: ReadonlyMap<string, BoundRule>,
): Promise<RatedAnswer[]> {
  const said = Map.groupBy(
    await feedbackOf(
      db,
      rows.map(({ id }) => id),
    ),
    ({ interactionId }) => interactionId,
  );
  return rows.map((row) => {
    const events = (said.get(row.id) ?? []).filter((one) => one.visitorId === row.visitor_id);
    return answerView(row, events, rules.get(row.id) ?? null);
  });
}

type EventRow = Awaited<ReturnType<typeof feedbackOf>>[number];

function answerView(
  row: ExperimentAnswerRow,
  events: readonly EventRow[],
  bounded: BoundRule | null,
): RatedAnswer {
  const votes = events.flatMap((event) => {
    const type = FEEDBACK_TYPES.find((known) => known === event.feedbackType);
    if (event.source !== 'explicit' || type === undefined || event.feedbackValue === null)
      return [];
    return [
      {
        ...event,
        type,
        value: event.feedbackValue,
        atMs: event.at.getTime(),
        receivedMs: event.receivedAt.getTime(),
        eventId: event.id,
      },
    ];
  });
  const signals = signalsOf(
    events.map(({ feedbackType, metadata }) => ({ type: evidenceType(feedbackType), metadata })),
  );
  return {
    interaction_id: row.id,
    at: new Date(row.at_us / 1000).toISOString(),
    arm: row.arm,
    model_assigned: row.model_assigned,
    model_served: row.model_served,
    assigned_failure: row.assigned_failure,
    share: shareOf(row.share_bp),
    stratum: row.stratum,
    status: row.status,
    history_turns: row.history_turns,
    query: row.text_removed ? null : row.query,
    response: row.text_removed ? null : row.response,
    training_opt_out: row.training_opt_out,
    ...ratingOf(votes),
    noticed: Object.entries(signals).flatMap(([name, came]) => (isSign(name, came) ? [name] : [])),
    bounded,
  };
}

/** What says something by being there; times and counts do not. */
const isSign = (name: string, came: unknown) =>
  came === true || (name === 'citation_clicks' && typeof came === 'number' && came > 0);
