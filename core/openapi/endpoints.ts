// The public endpoints, each with the schema that it parses its body by; the operators' and the agent's
// stand beside this file. What the description says beyond the schemas (headers, streams, reasons) stands
// in these files and nowhere else.

import type { ErrorCode } from '../errors.ts';
import {
  chatAnswerSchema,
  completionAnswerSchema,
  erasureAnswerSchema,
  feedbackAnswerSchema,
  healthAnswerSchema,
  identifyAnswerSchema,
  modelAnswerSchema,
  modelsAnswerSchema,
  optOutAnswerSchema,
  readinessAnswerSchema,
  sessionAnswerSchema,
  signalsAnswerSchema,
} from '../wire/answers.ts';
import { chatRequestSchema, optOutRequestSchema, sessionRequestSchema } from '../wire/chat.ts';
import { completionRequestSchema } from '../wire/completion.ts';
import { feedbackRequestSchema, signalsRequestSchema } from '../wire/feedback.ts';
import { identifyRequestSchema } from '../wire/identify.ts';
import { ADMIN_ENDPOINTS } from './admin-endpoints.ts';
import { AGENT_ENDPOINTS } from './agent-endpoints.ts';
import { COMPARE_ENDPOINTS } from './compare-endpoints.ts';
import { BODY, type Endpoint, JSON_TYPE } from './endpoint.ts';
import { EXPERIMENT_ENDPOINTS } from './experiment-endpoints.ts';
import { OVERSIGHT_ENDPOINTS } from './oversight-endpoints.ts';
import { SETTINGS_ENDPOINTS } from './settings-endpoints.ts';

const STREAM = 'text/event-stream';
/** Reading a visitor's token counts against that visitor's limit. */
const TOKENS: readonly ErrorCode[] = ['token_invalid', 'token_expired', 'rate_limited'];
/** Reading an API key, which counts against that key's limit. */
const KEYS: readonly ErrorCode[] = [
  'unauthorized',
  'insufficient_scope',
  'rate_limited',
  'dependency_unavailable',
];

