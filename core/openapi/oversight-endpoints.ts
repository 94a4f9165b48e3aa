// What operators watch over the loop with: API keys, dead letters, an experiment's sums, the history,
// notifications and erasures. The tests hold this list to the routes.

import {
  createKeySchema,
  deadLetterListSchema,
  erasureRequestSchema,
  historyAtSchema,
  historyListSchema,
  historyVerifySchema,
  notificationListSchema,
  notifyTestSchema,
  revokeKeySchema,
} from '../wire/admin.ts';
import {
  deadLettersAnswerSchema,
  erasurePreviewAnswerSchema,
  erasureRecordAnswerSchema,
  erasuresAnswerSchema,
  historyAnswerSchema,
  historyMomentAnswerSchema,
  historyRowAnswerSchema,
  keyMadeAnswerSchema,
  keyRevokedAnswerSchema,
  keysAnswerSchema,
  notifyTestAnswerSchema,
  outboxAnswerSchema,
  replayedAnswerSchema,
  sumsAnswerSchema,
  verificationAnswerSchema,
} from '../wire/oversight-answers.ts';
import { uuidSchema } from '../wire/shared.ts';
import { type Endpoint, JSON_TYPE } from './endpoint.ts';
import { answering, list, one, pathId, READ, READ_ONE, WRITE } from './operator-endpoint.ts';

const ASKED = [...READ, 'invalid_request'] as const;

export const OVERSIGHT_ENDPOINTS: readonly Endpoint[] = [
  list('/admin/keys', 'listKeys', 'Operators: API keys', keysAnswerSchema),
  {
    method: 'post',
    path: '/admin/keys',
    id: 'createKey',
    title: 'Operators: make an API key',
    about:
      'The answer alone holds its text. A `prefix` that another key has is shared only if it is named; the same `request_id` twice makes one key, and is refused the second time.',
    body: { schema: createKeySchema, types: [JSON_TYPE] },
    security: ['operator'],
    answers: answering(201, 'Made.', keyMadeAnswerSchema),
    errors: [...WRITE, 'conflict'],
  },
  {
    method: 'post',
    path: '/admin/keys/{id}/revoke',
    parameters: ['id'],
    shapes: { id: pathId },
    id: 'revokeKey',
    title: 'Operators: revoke an API key',
    about: 'For good. Again is the same as once: `changed` says which it was.',
    body: { schema: revokeKeySchema, types: [JSON_TYPE] },
    security: ['operator'],
    answers: answering(200, 'Revoked.', keyRevokedAnswerSchema),
    errors: [...WRITE, 'not_found'],
  },
  {
    ...list(
      '/admin/dead-letters',
      'listDeadLetters',
      'Operators: dead letters',
      deadLettersAnswerSchema,
      'What could not be recorded, without its text. Oldest first, 200 at a time; `after` is the last id of the page before.',
    ),
    query: deadLetterListSchema.shape,
    errors: ASKED,
  },
  {
    method: 'post',
    path: '/admin/dead-letters/{id}/replay',
    parameters: ['id'],
    shapes: { id: uuidSchema },
    id: 'replayDeadLetter',
    title: 'Operators: send a dead letter again',
    about: 'One that was sent again already is left as it is; one that fails once more comes back.',
    security: ['operator'],
    answers: answering(202, 'Queued.', replayedAnswerSchema),
    errors: [...READ_ONE, 'origin_not_allowed', 'conflict', 'body_too_large'],
  },
  one(
    '/admin/experiments/{id}/sums',
    'showSums',
    'Operators: an experiment\u2019s sums',
    sumsAnswerSchema,
    'What its statistics are computed from: users, exposures `n` and events `y` by metric and cell, and their second moments. Sums are whole numbers as text. Not found until an answer of it was recorded.',
  ),
  {
    ...list('/admin/history', 'listHistory', 'Operators: the history', historyAnswerSchema),
    about: 'Newest first; `before` is the last `seq` of the page before.',
    query: historyListSchema.shape,
    errors: ASKED,
  },
  {
    ...list(
      '/admin/history/at',
      'showHistoryAt',
      'Operators: what was live at a time',
      historyMomentAnswerSchema,
      'The table of that time, the row that made it so and the one that ended it.',
    ),
    answers: answering(200, 'That moment.', historyMomentAnswerSchema),
    query: historyAtSchema.shape,
    errors: ASKED,
  },
  {
    ...list(
      '/admin/history/verify',
      'verifyHistory',
      'Operators: verify the history',
      verificationAnswerSchema,
      'Each row against its signature and its neighbours, a page at a time: go on with `after` set to `next_after`. The last page judges the end of the chain too.',
    ),
    answers: answering(200, 'What was found.', verificationAnswerSchema),
    query: historyVerifySchema.shape,
    errors: ASKED,
  },
  one(
    '/admin/history/{id}',
    'showHistoryRow',
    'Operators: one row of the history',
    historyRowAnswerSchema,
    'By its `seq` or its `key`.',
  ),
  {
    ...list(
      '/admin/notifications',
      'listNotifications',
      'Operators: notifications',
      outboxAnswerSchema,
      'Which channels are on, and what was or will be sent over them. Newest first.',
    ),
    query: notificationListSchema.shape,
    errors: ASKED,
  },
  {
    method: 'post',
    path: '/admin/notifications/test',
    id: 'testNotifications',
    title: 'Operators: test the channels',
    about:
      'Sends a message over each channel that is on, and says what became of it. The same `request_id` twice sends once.',
    body: { schema: notifyTestSchema, types: [JSON_TYPE] },
    security: ['operator'],
    answers: answering(200, 'Tried.', notifyTestAnswerSchema),
    errors: [...WRITE, 'conflict'],
  },
  list('/admin/erasures', 'listErasures', 'Operators: erasures', erasuresAnswerSchema),
  {
    method: 'post',
    path: '/admin/erasures',
    id: 'orderErasure',
    title: 'Operators: erase a visitor',
    about:
      'As the visitor could: from the record at once, from datasets soon after. Again is the same as once. `dry_run` says what would go and takes nothing.',
    body: { schema: erasureRequestSchema, types: [JSON_TYPE] },
    security: ['operator'],
    answers: [
      ...answering(200, 'What would go.', erasurePreviewAnswerSchema),
      ...answering(202, 'Gone from the record.', erasureRecordAnswerSchema),
    ],
    errors: WRITE,
  },
  one(
    '/admin/erasures/{id}',
    'showErasure',
    'Operators: one erasure',
    erasureRecordAnswerSchema,
    'How far it is, and what it took.',
    uuidSchema,
  ),
];
