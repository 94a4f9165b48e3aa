// What the public endpoints answer, for their description (core/openapi) and for tests that hold the
// endpoints to it. Fields may be added; a client ignores what it does not know.

import { z } from 'zod';
import { ERROR_CODES } from '../errors.ts';
import { sourcesSchema, uuidSchema } from './shared.ts';

export const errorAnswerSchema = z.object({
  error: z.object({
    code: z.enum(ERROR_CODES),
    message: z.string(),
    details: z.array(z.string()).optional(),
  }),
});

export const sessionAnswerSchema = z.object({ id: z.string(), visitor_token: z.string() });

export const chatAnswerSchema = z.object({
  response: z.string(),
  interaction_id: uuidSchema,
  session_id: z.string(),
  trace_id: z.string().regex(/^[0-9a-f]{32}$/),
  feedback_token: z.string(),
  sources: sourcesSchema,
  /** On one machine only: in front of people it would bias their votes. */
  model_version: z.string().optional(),
});

const tokenUsageSchema = z.object({
  prompt_tokens: z.int(),
  completion_tokens: z.int(),
  total_tokens: z.int(),
});

export const completionAnswerSchema = z.object({
  id: z.string(),
  object: z.literal('chat.completion'),
  created: z.int(),
  model: z.string(),
  choices: z.array(
    z.object({
      index: z.int(),
      message: z.object({
        role: z.literal('assistant'),
        content: z.string(),
        refusal: z.null(),
      }),
      logprobs: z.null(),
      finish_reason: z.string(),
    }),
  ),
  usage: tokenUsageSchema.optional(),
});

export const modelAnswerSchema = z.object({
  id: z.string(),
  object: z.literal('model'),
  created: z.int(),
  owned_by: z.string(),
});

export const modelsAnswerSchema = z.object({
  object: z.literal('list'),
  data: z.array(modelAnswerSchema),
});

export const feedbackAnswerSchema = z.object({
  status: z.literal('recorded'),
  event_id: uuidSchema,
});

export const identifyAnswerSchema = feedbackAnswerSchema;

export const signalsAnswerSchema = z.object({
  status: z.literal('recorded'),
  accepted: z.int(),
});

const probed = { status: z.enum(['ok', 'ill']), ill: z.array(z.string()) };
export const healthAnswerSchema = z.object({
  ...probed,
  parts: z.object({ settings: z.boolean() }),
});
/** Without usable settings no other part can be asked. */
export const readinessAnswerSchema = z.object({
  ...probed,
  parts: z.object({
    settings: z.boolean(),
    database: z.boolean().optional(),
    routing: z.boolean().optional(),
    model_server: z.boolean().optional(),
    object_store: z.boolean().optional(),
    routing_cache: z.boolean().optional(),
  }),
});

export const optOutAnswerSchema = z.object({ status: z.literal('recorded') });

export const erasureAnswerSchema = z.object({
  erasure_id: z.string(),
  /** `rewriting`: gone from the record, datasets are still being rewritten without it. */
  state: z.enum(['requested', 'rewriting', 'complete']),
});
