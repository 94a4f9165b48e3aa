// What operators use to drive the loop, through the console, `bruno` or a script of their own; what they
// watch over it with stands in oversight-endpoints.ts. The tests hold these lists to the routes.

import { z } from 'zod';
import {
  createJobSchema,
  curateRequestSchema,
  reviewDecisionSchema,
  routeRequestSchema,
} from '../wire/admin.ts';
import {
  curationAnswerSchema,
  curationStartedAnswerSchema,
  datasetAnswerSchema,
  datasetsAnswerSchema,
  jobAnswerSchema,
  jobsAnswerSchema,
  lineageAnswerSchema,
  modelVersionAnswerSchema,
  modelVersionsAnswerSchema,
  reviewedAnswerSchema,
  reviewsAnswerSchema,
  statusAnswerSchema,
} from '../wire/admin-answers.ts';
import { prunedAnswerSchema, pruneRequestSchema, pruningAnswerSchema } from '../wire/pruning.ts';
import { routeAnswerSchema } from '../wire/route-answers.ts';
import { uuidSchema } from '../wire/shared.ts';
import { type Endpoint, JSON_TYPE } from './endpoint.ts';
import { answering, list, one, READ, READ_ONE, WRITE } from './operator-endpoint.ts';

export const ADMIN_ENDPOINTS: readonly Endpoint[] = [
  {
    ...list('/admin/status', 'showStatus', 'Operators: the loop as it stands', statusAnswerSchema),
    about: 'What is live, what was said this week and last, what waits, and which part is ill.',
    answers: answering(200, 'The state.', statusAnswerSchema),
  },
  list('/admin/datasets', 'listDatasets', 'Operators: datasets', datasetsAnswerSchema),
  {
    method: 'post',
    path: '/admin/datasets',
    id: 'curateWeek',
    title: 'Operators: curate a week',
    about:
      'The last full week, or the one named. A week that has its dataset keeps it: `existed` says so.',
    body: { schema: curateRequestSchema, types: [JSON_TYPE] },
    security: ['operator'],
    answers: answering(202, 'Started.', curationStartedAnswerSchema),
    errors: [...WRITE, 'conflict'],
  },
  one(
    '/admin/datasets/{id}',
    'showDataset',
    'Operators: one dataset',
    datasetAnswerSchema,
    'Its counts, and what was left out and why.',
  ),
  one(
    '/admin/curations/{id}',
    'showCuration',
    'Operators: a curation run',
    curationAnswerSchema,
    'How far it is; the id is the `run_id` that starting it answered.',
  ),
  list('/admin/jobs', 'listJobs', 'Operators: training jobs', jobsAnswerSchema),
  {
    method: 'post',
    path: '/admin/jobs',
    id: 'createJob',
    title: 'Operators: train from a dataset again',
    about: 'Makes a further iteration.',
    body: { schema: createJobSchema, types: [JSON_TYPE] },
    security: ['operator'],
    answers: answering(201, 'Queued.', jobAnswerSchema),
    errors: [...WRITE, 'not_found', 'conflict'],
  },
  one(
    '/admin/jobs/{id}',
    'showJob',
    'Operators: one training job',
    jobAnswerSchema,
    'Its progress, losses and verdict.',
    uuidSchema,
  ),
  {
    method: 'post',
    path: '/admin/jobs/{id}/cancel',
    parameters: ['id'],
    shapes: { id: uuidSchema },
    id: 'cancelJob',
    title: 'Operators: cancel a training job',
    about: 'A running one ends at its next heartbeat.',
    security: ['operator'],
    answers: answering(200, 'Cancelled, or about to be.', jobAnswerSchema),
    errors: [...READ_ONE, 'origin_not_allowed', 'conflict', 'body_too_large'],
  },
  {
    ...list('/admin/reviews', 'listReviews', 'Operators: corrections', reviewsAnswerSchema),
    about: 'Oldest first; those that wait, or those decided so.',
    query: { status: z.enum(['pending', 'accepted', 'rejected']).optional() },
    errors: [...READ, 'invalid_request'],
  },
  {
    method: 'post',
    path: '/admin/reviews/{id}',
    parameters: ['id'],
    shapes: { id: uuidSchema },
    id: 'decideReview',
    title: 'Operators: decide on a correction',
    about: 'Deciding again replaces the decision.',
    body: { schema: reviewDecisionSchema, types: [JSON_TYPE] },
    security: ['operator'],
    answers: answering(200, 'Decided.', reviewedAnswerSchema),
    errors: [...WRITE, 'not_found', 'conflict'],
  },
  list('/admin/models', 'listModelVersions', 'Operators: models', modelVersionsAnswerSchema),
  one(
    '/admin/models/{id}',
    'showModelVersion',
    'Operators: one model',
    modelVersionAnswerSchema,
    'Its stage, measurements, files and origin.',
  ),
  {
    ...list(
      '/admin/pruning',
      'planPruning',
      'Operators: what would be pruned',
      pruningAnswerSchema,
    ),
    about:
      'Every model that has files, and why it keeps them or loses them by the rule of `models` in learning.yaml.',
    answers: answering(200, 'What the rule says now.', pruningAnswerSchema),
  },
  {
    method: 'post',
    path: '/admin/pruning',
    id: 'pruneModels',
    title: 'Operators: prune models now',
    about:
      'Marks what the rule says; from then on nothing may use those models. Their files are deleted by a later sweep. Manifests and rows stay.',
    body: { schema: pruneRequestSchema, types: [JSON_TYPE] },
    security: ['operator'],
    answers: answering(200, 'Marked.', prunedAnswerSchema),
    errors: [...WRITE, 'conflict'],
  },
  {
    ...list('/admin/route', 'showRoute', 'Operators: the live route', routeAnswerSchema),
    about:
      'Who answers whom, and every change of it. Shares and slices are in ten-thousandths; `candidate`, `share_bp` and `experiment_id` are those of the first of the `experiments`.',
    answers: answering(200, 'The route.', routeAnswerSchema),
  },
  {
    method: 'post',
    path: '/admin/route',
    id: 'changeRoute',
    title: 'Operators: change the live route',
    about:
      '`start` needs `model_id`, `share` needs `share`. Where several experiments run, `model_id` or `experiment_id` says which is meant. The same `request_id` twice changes nothing twice.',
    body: { schema: routeRequestSchema, types: [JSON_TYPE] },
    security: ['operator'],
    answers: answering(200, 'Changed.', routeAnswerSchema),
    errors: [...WRITE, 'not_found', 'conflict'],
  },
  one(
    '/admin/lineage/{id}',
    'showLineage',
    'Operators: where it comes from',
    lineageAnswerSchema,
    'Of an answer, a feedback event, a model or a dataset.',
  ),
];
