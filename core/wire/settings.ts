// What operators send about settings, and what they are answered.

import { z } from 'zod';
import { settingsBodySchema, settingsNameSchema } from '../answer-settings.ts';
import { instantSchema as instant, textSchema } from './shared.ts';

/** What is left out is as the built-in settings have it. */
export const createSettingsSchema = z.strictObject({
  name: settingsNameSchema,
  ...settingsBodySchema.partial().shape,
  reason: textSchema(500),
});

export const settingsAnswerSchema = z.object({
  id: z.string(),
  name: z.string(),
  ...settingsBodySchema.shape,
  /** SHA-256 of what they say, as canonical JSON (RFC 8785). */
  body_hash: z.string(),
  /** Whether somebody is answered under them now: everyone, or a share. */
  stage: z.enum(['production', 'candidate', 'idle']),
  created_at: instant,
  created_by: z.string(),
  reason: z.string(),
});
export type SettingsAnswer = z.infer<typeof settingsAnswerSchema>;

export const settingsMadeSchema = z.object({
  ...settingsAnswerSchema.shape,
  /** They were made before, by whom and under the name that stands here. */
  existed: z.boolean(),
});

/** What every visitor is answered under where nothing else was promoted. */
const builtInSchema = z.object({ ...settingsBodySchema.shape, prompt_version: z.string() });
export const settingsListSchema = z.object({
  built_in: builtInSchema,
  settings: z.array(settingsAnswerSchema),
});
