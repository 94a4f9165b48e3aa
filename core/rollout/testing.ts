// Builders for the tests of rollouts.

import type { HarmVerdict } from '../statistics/guardrail.ts';
import { DEFAULT_POLICY, type Policy } from '../statistics/policy.ts';
import type { Evidence, Facts } from './facts.ts';
import type { RolloutPolicy } from './policy.ts';
import type { Effect, Phase, Progress, RolloutState } from './state.ts';

export const HOUR_MS = 3_600_000;
export const T0 = Date.UTC(2026, 9, 18, 2);

export const harm = (over: Partial<HarmVerdict> = {}): HarmVerdict => ({
  result: 'pass',
  amber: false,
  reason: 'no evidence of harm',
  guardrails: [],
  waived: [],
  ...over,
});

export const proven = (reason: string) => harm({ result: 'fail', reason });

export const evidence = (over: Partial<Evidence> = {}): Evidence => ({
  harm: harm(),
  splitBroken: null,
  unhealthy: null,
  users: { control: 9_000, treatment: 1_000 },
  offline: { better: true, reason: 'on 40 phrasings' },
  ...over,
});

export const facts = (over: Partial<Facts> = {}): Facts => ({
  evidence: evidence(),
  candidateDown: null,
  production: 'old',
  routed: true,
  placeInLine: null,
  ...over,
});

/** Promotes on what the offline comparison says, so that a test needs no sums. */
export const policy = (
  rules: Partial<Policy> = {},
  over: Partial<RolloutPolicy> = {},
): RolloutPolicy => ({
  rules: {
    ...DEFAULT_POLICY,
    promoteOn: 'no_evidence_of_harm',
    quietHours: 0,
    autoAdvance: true,
    ...rules,
  },
  startsItself: false,
  lookEveryMs: HOUR_MS / 4,
  remindEveryMs: 24 * HOUR_MS,
  ...over,
});

export const progress = (over: Partial<Progress> = {}): Progress => ({
  stage: 0,
  stageRunningMs: 0,
  runningMs: 0,
  quietMs: 0,
  lookedAtMs: T0,
  production: 'old',
  alerted: false,
  ...over,
});

export const state = (at: Phase): RolloutState => ({ schema: 1, step: 7, at });

export const running = (over: Partial<Progress> = {}) =>
  state({ phase: 'running', progress: progress(over) });
export const waiting = (step: 'advance' | 'promote' | 'finish', over: Partial<Progress> = {}) =>
  state({
    phase: 'waiting',
    progress: progress({ stageRunningMs: 24 * HOUR_MS, ...over }),
    step,
    sinceMs: T0,
    remindedAtMs: T0,
  });

export const frozen = () => state({ phase: 'frozen', progress: progress(), why: 'split 12 % off' });
export const paused = () => state({ phase: 'paused', progress: progress(), sinceMs: T0 });

export const at = (
  hours: number,
  rules: Partial<Policy> = {},
  own: Partial<RolloutPolicy> = {},
) => ({
  policy: policy(rules, own),
  nowMs: T0 + hours * HOUR_MS,
});
export const kinds = (effects: readonly Effect[]) =>
  effects.map((one) => (one.kind === 'tell' ? one.urgency : one.kind));
