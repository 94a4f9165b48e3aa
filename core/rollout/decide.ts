// One look at a rollout: state and facts in, the next state and its effects out. Pure; the
// experiment's object gathers, saves, performs and wakes. The order of the checks is the policy:
// what takes a candidate off comes before everything that could hide it, and nothing that is missing
// ever advances.

import type { Evidence, Facts, Verdict } from './facts.ts';
import type { RolloutPolicy } from './policy.ts';
import type { Effect, Outcome, Phase, Progress, RolloutState, StepUp } from './state.ts';

export interface Decision {
  next: RolloutState;
  effects: Effect[];
  /** When to look again, in ms since the epoch; null when it is over. */
  wakeAtMs: number | null;
  /** One sentence with the numbers that decided. */
  reason: string;
}

export interface Look {
  policy: RolloutPolicy;
  nowMs: number;
}

type PhaseOf<Name extends Phase['phase']> = Extract<Phase, { phase: Name }>;

/** What happens at this look. Never throws; facts that are missing hold. */
export function decide(state: RolloutState, facts: Facts, look: Look): Decision {
  const { at } = state;
  switch (at.phase) {
    case 'planned':
      return planned(state, at, facts, look);
    case 'queued':
      return facts.placeInLine === null
        ? begin(state, facts, look)
        : hold(state, at, look, inLine(facts.placeInLine));
    case 'running':
    case 'waiting':
    case 'paused':
    case 'frozen':
      return onTraffic(state, at, facts, look);
    case 'ended':
      return { next: state, effects: [], wakeAtMs: null, reason: `${at.outcome}: ${at.why}` };
    default:
      return at satisfies never;
  }
}

const inLine = (place: number) => `waits for a free slice, number ${place} in the line`;

function planned(state: RolloutState, at: PhaseOf<'planned'>, facts: Facts, look: Look): Decision {
  if (look.policy.startsItself) return enter(state, facts, look);
  return remind(state, at, look, 'waits for an operator to start it');
}

/** Onto traffic, or into the line when no slice is free. */
export function enter(state: RolloutState, facts: Facts, look: Look): Decision {
  if (facts.placeInLine === null) return begin(state, facts, look);
  const queued: Phase = { phase: 'queued', sinceMs: look.nowMs };
  return step(state, queued, [], look, inLine(facts.placeInLine));
}

function begin(state: RolloutState, facts: Facts, look: Look): Decision {
  const shareBp = shareOf(look.policy, 0);
  const running: Phase = {
    phase: 'running',
    progress: {
      stage: 0,
      stageRunningMs: 0,
      runningMs: 0,
      lookedAtMs: look.nowMs,
      production: facts.production,
      alerted: false,
    },
  };
  const effects: Effect[] = [{ kind: 'start', shareBp }, info];
  return step(state, running, effects, look, `starts at ${percent(shareBp)}`);
}

type OnTraffic = PhaseOf<'running' | 'waiting' | 'paused' | 'frozen'>;

