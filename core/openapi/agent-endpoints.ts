// What the Mac agent polls: the lease protocol and the models that it must serve.

import type { ErrorCode } from '../errors.ts';
import {
  claimRequestSchema,
  completeRequestSchema,
  failRequestSchema,
  heartbeatRequestSchema,
} from '../wire/agent.ts';
import {
  endedAnswerSchema,
  heartbeatAnswerSchema,
  offerAnswerSchema,
  servingAnswerSchema,
} from '../wire/agent-answers.ts';
import {
  judgmentBatchSchema,
  judgmentClaimSchema,
  judgmentRepliesSchema,
  judgmentsRecordedSchema,
} from '../wire/judging.ts';
import { uuidSchema } from '../wire/shared.ts';
import { type Endpoint, JSON_BODY, JSON_TYPE } from './endpoint.ts';

const SENT: readonly ErrorCode[] = [...JSON_BODY, 'unauthorized'];
const ofJob = { parameters: ['id'], shapes: { id: uuidSchema }, security: ['agent'] } as const;

export const AGENT_ENDPOINTS: readonly Endpoint[] = [
  {
    method: 'post',
    path: '/agent/jobs/claim',
    id: 'claimJob',
    title: 'The agent: ask for work',
    about: 'The oldest job whose base this agent has, under a lease, with presigned addresses.',
    body: { schema: claimRequestSchema, types: [JSON_TYPE] },
    security: ['agent'],
    answers: [
      { status: 200, about: 'A job.', schema: offerAnswerSchema, types: [JSON_TYPE] },
      { status: 204, about: 'Nothing to do.', types: [] },
    ],
    errors: [...SENT, 'conflict'],
  },
  {
    method: 'post',
    path: '/agent/jobs/{id}/heartbeat',
    id: 'heartbeatJob',
    title: 'The agent: still at it',
    about: 'Extends the lease, reports progress and learns of cancellation.',
    body: { schema: heartbeatRequestSchema, types: [JSON_TYPE] },
    ...ofJob,
    answers: [
      { status: 200, about: 'Extended.', schema: heartbeatAnswerSchema, types: [JSON_TYPE] },
    ],
    errors: [...SENT, 'stale_holder'],
  },
  {
    method: 'post',
    path: '/agent/jobs/{id}/complete',
    id: 'completeJob',
    title: 'The agent: done',
    about:
      'Ends the job and registers its model, or registers it as refused. Safe to repeat by the same attempt; an accepted model needs every artifact uploaded.',
    body: { schema: completeRequestSchema, types: [JSON_TYPE] },
    ...ofJob,
    answers: [{ status: 200, about: 'Recorded.', schema: endedAnswerSchema, types: [JSON_TYPE] }],
    errors: [...SENT, 'stale_holder'],
  },
  {
    method: 'post',
    path: '/agent/jobs/{id}/fail',
    id: 'failJob',
    title: 'The agent: failed',
    about: 'Ends the attempt; a retryable one is queued again while attempts are left.',
    body: { schema: failRequestSchema, types: [JSON_TYPE] },
    ...ofJob,
    answers: [{ status: 200, about: 'Recorded.', schema: endedAnswerSchema, types: [JSON_TYPE] }],
    errors: [...SENT, 'stale_holder'],
  },
  {
    method: 'post',
    path: '/agent/judgments/claim',
    id: 'claimJudgments',
    title: 'The agent: ask for answers to judge',
    about:
      'The oldest answers that wait for a model which this agent has, under a lease, each with what to ask that model.',
    body: { schema: judgmentClaimSchema, types: [JSON_TYPE] },
    security: ['agent'],
    answers: [
      { status: 200, about: 'A batch.', schema: judgmentBatchSchema, types: [JSON_TYPE] },
      { status: 204, about: 'Nothing to judge.', types: [] },
    ],
    errors: SENT,
  },
  {
    method: 'post',
    path: '/agent/judgments',
    id: 'recordJudgments',
    title: 'The agent: what the judge replied',
    about:
      'Replies as the model wrote them. One that is no verdict is asked for again, five times at most. Safe to repeat: a reply counts once, and only under its lease.',
    body: { schema: judgmentRepliesSchema, types: [JSON_TYPE] },
    security: ['agent'],
    answers: [
      { status: 200, about: 'Recorded.', schema: judgmentsRecordedSchema, types: [JSON_TYPE] },
    ],
    errors: SENT,
  },
  {
    method: 'get',
    path: '/agent/serving',
    id: 'listServing',
    title: 'The agent: what to serve',
    about: 'Production, its predecessor, the candidate and the newest registered models.',
    security: ['agent'],
    answers: [{ status: 200, about: 'The list.', schema: servingAnswerSchema, types: [JSON_TYPE] }],
    errors: ['unauthorized', 'dependency_unavailable'],
  },
];
