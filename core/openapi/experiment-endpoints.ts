// The endpoints of experiments, each with the schemas that it reads and answers by. For operators.

import {
  createExperimentSchema,
  experimentAnswerSchema,
  experimentCommandSchema,
  experimentListSchema,
  experimentLooksSchema,
  experimentTakenSchema,
  planAnswerSchema,
} from '../wire/experiments.ts';
import { holdoutAnswerSchema } from '../wire/holdout.ts';
import type { Endpoint } from './endpoint.ts';

const JSON_TYPE = 'application/json';
const types = [JSON_TYPE];
const READING = ['unauthorized', 'forbidden', 'dependency_unavailable'] as const;
const WRITING = [
  ...READING,
  'invalid_json',
  'invalid_request',
  'body_too_large',
  'unsupported_media_type',
  'origin_not_allowed',
  'not_found',
  'conflict',
] as const;

export const EXPERIMENT_ENDPOINTS: readonly Endpoint[] = [
  {
    method: 'get',
    path: '/admin/holdout',
    id: 'showHoldout',
    title: 'What the loop gains',
    about:
      'Who is held out on which older model, and production against it, week by week and so far. `ab_testing.holdout` turns it on.',
    security: ['operator'],
    answers: [{ status: 200, about: 'As it stands.', schema: holdoutAnswerSchema, types }],
    errors: READING,
  },
  {
    method: 'get',
    path: '/admin/experiments',
    id: 'listExperiments',
    title: 'List experiments',
    about: 'The newest hundred, newest first, as they stood at their last look.',
    security: ['operator'],
    answers: [{ status: 200, about: 'The list.', schema: experimentListSchema, types }],
    errors: READING,
  },
  {
    method: 'get',
    path: '/admin/experiments/plan',
    id: 'planExperiment',
    title: 'Plan an experiment',
    about:
      'From the traffic of the last two weeks: the first share, and the smallest change of each metric that would be known after 1, 3, 7 and 14 days. The query `promote_on` says what may promote: `improvement`, `non_inferior` or `no_evidence_of_harm`; `settings_id` that settings would be tried and not a model. Changes nothing.',
    security: ['operator'],
    answers: [{ status: 200, about: 'The plan.', schema: planAnswerSchema, types }],
    errors: [...READING, 'invalid_request', 'not_found', 'conflict'],
  },
  {
    method: 'post',
    path: '/admin/experiments',
    id: 'createExperiment',
    title: 'Create an experiment',
    about:
      'Plans an experiment with a registered model, or with settings on the model in production, and writes the plan into the history; with `start` it starts as well, or takes its place in the line. A repeated `request_id` changes nothing.',
    body: { schema: createExperimentSchema, types },
    security: ['operator'],
    answers: [{ status: 201, about: 'Made.', schema: experimentAnswerSchema, types }],
    errors: WRITING,
  },
  {
    method: 'get',
    path: '/admin/experiments/{id}',
    parameters: ['id'],
    id: 'showExperiment',
    title: 'Show an experiment',
    about:
      'Where it stands and why, its policy and plan, its history, and its evidence as of now: each metric by stage, never pooled, with its 95 % confidence sequence and the users still needed; what the engine will do next, and what it would take from an operator now.',
    security: ['operator'],
    answers: [{ status: 200, about: 'The experiment.', schema: experimentAnswerSchema, types }],
    errors: [...READING, 'invalid_request', 'not_found'],
  },
  {
    method: 'get',
    path: '/admin/experiments/{id}/looks',
    parameters: ['id'],
    id: 'listLooks',
    title: 'What its looks saw, over time',
    about:
      'For each metric, what the looks at an experiment found: treatment against control with its 95 % confidence sequence, the harm that is put up with, and visitors. At most 200 looks, evenly thinned; the newest is always there.',
    security: ['operator'],
    answers: [{ status: 200, about: 'The looks.', schema: experimentLooksSchema, types }],
    errors: [...READING, 'invalid_request', 'not_found'],
  },
  {
    method: 'post',
    path: '/admin/experiments/{id}/commands',
    parameters: ['id'],
    id: 'commandExperiment',
    title: 'Start, approve, reject, pause, resume, stop or roll back an experiment',
    about:
      'Refused with `conflict` and the reason where it does not fit where the experiment stands: an approval is checked against what is known now. A repeated `request_id` changes nothing.',
    body: { schema: experimentCommandSchema, types },
    security: ['operator'],
    answers: [
      { status: 200, about: 'As it is afterwards.', schema: experimentAnswerSchema, types },
      {
        status: 202,
        about: 'Done, while the record cannot be read: it is written down later.',
        schema: experimentTakenSchema,
        types,
      },
    ],
    errors: WRITING,
  },
];