function onTraffic(state: RolloutState, at: OnTraffic, facts: Facts, look: Look): Decision {
  const { policy } = look;
  if (facts.candidateDown !== null) {
    return end(state, 'rolled_back', `the candidate is down: ${facts.candidateDown}`, look);
  }
  if (facts.production !== at.progress.production) return restart(state, at, facts, look);
  const progress = elapsed(at, look.nowMs);
  const { evidence } = facts;
  if (evidence?.harm.verdict === 'fail') {
    if (policy.rollsBackOnHarm) return end(state, 'rolled_back', evidence.harm.sentence, look);
    return alert(state, withProgress(at, progress), evidence.harm, look);
  }
  // Without evidence nobody knows whether the harm is over.
  const alerted = at.progress.alerted && evidence === null;
  const calm = withProgress(at, { ...progress, alerted });
  if (at.progress.alerted && !alerted) {
    return step(state, calm, [over], look, 'the harm is no longer shown');
  }
  if (calm.phase === 'paused') return hold(state, calm, look, 'paused by an operator');
  if (calm.phase === 'frozen') return hold(state, calm, look, `frozen: ${calm.why}`);
  if (evidence?.sampleRatio.verdict === 'fail') {
    const why = evidence.sampleRatio.sentence;
    const frozen: Phase = { phase: 'frozen', progress: calm.progress, why };
    return step(state, frozen, [alarm], look, `frozen: ${why}`);
  }
  if (calm.progress.runningMs >= policy.longestMs) {
    const days = Math.floor(policy.longestMs / 86_400_000);
    const missing = evidence === null ? 'no data' : lacking(evidence);
    return end(state, 'inconclusive', `no verdict after ${days} days: ${missing}`, look);
  }
  const obstacle = obstacleTo(calm.progress, evidence, policy);
  if (calm.phase === 'waiting') {
    const what = obstacle === null ? `waits for approval to ${calm.step}` : `hold: ${obstacle}`;
    return remind(state, calm, look, what);
  }
  if (obstacle !== null) return hold(state, calm, look, `hold: ${obstacle}`);
  const up = stepUp(calm.progress, policy);
  if (policy.advancesItself) return goUp(state, calm.progress, up, look);
  const waiting: Phase = {
    phase: 'waiting',
    progress: calm.progress,
    step: up,
    sinceMs: look.nowMs,
    remindedAtMs: look.nowMs,
  };
  return step(state, waiting, [ask], look, `ready to ${up}; waits for approval`);
}

/** Evidence against the model that was replaced says nothing about the one that is there now. */
function restart(state: RolloutState, at: OnTraffic, facts: Facts, look: Look): Decision {
  const progress: Progress = {
    stage: at.progress.stage,
    stageRunningMs: 0,
    runningMs: 0,
    lookedAtMs: look.nowMs,
    production: facts.production,
    alerted: false,
  };
  const phase: Phase =
    at.phase === 'paused'
      ? { phase: 'paused', progress, sinceMs: at.sinceMs }
      : { phase: 'running', progress };
  const reason = `production changed from ${at.progress.production} to ${facts.production}: counting starts anew`;
  return step(state, phase, at.progress.alerted ? [info, over] : [info], look, reason);
}

/** Time passes while it runs only. A clock that went back adds nothing. */
function elapsed(at: OnTraffic, nowMs: number): Progress {
  const ranMs = at.phase === 'running' ? Math.max(0, nowMs - at.progress.lookedAtMs) : 0;
  return {
    ...at.progress,
    stageRunningMs: at.progress.stageRunningMs + ranMs,
    runningMs: at.progress.runningMs + ranMs,
    lookedAtMs: nowMs,
  };
}

const withProgress = <At extends OnTraffic>(at: At, progress: Progress): At => ({
  ...at,
  progress,
});

/** Why the rollout cannot go one step up now; null when nothing stands against it. */
export function obstacleTo(
  progress: Progress,
  evidence: Evidence | null,
  policy: RolloutPolicy,
): string | null {
  if (evidence === null) return 'no data could be read';
  const needed = [evidence.harm, evidence.sampleRatio, evidence.health, evidence.amber];
  const bad = needed.find(({ verdict }) => verdict === 'fail' || verdict === 'error');
  if (bad !== undefined) return bad.sentence;
  if (evidence.health.verdict !== 'pass') return evidence.health.sentence;
  if (evidence.users.verdict !== 'pass') return evidence.users.sentence;
  const left = policy.stageMs - progress.stageRunningMs;
  if (left > 0) return `${hours(left)} of the stage are left`;
  if (stepUp(progress, policy) === 'promote' && evidence.promotion.verdict !== 'pass') {
    return evidence.promotion.sentence;
  }
  return null;
}

function stepUp(progress: Progress, policy: RolloutPolicy): StepUp {
  const last = policy.stagesBp.length - 1;
  if (progress.stage >= last) return 'finish';
  return progress.stage === last - 1 ? 'promote' : 'advance';
}

