/**
 * What the edge says to the agent, parsed once from unknown by edge-client.ts.
 * Unknown fields are dropped, not refused: a newer edge must not stop an older agent. The training
 * settings travel through untouched; the trainer is the one that checks them.
 */
import { z } from 'zod';
import type { CompleteRequest, progressSchema } from '../core/wire/agent.ts';
import type { JudgmentReply } from '../core/wire/judging.ts';

export type { JudgmentReply };

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
// These become folder and file names, so nothing that could climb out of a folder is let in.
const modelId = z.string().regex(/^\d{4}-w\d{2}\.\d{1,6}$/);
const jobId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/);
const fileName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/);
const datasetPath = z.string().regex(/^(sft|pairs)\/[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/);
const tagName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/);
const settings = z.record(z.string(), z.unknown());

const remoteFile = z.object({
  name: fileName,
  url: z.url(),
  sha256,
  bytes: z.number().int().nonnegative(),
});

export const jobSchema = z.object({
  job_id: jobId,
  attempt: z.number().int().positive(),
  model_id: modelId,
  model_name: tagName,
  week_tag: tagName,
  seed: z.number().int(),
  lease_seconds: z.number().positive(),
  base: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/),
  production: z.object({ model_id: modelId, files: z.array(remoteFile) }).nullable(),
  dataset: z.object({
    id: z.string(),
    manifest_sha256: sha256,
    files: z.array(remoteFile.omit({ name: true }).extend({ path: datasetPath })),
  }),
  config: z.object({ training: settings, rlhf: settings, evaluation: settings }),
  checkpoint: z.object({ get_url: z.url().nullable(), put_url: z.url() }),
  uploads: z.record(fileName, z.url()),
});

export const claimSchema = z.object({ job: jobSchema });
export const heartbeatSchema = z.object({ cancel: z.boolean() });

export const servingSchema = z.object({
  /** A model id, or the name of a base. */
  production: z.string().nullable(),
  /** What may go from here as well; an edge of before names none. What is no folder's name is passed over. */
  pruned: z
    .array(z.object({ model_id: z.string(), name: tagName }))
    .default([])
    .transform((list) => list.filter(({ model_id }) => modelId.safeParse(model_id).success)),
  models: z.array(
    z.object({
      model_id: modelId,
      name: tagName,
      base: z.string(),
      week_tag: tagName.nullable(),
      files: z.array(remoteFile),
    }),
  ),
});

/** Passed on to the model server as it is; the edge decides what a reply means. */
export const judgmentsSchema = z.object({
  judgments: z.array(
    z.object({
      id: z.string().min(1),
      judge: z.string().min(1),
      attempt: z.number().int().positive(),
      model: z.string().min(1),
      messages: z.array(
        z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() }),
      ),
      response_format: settings,
      max_tokens: z.number().int().positive(),
      seed: z.number().int(),
    }),
  ),
});
export type Judgment = z.output<typeof judgmentsSchema>['judgments'][number];

export type Job = z.output<typeof jobSchema>;
export type Serving = z.output<typeof servingSchema>;
export type PrunedModel = Serving['pruned'][number];
export type ServingModel = Serving['models'][number];

export type Progress = z.output<typeof progressSchema>;
/** What a completion says beside who says it; both ends share the shape. */
export type Completion = Omit<CompleteRequest, 'agent_id' | 'attempt'>;
