// Builders for the tests of rollouts.

import type { Evidence, Facts, Verdict } from './facts.ts';
import type { RolloutPolicy } from './policy.ts';
import type { Phase, Progress, RolloutState } from './state.ts';

export const HOUR_MS = 3_600_000;
export const T0 = Date.UTC(2026, 9, 18, 2);

export const pass = (sentence = 'well'): Verdict => ({ verdict: 'pass', sentence });
export const fail = (sentence: string): Verdict => ({ verdict: 'fail', sentence });
export const unsure = (sentence: string): Verdict => ({ verdict: 'inconclusive', sentence });

export const evidence = (over: Partial<Evidence> = {}): Evidence => ({
  harm: pass(),
  sampleRatio: pass(),
  health: pass(),
  users: pass(),
  amber: pass(),
  promotion: pass(),
  ...over,
});

export const facts = (over: Partial<Facts> = {}): Facts => ({
  evidence: evidence(),
  candidateDown: null,
  production: 'old',
  placeInLine: null,
  ...over,
});

export const policy = (over: Partial<RolloutPolicy> = {}): RolloutPolicy => ({
  stagesBp: [1_000, 2_500, 5_000, 9_500],
  stageMs: 24 * HOUR_MS,
  longestMs: 14 * 24 * HOUR_MS,
  lookEveryMs: HOUR_MS / 4,
  remindEveryMs: 24 * HOUR_MS,
  startsItself: false,
  advancesItself: true,
  rollsBackOnHarm: true,
  promoteOn: 'improvement',
  ...over,
});

export const progress = (over: Partial<Progress> = {}): Progress => ({
  stage: 0,
  stageRunningMs: 0,
  runningMs: 0,
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
