// The lease protocol: what the Mac agent sends to the edge, which parses it with these. The agent
// takes only their types; it parses the edge's answers by mac-agent/edge-schema.ts.

import { z } from 'zod';
import { textSchema } from './shared.ts';

export const claimRequestSchema = z.strictObject({
  agent_id: textSchema(200),
  bases: z.array(textSchema(200)).min(1).max(20),
});

/** The most that the record's integer holds. */
const MAX_ATTEMPT = 2_147_483_647;
const holder = { agent_id: textSchema(200), attempt: z.int().min(1).max(MAX_ATTEMPT) };

export const progressSchema = z.strictObject({
  phase: textSchema(50),
  step: z.int().min(0),
  total_steps: z.int().min(0),
  loss: z.number().nullable().optional(),
  message: z.string().max(500).optional(),
});

export const heartbeatRequestSchema = z.strictObject({
  ...holder,
  progress: progressSchema.nullable(),
  checkpoint_saved: z.boolean().optional(),
});

export const verdictSchema = z.strictObject({ accepted: z.boolean(), reason: textSchema(2000) });

export const completeRequestSchema = z.strictObject({
  ...holder,
  verdict: verdictSchema,
  metrics: z.record(z.string(), z.unknown()),
  artifacts: z.array(
    z.strictObject({
      name: textSchema(200),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      bytes: z.int().min(0),
    }),
  ),
  serving: z
    .strictObject({
      server: z.enum(['llama.cpp', 'ollama']),
      name: textSchema(200),
      verified_probes: z.int().min(0),
    })
    .nullable(),
  training: z.strictObject({
    trainable_parameters: z.int().nullable(),
    git_commit: z.string().max(100).nullable(),
    versions: z.record(z.string(), z.string()),
  }),
  log: z.strictObject({ losses: z.array(z.tuple([z.int(), z.number()])).max(20_000) }),
});
export type CompleteRequest = z.infer<typeof completeRequestSchema>;

export const failRequestSchema = z.strictObject({
  ...holder,
  code: textSchema(100),
  message: textSchema(2000),
  retryable: z.boolean(),
});

export const ARTIFACT_NAMES = [
  'adapters.safetensors',
  'adapter_config.json',
  'adapter.gguf',
  'model-f16.gguf',
  'Modelfile',
  'training.json',
] as const;
