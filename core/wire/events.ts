// Messages on the events queue: everything the recorder writes. Parsed again on arrival, because a
// queue outlives a deploy. New fields must be optional.

import { z } from 'zod';
import { FEEDBACK_TYPES } from '../feedback-values.ts';
import { CORRECTION_TYPES, signalsSchema } from './feedback.ts';
import { sourcesSchema } from './shared.ts';

export const interactionEventSchema = z.strictObject({
  kind: z.literal('interaction'),
  v: z.literal(1),
  interaction_id: z.string(),
  visitor_id: z.string(),
  session_id: z.string(),
  trace_id: z.string(),
  query: z.string(),
  history_turns: z.int(),
  response: z.string(),
  sources: sourcesSchema,
  retrieval_possible: z.boolean(),
  prompt_version: z.string(),
  /** Under which settings it was given; none said are the built-in ones. */
  settings_id: z.string().nullish(),
  model_served: z.string(),
  model_assigned: z.string(),
  arm: z.enum(['control', 'treatment', 'none']),
  experiment_id: z.string().nullable(),
  routing_version: z.int(),
  status: z.enum(['complete', 'partial', 'error']),
  error_code: z.string().nullable(),
  /** Why the assigned model gave no first token and production was asked instead, or again. */
  assigned_failure: z.string().nullish(),
  /** Whom the trouble counts against; see core/blame.ts. */
  fault: z.enum(['model', 'service']).nullish(),
  /** The stage of the experiment: its share when the answer was assigned. */
  share_bp: z.int().nullish(),
  /** Which of the experiment's controls it was compared with; none said is the first. */
  stratum: z.int().nullish(),
  prompt_tokens: z.int().nullable(),
  completion_tokens: z.int().nullable(),
  first_token_ms: z.int().nullable(),
  total_ms: z.int(),
  training_opt_out: z.boolean(),
  platform: z.enum(['homepage', 'openai']),
  created_at: z.int(),
});
export type InteractionEvent = z.infer<typeof interactionEventSchema>;

export const feedbackEventSchema = z.strictObject({
  kind: z.literal('feedback'),
  v: z.literal(1),
  event_id: z.string(),
  interaction_id: z.string(),
  visitor_id: z.string(),
  model_version: z.string(),
  feedback_type: z.enum(FEEDBACK_TYPES),
  feedback_value: z.number(),
  corrected_response: z.string().nullable(),
  correction_type: z.enum(CORRECTION_TYPES).nullable(),
  metadata: z.record(z.string(), z.unknown()),
  at: z.int(),
  received_at: z.int(),
});
export type FeedbackEvent = z.infer<typeof feedbackEventSchema>;

export const signalsEventSchema = z.strictObject({
  kind: z.literal('signals'),
  v: z.literal(1),
  event_id: z.string(),
  interaction_id: z.string(),
  visitor_id: z.string(),
  model_version: z.string(),
  signals: signalsSchema,
  received_at: z.int(),
});
export type SignalsEvent = z.infer<typeof signalsEventSchema>;

/** A homepage's server says who a visitor is; it changes no assignment. */
export const identityEventSchema = z.strictObject({
  kind: z.literal('identity'),
  v: z.literal(1),
  event_id: z.string(),
  visitor_id: z.string(),
  /** PREFIX:user, as a key's own users are named. */
  person_id: z.string(),
  at: z.int(),
});
export type IdentityEvent = z.infer<typeof identityEventSchema>;

export const queueEventSchema = z.discriminatedUnion('kind', [
  interactionEventSchema,
  feedbackEventSchema,
  signalsEventSchema,
  identityEventSchema,
]);
export type QueueEvent = z.infer<typeof queueEventSchema>;
