// What the agent's endpoints answer, for their description (core/openapi). The agent reads them by
// mac-agent/edge-schema.ts, which is stricter about whatever becomes a file's name.

import { z } from 'zod';
import { uuidSchema } from './shared.ts';

const storedFile = {
  url: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int().min(0),
};
const namedFile = z.object({ name: z.string(), ...storedFile });

export const offerAnswerSchema = z.object({
  job: z.object({
    job_id: uuidSchema,
    attempt: z.int().min(1),
    model_id: z.string(),
    model_name: z.string(),
    week_tag: z.string(),
    seed: z.int(),
    lease_seconds: z.number(),
    lease_expires_at: z.iso.datetime().nullable(),
    base: z.string(),
    production: z.object({ model_id: z.string(), files: z.array(namedFile) }).nullable(),
    dataset: z.object({
      id: z.string(),
      manifest_sha256: z.string().nullable(),
      files: z.array(z.object({ path: z.string(), ...storedFile })),
    }),
    config: z.object({
      training: z.record(z.string(), z.unknown()),
      rlhf: z.record(z.string(), z.unknown()),
      evaluation: z.record(z.string(), z.unknown()),
    }),
    checkpoint: z.object({ get_url: z.string().nullable(), put_url: z.string() }),
    uploads: z.record(z.string(), z.string()),
  }),
});

export const heartbeatAnswerSchema = z.object({
  lease_expires_at: z.iso.datetime(),
  cancel: z.boolean(),
});

export const endedAnswerSchema = z.object({ status: z.literal('recorded') });

export const servingAnswerSchema = z.object({
  production: z.string().nullable(),
  /** Models whose files are gone from the store: local copies may go as well. */
  pruned: z.array(z.object({ model_id: z.string(), name: z.string() })),
  models: z.array(
    z.object({
      model_id: z.string(),
      name: z.string(),
      base: z.string(),
      week_tag: z.string().nullable(),
      files: z.array(namedFile),
    }),
  ),
});
