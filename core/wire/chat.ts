// What visitors and OpenAI clients send to the chat endpoints.

import { z } from 'zod';
import { LIMITS, sourcesSchema, textSchema } from './shared.ts';

export const sessionRequestSchema = z.strictObject({});

export const chatRequestSchema = z.strictObject({
  session_id: textSchema(100),
  visitor_token: textSchema(2000),
  message: textSchema(LIMITS.messageChars),
  sources: sourcesSchema.optional(),
  training_opt_out: z.boolean().optional(),
});
export type ChatRequest = z.infer<typeof chatRequestSchema>;

const contentSchema = z.union([
  textSchema(LIMITS.messageChars * 4),
  z
    .array(z.strictObject({ type: z.literal('text'), text: textSchema(LIMITS.messageChars * 4) }))
    .min(1),
]);

const messageSchema = z.strictObject({
  role: z.enum(['system', 'developer', 'user', 'assistant']),
  content: contentSchema,
  name: z.string().max(200).optional(),
});

export const completionRequestSchema = z
  .strictObject({
    model: textSchema(200),
    messages: z.array(messageSchema).min(1).max(LIMITS.messages),
    stream: z.boolean().nullish(),
    stream_options: z.strictObject({ include_usage: z.boolean().optional() }).nullish(),
    temperature: z.number().min(0).max(2).nullish(),
    top_p: z.number().gt(0).max(1).nullish(),
    max_tokens: z.int().min(1).max(4096).nullish(),
    max_completion_tokens: z.int().min(1).max(4096).nullish(),
    stop: z.union([textSchema(100), z.array(textSchema(100)).max(4)]).nullish(),
    seed: z.int().nullish(),
    user: z.string().max(200).optional(),
    metadata: z.record(z.string().max(64), z.string().max(512)).nullish(),
    sources: sourcesSchema.optional(),
  })
  .refine((body) => body.messages.at(-1)?.role === 'user', {
    error: 'the last message must be the user\u2019s',
    path: ['messages'],
  });
export type CompletionRequest = z.infer<typeof completionRequestSchema>;

export interface ChatMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

/** Content parts joined, `developer` read as `system`. */
export function plainMessages(messages: CompletionRequest['messages']): ChatMessage[] {
  return messages.map(({ role, content }) => ({
    role: role === 'developer' ? 'system' : role,
    content: typeof content === 'string' ? content : content.map((part) => part.text).join(''),
  }));
}