const PUBLIC_ENDPOINTS: readonly Endpoint[] = [
  {
    method: 'post',
    path: '/api/chat/session',
    id: 'openSession',
    title: 'Open a conversation',
    about:
      'A new conversation for a new visitor, or for the one whose token comes as bearer. The token is bound to the page\u2019s origin and valid for 180 days.',
    body: { schema: sessionRequestSchema, types: [JSON_TYPE] },
    security: ['visitorOrNone'],
    answers: [{ status: 201, about: 'Opened.', schema: sessionAnswerSchema, types: [JSON_TYPE] }],
    errors: [...BODY, ...TOKENS, 'origin_not_allowed'],
  },
  {
    method: 'delete',
    path: '/api/chat/session/{id}',
    parameters: ['id'],
    id: 'eraseSession',
    title: 'Forget a conversation',
    about:
      'Erases the messages that the assistant remembers; what was answered stays in the record.',
    security: ['visitor'],
    answers: [{ status: 204, about: 'Forgotten.', types: [] }],
    errors: [
      ...TOKENS,
      'unauthorized',
      'forbidden',
      'origin_not_allowed',
      'invalid_request',
      'body_too_large',
      'dependency_unavailable',
    ],
  },
  {
    method: 'post',
    path: '/api/privacy/opt-out',
    id: 'refuseTraining',
    title: 'Keep a visitor out of training for good',
    about:
      'Nothing that this visitor says or has said goes into a dataset that is made from now on. It holds for the identity, not for one device, and cannot be taken back; an answer alone is kept out by `training_opt_out`.',
    body: { schema: optOutRequestSchema, types: [JSON_TYPE] },
    security: ['visitor'],
    answers: [{ status: 200, about: 'Recorded.', schema: optOutAnswerSchema, types: [JSON_TYPE] }],
    errors: [...BODY, ...TOKENS, 'unauthorized', 'origin_not_allowed'],
  },
  {
    method: 'delete',
    path: '/api/visitor',
    id: 'eraseVisitor',
    title: 'Erase a visitor',
    about:
      'Deletes the visitor\u2019s chats, votes and conversations, at once; datasets are rewritten without them soon after. Again is the same as once. Throw the token away afterwards: what is asked with it is answered, and never kept.',
    security: ['visitor'],
    answers: [
      {
        status: 202,
        about: 'Gone from the record.',
        schema: erasureAnswerSchema,
        types: [JSON_TYPE],
      },
    ],
    errors: [
      ...TOKENS,
      'invalid_request',
      'unauthorized',
      'origin_not_allowed',
      'body_too_large',
      'dependency_unavailable',
    ],
  },
  {
    method: 'post',
    path: '/api/chat',
    id: 'chat',
    title: 'Ask',
    about:
      'Whole, or with `Accept: text/event-stream` as server-sent events: `meta`, `delta`\u2026, then `done` or `error`, and at last `[DONE]`. Once a stream has begun its status is 200.',
    body: { schema: chatRequestSchema, types: [JSON_TYPE] },
    security: [],
    answers: [
      { status: 200, about: 'The answer.', schema: chatAnswerSchema, types: [JSON_TYPE, STREAM] },
    ],
    errors: [...BODY, ...TOKENS, 'forbidden', 'origin_not_allowed', 'model_unavailable'],
  },
  {
    method: 'post',
    path: '/v1/chat/completions',
    id: 'createChatCompletion',
    title: 'Ask with an OpenAI client',
    about:
      'OpenAI\u2019s shape, whole or with `stream: true` as chunks. `x-interaction-id` and `x-feedback-token` come as headers. `model` names the assistant, never a version. An API key needs the scope `chat`; its requests are those of their `user`.',
    body: { schema: completionRequestSchema, types: [JSON_TYPE] },
    security: ['visitor', 'apiKey'],
    answers: [
      {
        status: 200,
        about: 'The completion.',
        schema: completionAnswerSchema,
        types: [JSON_TYPE, STREAM],
      },
    ],
    errors: [...BODY, ...TOKENS, ...KEYS, 'origin_not_allowed', 'not_found', 'model_unavailable'],
  },
  {
    method: 'get',
    path: '/v1/models',
    id: 'listModels',
    title: 'The assistant\u2019s name',
    about: 'One name, whichever version answers; an operator sees the versions too.',
    security: ['visitor', 'apiKey', 'operator'],
    answers: [{ status: 200, about: 'The list.', schema: modelsAnswerSchema, types: [JSON_TYPE] }],
    errors: [...TOKENS, ...KEYS, 'origin_not_allowed'],
  },
  {
    method: 'get',
    path: '/v1/models/{model}',
    parameters: ['model'],
    id: 'showModel',
    title: 'Whether there is such a name',
    about: 'For clients that look before they ask.',
    security: ['visitor', 'apiKey', 'operator'],
    answers: [{ status: 200, about: 'There is.', schema: modelAnswerSchema, types: [JSON_TYPE] }],
    errors: [...TOKENS, ...KEYS, 'origin_not_allowed', 'not_found'],
  },
  {
    method: 'post',
    path: '/api/feedback',
    id: 'giveFeedback',
    title: 'Say what an answer was worth',
    about:
      'Acknowledged once it is durably queued. The same `event_id` twice counts once. A `rating` needs `value` from 1 to 5, a `correction` its `corrected_response`.',
    body: { schema: feedbackRequestSchema, types: [JSON_TYPE] },
    security: [],
    answers: [{ status: 202, about: 'Queued.', schema: feedbackAnswerSchema, types: [JSON_TYPE] }],
    errors: [...BODY, ...TOKENS, 'forbidden'],
  },
  {
    method: 'post',
    path: '/api/signals',
    id: 'sendSignals',
    title: 'Say what a visitor did with an answer',
    about: 'One event, or a batch. `text/plain` is taken, so that `navigator.sendBeacon` works.',
    body: { schema: signalsRequestSchema, types: [JSON_TYPE, 'text/plain'] },
    security: [],
    answers: [{ status: 202, about: 'Queued.', schema: signalsAnswerSchema, types: [JSON_TYPE] }],
    errors: [...BODY, ...TOKENS, 'forbidden'],
  },
  {
    method: 'post',
    path: '/api/identify',
    id: 'identify',
    title: 'Say which user a visitor is',
    about:
      'For a homepage\u2019s server, whose key has the scope `identify`: a person seen as several visitors can then be left out where models are compared. What a visitor is answered by never changes with it. The earliest statement about a visitor stands.',
    body: { schema: identifyRequestSchema, types: [JSON_TYPE] },
    security: ['apiKey'],
    answers: [{ status: 202, about: 'Queued.', schema: identifyAnswerSchema, types: [JSON_TYPE] }],
    errors: [...BODY, ...TOKENS, ...KEYS],
  },
  {
    method: 'get',
    path: '/healthz',
    id: 'health',
    title: 'Does the Worker run?',
    about: 'Whether it runs and its settings are usable.',
    security: [],
    answers: [
      { status: 200, about: 'Well.', schema: healthAnswerSchema, types: [JSON_TYPE] },
      { status: 503, about: 'Ill.', schema: healthAnswerSchema, types: [JSON_TYPE] },
    ],
    errors: [],
  },
  {
    method: 'get',
    path: '/readyz',
    id: 'readiness',
    title: 'Does everything that it depends on answer?',
    about: 'Each part by its name; `ill` lists those that are.',
    security: [],
    answers: [
      { status: 200, about: 'All well.', schema: readinessAnswerSchema, types: [JSON_TYPE] },
      { status: 503, about: 'A part is ill.', schema: readinessAnswerSchema, types: [JSON_TYPE] },
    ],
    errors: ['rate_limited'],
  },
  {
    method: 'get',
    path: '/metrics',
    id: 'metrics',
    title: 'Counts for Prometheus',
    about: 'Prometheus\u2019 text format, version 0.0.4.',
    security: ['scraper', 'operator'],
    answers: [{ status: 200, about: 'The metrics.', types: ['text/plain'] }],
    errors: ['unauthorized', 'dependency_unavailable'],
  },
];

export const ENDPOINTS: readonly Endpoint[] = [
  ...PUBLIC_ENDPOINTS,
  ...ADMIN_ENDPOINTS,
  ...EXPERIMENT_ENDPOINTS,
  ...SETTINGS_ENDPOINTS,
  ...COMPARE_ENDPOINTS,
  ...OVERSIGHT_ENDPOINTS,
  ...AGENT_ENDPOINTS,
];
