// What visitors send to the homepage's chat endpoints, and a message as every model is given it.

import { z } from 'zod';
import { LIMITS, sourcesSchema, textSchema } from './shared.ts';

export const sessionRequestSchema = z.strictObject({});

export const optOutRequestSchema = z.strictObject({});

export const chatRequestSchema = z.strictObject({
  session_id: textSchema(100),
  visitor_token: textSchema(2000),
  message: textSchema(LIMITS.messageChars),
  sources: sourcesSchema.optional(),
  training_opt_out: z.boolean().optional(),
});
export type ChatRequest = z.infer<typeof chatRequestSchema>;

export interface ChatMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}
