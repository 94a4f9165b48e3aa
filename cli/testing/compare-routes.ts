/**
 * Both arms of an experiment on the stack that the command line's tests run against: a conversation and their
 * answers, as the wire's schemas word them.
 */
import { answersAnswerSchema, answersQuerySchema } from '../../core/wire/experiment-answers.ts';
import { previewAnswerSchema, previewRequestSchema } from '../../core/wire/preview.ts';
import type { Experiment } from '../experiment-schemas.ts';

const NEXT = 'Wy0xLDE3OTE0NTAwMDAwMDAwMDAsIjAwMDAwMDAwLTAwMDAtNDAwMC04MDAwLTAwMDAwMDAwMDBhMSJd';

const well = {
  model_id: '2026-w41.1',
  prompt_version: 'v1',
  response: 'Logs are kept for 14 days.',
  finish_reason: 'stop',
  first_token_ms: 210,
  total_ms: 1_840,
  usage: { prompt_tokens: 31, completion_tokens: 9 },
  error: null,
};
export const comparison = previewAnswerSchema.parse({
  experiment_id: 'rollout-2026-w42.1-1',
  control: well,
  treatment: { ...well, model_id: '2026-w42.1', response: 'For 30 days.\nThen they are gone.' },
});
/** Its candidate breaks off on a question with this word. */
export const BREAKS = 'break';
export const brokenComparison = previewAnswerSchema.parse({
  ...comparison,
  treatment: {
    ...comparison.treatment,
    response: 'For 30',
    finish_reason: null,
    usage: null,
    error: { code: 'model_unavailable', message: '2026-w42.1 broke off (the stream ended).' },
  },
});

const answer = {
  interaction_id: '00000000-0000-4000-8000-0000000000a1',
  at: '2026-10-18T12:00:00.000Z',
  arm: 'treatment',
  model_assigned: '2026-w42.1',
  model_served: '2026-w42.1',
  assigned_failure: null,
  share: 0.1,
  stratum: 0,
  status: 'complete',
  history_turns: 0,
  query: 'How long are logs kept?',
  response: 'For ever.',
  training_opt_out: false,
  score: -0.5,
  thumb: 'down',
  stars: null,
  correction: { text: 'For 30 days.', type: 'factual_error', review: 'pending' },
  noticed: ['reformulated'],
  bounded: null,
};
export const answers = answersAnswerSchema.parse({
  experiment_id: 'rollout-2026-w42.1-1',
  arm: 'treatment',
  low: true,
  order: 'newest',
  stages: [
    {
      stratum: 0,
      share: 0.1,
      control: { answers: 45_120, rated: 10_900, low: 3_008 },
      treatment: { answers: 5_031, rated: 1_211, low: 287 },
    },
    {
      stratum: 0,
      share: 0.25,
      control: { answers: 812, rated: 201, low: 55 },
      treatment: { answers: 0, rated: 0, low: 0 },
    },
  ],
  answers: [
    answer,
    {
      ...answer,
      interaction_id: '00000000-0000-4000-8000-0000000000a2',
      model_served: '2026-w41.1',
      assigned_failure: 'timed_out',
      history_turns: 2,
      query: null,
      response: null,
      training_opt_out: true,
      score: -1,
      stars: 1,
      correction: null,
      noticed: [],
      bounded: 'one_way',
    },
  ],
  next: NEXT,
});

type Reply = { status: number; body: unknown };
const refused = (status: number, code: string, message: string): Reply => ({
  status,
  body: { error: { code, message } },
});

/** Null where the path is about neither. */
export function compareRoute(
  one: Experiment | undefined,
  { key, id, query, body }: { key: string; id: string; query: URLSearchParams; body: unknown },
): Reply | null {
  switch (key) {
    case 'GET experiments/:id/answers': {
      const read = answersQuerySchema.safeParse(Object.fromEntries(query));
      if (!read.success) return refused(400, 'invalid_request', read.error.message);
      if (one === undefined) return refused(404, 'not_found', `There is no experiment ${id}.`);
      const { arm, low, order, after, limit } = read.data;
      const rows = after === undefined ? answers.answers : [];
      const stages = after === undefined ? answers.stages : null;
      const next = rows.length > 0 && limit < rows.length ? NEXT : null;
      const shown = rows.slice(0, limit).map((row) => ({ ...row, arm }));
      return { status: 200, body: { ...answers, arm, low, order, stages, answers: shown, next } };
    }
    case 'POST experiments/:id/preview': {
      const read = previewRequestSchema.safeParse(body);
      if (!read.success) return refused(400, 'invalid_request', read.error.message);
      if (one === undefined) return refused(404, 'not_found', `There is no experiment ${id}.`);
      const breaks = read.data.message.includes(BREAKS);
      return { status: 200, body: breaks ? brokenComparison : comparison };
    }
    default:
      return null;
  }
}