/** One step up, from an approval or by itself. */
export function goUp(state: RolloutState, progress: Progress, up: StepUp, look: Look): Decision {
  if (up === 'finish') {
    const done = ended('promoted', 'held the last stage without harm', look);
    return step(state, done, [{ kind: 'promote' }, info], look, 'promoted to everyone');
  }
  const shareBp = shareOf(look.policy, progress.stage + 1);
  const running: Phase = {
    phase: 'running',
    progress: {
      ...progress,
      stage: progress.stage + 1,
      stageRunningMs: 0,
      lookedAtMs: look.nowMs,
    },
  };
  return step(state, running, [{ kind: 'share', shareBp }, info], look, `to ${percent(shareBp)}`);
}

const ended = (outcome: Outcome, why: string, { nowMs }: Look): Phase => ({
  phase: 'ended',
  outcome,
  why,
  atMs: nowMs,
});

/**
 * Off traffic, whatever the phase was. A rollback is an alarm until the candidate is off, and that is
 * over when the effects before it are done; any other end closes an alarm that was open.
 */
export function end(state: RolloutState, outcome: Outcome, why: string, look: Look): Decision {
  const { at } = state;
  const seen = 'progress' in at;
  const raised = at.phase === 'frozen' || (seen && at.progress.alerted);
  const effects: Effect[] = seen ? [{ kind: 'take_off' }] : [];
  if (outcome === 'rolled_back') effects.push(alarm, over);
  else effects.push(info, ...(raised ? [over] : []));
  return step(state, ended(outcome, why, look), effects, look, `${label(outcome)}: ${why}`);
}

function alert(state: RolloutState, at: OnTraffic, harm: Verdict, look: Look): Decision {
  const reason = `hold: ${harm.sentence}; taking it off is left to an operator`;
  if (at.progress.alerted) return hold(state, at, look, reason);
  const alerted = withProgress(at, { ...at.progress, alerted: true });
  return step(state, alerted, [alarm], look, reason);
}

function remind(
  state: RolloutState,
  at: PhaseOf<'planned' | 'waiting'>,
  look: Look,
  reason: string,
): Decision {
  if (look.nowMs - at.remindedAtMs < look.policy.remindEveryMs) {
    return hold(state, at, look, reason);
  }
  return step(state, { ...at, remindedAtMs: look.nowMs }, [ask], look, reason);
}

const info: Effect = { kind: 'tell', urgency: 'info' };
const ask: Effect = { kind: 'tell', urgency: 'action' };
const alarm: Effect = { kind: 'tell', urgency: 'alarm' };
const over: Effect = { kind: 'tell', urgency: 'over' };

function hold(state: RolloutState, at: Phase, look: Look, reason: string): Decision {
  return { next: { ...state, at }, effects: [], wakeAtMs: wake(at, look), reason };
}

/** A change with its effects; it takes the next step number, which keys them. */
export function step(
  state: RolloutState,
  at: Phase,
  effects: Effect[],
  look: Look,
  reason: string,
): Decision {
  const next: RolloutState = { ...state, step: state.step + 1, at };
  return { next, effects, wakeAtMs: wake(at, look), reason };
}

const wake = (at: Phase, { nowMs, policy }: Look) =>
  at.phase === 'ended' ? null : nowMs + policy.lookEveryMs;

function shareOf(policy: RolloutPolicy, stage: number): number {
  const shareBp = policy.stagesBp[stage];
  if (shareBp === undefined) throw new RangeError(`no stage ${stage} in the policy`);
  return shareBp;
}

const lacking = ({ users, promotion }: Evidence) =>
  users.verdict === 'pass' ? promotion.sentence : users.sentence;
const label = (outcome: Outcome) => outcome.replaceAll('_', ' ');
const percent = (bp: number) => `${bp / 100} %`;
const hours = (ms: number) => `${Math.ceil(ms / 3_600_000)} h`;
