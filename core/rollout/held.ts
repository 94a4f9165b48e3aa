// What is kept of a rollout, in its object and in the history: who is tried, by which policy and plan,
// where it stands, and what of its last steps is not done yet. Pure shapes, and the steps that lead
// from one to the next; nothing here performs anything.

import { z } from 'zod';
import { PROMOTE_ON } from '../statistics/policy.ts';
import type { Decision } from './decide.ts';
import { rolloutPlanSchema } from './plan.ts';
import {
  type Effect,
  effectSchema,
  plannedState,
  type RolloutState,
  rolloutStateSchema,
} from './state.ts';

const metricRuleSchema = z.strictObject({
  metric: z.string(),
  role: z.enum(['primary', 'guardrail']),
  harmIs: z.enum(['more', 'less']),
  tau: z.number(),
  tauDifference: z.number(),
  baseline: z.number(),
  tolerance: z.number(),
  ceiling: z.number().nullable(),
  absoluteLimit: z.number().nullable(),
});

export const rolloutPolicySchema = z.strictObject({
  rules: z.strictObject({
    alpha: z.strictObject({
      rollback: z.number(),
      promote: z.number(),
      nonInferiority: z.number(),
      sampleRatio: z.number(),
    }),
    kappa: z.number(),
    amberZ: z.number(),
    gate: z.strictObject({
      treatmentUsers: z.number(),
      observations: z.number(),
      events: z.number(),
    }),
    stage: z.strictObject({ hours: z.number(), users: z.number() }),
    shares: z.array(z.number()).readonly(),
    maximumHours: z.number(),
    quietHours: z.number(),
    promoteOn: z.enum(PROMOTE_ON),
    autoAdvance: z.boolean(),
    onHarm: z.enum(['roll_back', 'hold']),
    metrics: z.array(metricRuleSchema).readonly(),
  }),
  startsItself: z.boolean(),
  lookEveryMs: z.int(),
  remindEveryMs: z.int(),
});

/** What never changes of a rollout. */
const fixed = {
  id: z.string(),
  candidate: z.string(),
  policy: rolloutPolicySchema,
  plan: rolloutPlanSchema,
  createdAtMs: z.int(),
};

/** The body of a row of history: enough to go on from when everything else is lost. */
export const rolloutRowSchema = z.strictObject({
  schema: z.literal(1),
  ...fixed,
  state: rolloutStateSchema,
  effects: z.array(effectSchema),
  requestId: z.string().nullable(),
  nextLookMs: z.int().nullable(),
});
export type RolloutRow = z.infer<typeof rolloutRowSchema>;

const pendingSchema = z.strictObject({
  row: rolloutRowSchema,
  atMs: z.int(),
  who: z.string(),
  /** The operator's words; null where the engine decided. */
  why: z.string().nullable(),
  reason: z.string(),
  /** Changes of the routing table still to be made, in order. */
  traffic: z.array(effectSchema),
  recorded: z.boolean(),
});
export type Pending = z.infer<typeof pendingSchema>;

export const heldSchema = z.strictObject({
  schema: z.literal(1),
  ...fixed,
  state: rolloutStateSchema,
  /** Of the last look, whether or not it changed anything. */
  reason: z.string(),
  nextLookMs: z.int().nullable(),
  pending: z.array(pendingSchema),
  /** Requests that were carried out, so that a repeat changes nothing. */
  handled: z.array(z.string()),
});
export type Held = z.infer<typeof heldSchema>;

const REMEMBERED_REQUESTS = 50;

/** Who took a step, and why if it was an operator. */
export interface Taken {
  nowMs: number;
  who: string;
  why: string | null;
  requestId: string | null;
}

const isTraffic = ({ kind }: Effect) => kind !== 'tell';

/**
 * The rollout after a decision. A decision without a step only moves its clock; a step waits with its
 * effects until they are done. What takes the candidate off makes changes before it that still wait
 * pointless: they are recorded and not made.
 */
export function after(held: Held, decision: Decision, taken: Taken): Held {
  const { next, effects, reason, wakeAtMs } = decision;
  const moved: Held = { ...held, state: next, reason, nextLookMs: wakeAtMs };
  if (next.step === held.state.step) return moved;
  const pending: Pending = {
    row: { ...rowOf(moved), effects, requestId: taken.requestId },
    atMs: taken.nowMs,
    who: taken.who,
    why: taken.why,
    reason,
    traffic: effects.filter(isTraffic),
    recorded: false,
  };
  const isOff = effects.some(({ kind }) => kind === 'take_off');
  const before = isOff ? held.pending.map((one) => ({ ...one, traffic: [] })) : held.pending;
  const handled = taken.requestId === null ? held.handled : [...held.handled, taken.requestId];
  return {
    ...moved,
    pending: [...before, pending],
    handled: handled.slice(-REMEMBERED_REQUESTS),
  };
}

/** The row of history that says where it stands. */
export const rowOf = (
  held: Omit<Held, 'schema' | 'pending' | 'handled' | 'reason'>,
): RolloutRow => ({
  schema: 1,
  id: held.id,
  candidate: held.candidate,
  policy: held.policy,
  plan: held.plan,
  createdAtMs: held.createdAtMs,
  state: held.state,
  effects: [],
  requestId: null,
  nextLookMs: held.nextLookMs,
});

/** A rollout before anything happened to it. Its first look is due at once. */
export const plannedRow = (
  of: Pick<RolloutRow, 'id' | 'candidate' | 'policy' | 'plan' | 'requestId'>,
  nowMs: number,
): RolloutRow => ({
  ...rowOf({ ...of, createdAtMs: nowMs, state: plannedState(nowMs), nextLookMs: nowMs }),
  requestId: of.requestId,
});

/**
 * From the newest row of history. Its effects are performed once more, each finding out for itself
 * whether it is done. When amber was last seen is not in the history, so quiet begins anew.
 */
export function rebuilt(
  row: RolloutRow,
  entry: { atMs: number; who: string; reason: string; requestIds: readonly string[] },
): Held {
  const { at } = row.state;
  const state: RolloutState =
    'progress' in at
      ? { ...row.state, at: { ...at, progress: { ...at.progress, quietMs: 0 } } }
      : row.state;
  const { effects, requestId: _, ...rest } = row;
  const pending: Pending = {
    row,
    atMs: entry.atMs,
    who: entry.who,
    why: null,
    reason: entry.reason,
    traffic: effects.filter(isTraffic),
    recorded: false,
  };
  return {
    ...rest,
    state,
    reason: entry.reason,
    pending: effects.length > 0 ? [pending] : [],
    handled: [...entry.requestIds],
  };
}
