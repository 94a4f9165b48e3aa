// How operators compare the arms of an experiment by reading: a conversation with both, and what visitors
// disliked. The tests hold this list to the routes.

import { answersAnswerSchema, answersQuerySchema } from '../wire/experiment-answers.ts';
import { previewAnswerSchema, previewRequestSchema } from '../wire/preview.ts';
import { type Endpoint, JSON_TYPE } from './endpoint.ts';
import { one, pathId, READ_ONE, WRITE } from './operator-endpoint.ts';

export const COMPARE_ENDPOINTS: readonly Endpoint[] = [
  {
    method: 'post',
    path: '/admin/experiments/{id}/preview',
    parameters: ['id'],
    shapes: { id: pathId },
    id: 'previewExperiment',
    title: 'Ask both arms of an experiment side by side',
    about:
      'The candidate is the treatment, production the control; both are asked as visitors ask. Nothing is recorded, counted or learned, and neither stands in for the other: a side that fails says why in its `error`. As `text/event-stream` the events are `meta`, then `delta`, `done` and `error` with their `arm` as they come, then `[DONE]`. Counted against the operator\u2019s own limit.',
    body: { schema: previewRequestSchema, types: [JSON_TYPE] },
    security: ['operator'],
    answers: [
      {
        status: 200,
        about: 'Both sides, whole or as a stream.',
        schema: previewAnswerSchema,
        types: [JSON_TYPE, 'text/event-stream'],
      },
    ],
    errors: [...WRITE, 'not_found', 'conflict', 'rate_limited'],
  },
  {
    ...one(
      '/admin/experiments/{id}/answers',
      'listExperimentAnswers',
      'Browse an experiment\u2019s answers',
      answersAnswerSchema,
      'Of one arm, as its visitors were assigned: newest first, or the lowest scores first; with `low` only those rated below zero (a thumb down, fewer than three stars, a correction). The first page counts both arms by stage, never pooled. `after` is the `next` of the page before.',
    ),
    query: answersQuerySchema.shape,
    errors: READ_ONE,
  },
];
