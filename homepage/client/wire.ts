// The shapes that cross the network between a page and the assistant's public API.
// Every answer is parsed here, once, from `unknown`; the types of the client come from these
// schemas. Unknown fields are dropped, so an older page goes on working with a newer server.
import * as z from 'zod/mini';

// Pages run under a policy without 'unsafe-eval': tell zod not to probe for `new Function`.
z.config({ jitless: true });

export const sourceSchema = z.object({
  id: z.string(),
  title: z.string(),
  url: z.optional(z.string()),
  text: z.optional(z.string()),
});
export type Source = z.infer<typeof sourceSchema>;

export const sessionSchema = z.object({ id: z.string(), visitor_token: z.string() });
export type Session = z.infer<typeof sessionSchema>;

const wireErrorSchema = z.object({
  code: z.string(),
  message: z.string(),
  details: z.optional(z.unknown()),
});
export const errorBodySchema = z.object({ error: wireErrorSchema });

export const chatEventSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('meta'),
    interaction_id: z.string(),
    feedback_token: z.string(),
    session_id: z.optional(z.string()),
    trace_id: z.optional(z.nullable(z.string())),
    sources: z.optional(z.nullable(z.array(sourceSchema))),
    // Sent by the local demo only: a visitor who sees the version no longer votes blind.
    model_version: z.optional(z.nullable(z.string())),
  }),
  z.object({ type: z.literal('delta'), text: z.string() }),
  z.object({ type: z.literal('done'), finish_reason: z.optional(z.nullable(z.string())) }),
  z.object({ type: z.literal('error'), error: wireErrorSchema }),
]);
export type ChatEvent = z.infer<typeof chatEventSchema>;

export const correctionTypes = ['factual_error', 'style', 'tone', 'incomplete', 'other'] as const;
export type CorrectionType = (typeof correctionTypes)[number];

/** What a visitor can say about one answer. `rating` counts whole stars, 1 to 5. */
export const verdictSchema = z.discriminatedUnion('feedback_type', [
  z.object({ feedback_type: z.literal('thumbs_up') }),
  z.object({ feedback_type: z.literal('thumbs_down') }),
  z.object({ feedback_type: z.literal('rating'), value: z.number() }),
  z.object({
    feedback_type: z.literal('correction'),
    corrected_response: z.string(),
    correction_type: z.enum(correctionTypes),
  }),
]);
export type Verdict = z.infer<typeof verdictSchema>;

export const erasedSchema = z.object({ erasure_id: z.string(), state: z.string() });
/** An answer without a body. */
export const conversationEndedSchema = z.undefined();
export const optedOutSchema = z.object({ status: z.literal('recorded') });

export const recordedSchema = z.object({ status: z.literal('recorded'), event_id: z.string() });

export interface Signals {
  copy_event?: boolean;
  citation_clicks?: number;
  read_time_seconds?: number;
  time_to_action_seconds?: number;
  reformulated?: boolean;
  follow_up_asked?: boolean;
  abandoned?: boolean;
}

/** The two opaque strings that tie feedback to the answer it is about. */
export interface AnswerRef {
  interactionId: string;
  feedbackToken: string;
}
