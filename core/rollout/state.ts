// What a rollout is between two looks: a union by phase, each arm holding only its own fields, and
// the effects that a step asks for. Stored by the experiment's object, so the shapes carry a version.

import { z } from 'zod';

const instantMs = z.int();

/** Where a rollout stands on its way up. Times are running time: waiting and pauses don't count. */
const progressSchema = z.strictObject({
  /** Index into the shares of the policy's rules. */
  stage: z.int().min(0),
  stageRunningMs: z.int().min(0),
  runningMs: z.int().min(0),
  /** Time without amber up to now, running or waiting for an approval. */
  quietMs: z.int().min(0),
  lookedAtMs: instantMs,
  /** The control that the evidence is against. */
  production: z.string(),
  /** Harm that policy reports instead of acting on; kept so that it is told once. */
  alerted: z.boolean(),
});
export type Progress = z.infer<typeof progressSchema>;

export const STEPS_UP = ['advance', 'promote', 'finish'] as const;
export type StepUp = (typeof STEPS_UP)[number];

export const OUTCOMES = ['promoted', 'rolled_back', 'inconclusive', 'rejected', 'stopped'] as const;
export type Outcome = (typeof OUTCOMES)[number];

const waiting = { sinceMs: instantMs, remindedAtMs: instantMs };

export const phaseSchema = z.discriminatedUnion('phase', [
  z.strictObject({ phase: z.literal('planned'), ...waiting }),
  z.strictObject({ phase: z.literal('queued'), sinceMs: instantMs }),
  z.strictObject({ phase: z.literal('running'), progress: progressSchema }),
  z.strictObject({
    phase: z.literal('waiting'),
    progress: progressSchema,
    step: z.enum(STEPS_UP),
    ...waiting,
  }),
  z.strictObject({ phase: z.literal('paused'), progress: progressSchema, sinceMs: instantMs }),
  z.strictObject({ phase: z.literal('frozen'), progress: progressSchema, why: z.string() }),
  z.strictObject({
    phase: z.literal('ended'),
    outcome: z.enum(OUTCOMES),
    why: z.string(),
    atMs: instantMs,
  }),
]);
export type Phase = z.infer<typeof phaseSchema>;

export const rolloutStateSchema = z.strictObject({
  schema: z.literal(1),
  /** Grows by one with every step that has effects; part of each effect's key. */
  step: z.int().min(0),
  at: phaseSchema,
});
export type RolloutState = z.infer<typeof rolloutStateSchema>;

export const effectSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('start'), shareBp: z.int() }),
  z.strictObject({ kind: z.literal('share'), shareBp: z.int() }),
  /** `against`: the production that it was compared with; what was saved before says none. */
  z.strictObject({ kind: z.literal('promote'), against: z.string().optional() }),
  z.strictObject({ kind: z.literal('take_off') }),
  z.strictObject({
    kind: z.literal('tell'),
    /** `action` asks an operator for a decision; `alarm` wakes somebody; `over` ends the alarm. */
    urgency: z.enum(['info', 'action', 'alarm', 'over']),
  }),
]);
export type Effect = z.infer<typeof effectSchema>;

export const plannedState = (nowMs: number): RolloutState => ({
  schema: 1,
  step: 0,
  at: { phase: 'planned', sinceMs: nowMs, remindedAtMs: nowMs },
});
