// What operators use, through the console, `bruno` or a script of their own. A new one stands here too:
// the tests hold this list to the routes.

import { z } from 'zod';
import type { ErrorCode } from '../errors.ts';
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
  routeAnswerSchema,
  statusAnswerSchema,
} from '../wire/admin-answers.ts';
import { uuidSchema } from '../wire/shared.ts';
import { type Endpoint, JSON_BODY, JSON_TYPE } from './endpoint.ts';

const READ: readonly ErrorCode[] = ['unauthorized', 'dependency_unavailable'];
/** Of one thing: its id may be unusable, or nothing's. */
const READ_ONE: readonly ErrorCode[] = [...READ, 'invalid_request', 'not_found'];
const WRITE: readonly ErrorCode[] = [...JSON_BODY, 'unauthorized', 'origin_not_allowed'];

const pathId = z.string().min(1).max(100);
const answering = (status: number, about: string, schema: z.ZodType) => [
  { status, about, schema, types: [JSON_TYPE] },
];

const list = (
  path: string,
  id: string,
  title: string,
  schema: z.ZodType,
  about = 'Newest first.',
): Endpoint => ({
  method: 'get',
  path,
  id,
  title,
  about,
  security: ['operator'],
  answers: answering(200, 'The list.', schema),
  errors: READ,
});

const one = (
  path: string,
  id: string,
  title: string,
  schema: z.ZodType,
  about: string,
  shape: z.ZodType = pathId,
): Endpoint => ({
  method: 'get',
  path,
  parameters: ['id'],
  shapes: { id: shape },
  id,
  title,
  about,
  security: ['operator'],
  answers: answering(200, 'Found.', schema),
  errors: READ_ONE,
});

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
    ...list('/admin/route', 'showRoute', 'Operators: the live route', routeAnswerSchema),
    about: 'Who answers whom, and every change of it.',
    answers: answering(200, 'The route.', routeAnswerSchema),
  },
  {
    method: 'post',
    path: '/admin/route',
    id: 'changeRoute',
    title: 'Operators: change the live route',
    about:
      '`start` needs `model_id`, `share` needs `share`. The same `request_id` twice changes nothing twice.',
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
