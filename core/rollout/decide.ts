// One look at a rollout: state and facts in, the next state and its effects out. Pure; the
// experiment's object gathers, saves, performs and wakes. The order of the checks is the policy:
// what takes a candidate off comes before everything that could hide it, and nothing that is missing
// ever advances.

import { advanceVerdict, promotionVerdict } from '../statistics/promotion.ts';
import type { Evidence, Facts } from './facts.ts';
import { missingUsers } from './missing.ts';
import { type RolloutPolicy, shareBpOf } from './policy.ts';
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

const HOUR_MS = 3_600_000;

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
  const shareBp = shareBpOf(look.policy, 0);
  const running: Phase = { phase: 'running', progress: counting(0, facts, look) };
  const effects: Effect[] = [{ kind: 'start', shareBp }, info];
  return step(state, running, effects, look, `starts at ${percent(shareBp)}`);
}

/** Nothing counted yet in this stage, against the production of now. */
const counting = (stage: number, { production }: Facts, { nowMs }: Look): Progress => ({
  stage,
  stageRunningMs: 0,
  runningMs: 0,
  quietMs: 0,
  lookedAtMs: nowMs,
  production,
  alerted: false,
});

type OnTraffic = PhaseOf<'running' | 'waiting' | 'paused' | 'frozen'>;

function onTraffic(state: RolloutState, at: OnTraffic, facts: Facts, look: Look): Decision {
  const { rules } = look.policy;
  if (facts.candidateDown !== null) {
    return end(state, 'rolled_back', `the candidate is down: ${facts.candidateDown}`, look);
  }
  if (!facts.routed) return handedOver(state, look);
  if (facts.production !== at.progress.production) return restart(state, at, facts, look);
  const { evidence } = facts;
  const progress = elapsed(at, look.nowMs, evidence);
  if (evidence?.harm.result === 'fail') {
    const { reason } = evidence.harm;
    if (rules.onHarm === 'roll_back') return end(state, 'rolled_back', reason, look);
    if (isOverdue(progress, look.policy)) return inconclusive(state, reason, evidence, look);
    return alert(state, withProgress(at, progress), reason, look);
  }
  // Without evidence nobody knows whether the harm is over.
  const alerted = at.progress.alerted && evidence === null;
  const calm = withProgress(at, { ...progress, alerted });
  if (at.progress.alerted && !alerted) {
    // One incident for a rollout: frozen, it goes on.
    const told = calm.phase === 'frozen' ? info : over;
    return step(state, calm, [told], look, 'the harm is no longer shown');
  }
  if (calm.phase === 'paused') return hold(state, calm, look, 'paused by an operator');
  if (calm.phase === 'frozen') return hold(state, calm, look, `frozen: ${calm.why}`);
  const broken = evidence?.splitBroken ?? null;
  if (broken !== null) {
    const frozen: Phase = { phase: 'frozen', progress: calm.progress, why: broken };
    return step(state, frozen, [alarm], look, `frozen: ${broken}`);
  }
  const obstacle = obstacleTo(calm.progress, evidence, look.policy);
  if (obstacle !== null && isOverdue(calm.progress, look.policy)) {
    return inconclusive(state, obstacle, evidence, look);
  }
  if (calm.phase === 'waiting') {
    const what = obstacle === null ? `waits for approval to ${calm.step}` : obstacle;
    return remind(state, calm, look, what);
  }
  if (obstacle !== null) return hold(state, calm, look, obstacle);
  const up = stepUp(calm.progress, look.policy);
  if (rules.autoAdvance) return goUp(state, calm.progress, up, look);
  const waiting: Phase = {
    phase: 'waiting',
    progress: calm.progress,
    step: up,
    sinceMs: look.nowMs,
    remindedAtMs: look.nowMs,
  };
  return step(state, waiting, [ask], look, `ready to ${up}; waits for approval`);
}

/**
 * Running time until it ends without a verdict, in ms; at most 0 once it is over. The way to the last stage has
 * its time. There everything asked for was shown once, and the time begins anew.
 */
export function leftMs(
  { stage, runningMs, stageRunningMs }: Progress,
  { rules }: RolloutPolicy,
): number {
  const ranMs = stage === rules.shares.length - 1 ? stageRunningMs : runningMs;
  return rules.maximumHours * HOUR_MS - ranMs;
}

const isOverdue = (progress: Progress, policy: RolloutPolicy) => leftMs(progress, policy) <= 0;

function inconclusive(
  state: RolloutState,
  obstacle: string,
  evidence: Evidence | null,
  look: Look,
): Decision {
  const { rules } = look.policy;
  const last = `no verdict after ${rules.maximumHours / 24} days: ${obstacle}`;
  const why = [last, missingUsers(evidence, rules) ?? []].flat().join('; ');
  return end(state, 'inconclusive', why, look);
}

/** What an operator set in the routing table stays: only the rollout ends. */
function handedOver(state: RolloutState, look: Look): Decision {
  const stopped = end(state, 'stopped', 'the routing table was changed by hand', look);
  return { ...stopped, effects: stopped.effects.filter(({ kind }) => kind !== 'take_off') };
}

/**
 * Evidence against the model that was replaced says nothing about the one that is there now. A broken split
 * does: who is in which arm does not depend on production.
 */
function restart(state: RolloutState, at: OnTraffic, facts: Facts, look: Look): Decision {
  const progress = counting(at.progress.stage, facts, look);
  const phase: Phase =
    at.phase === 'paused' || at.phase === 'frozen'
      ? { ...at, progress }
      : { phase: 'running', progress };
  const reason = `production changed from ${at.progress.production} to ${facts.production}: counting starts anew`;
  const isOver = at.progress.alerted && at.phase !== 'frozen';
  return step(state, phase, isOver ? [info, over] : [info], look, reason);
}

/** Running time passes while it runs only, quiet time while it waits too. A clock that went back adds nothing. */
function elapsed(at: OnTraffic, nowMs: number, evidence: Evidence | null): Progress {
  const passedMs = Math.max(0, nowMs - at.progress.lookedAtMs);
  const ranMs = at.phase === 'running' ? passedMs : 0;
  // Else one amber look while an approval is waited for could never be made up for.
  const watchedMs = at.phase === 'waiting' ? passedMs : ranMs;
  return {
    ...at.progress,
    stageRunningMs: at.progress.stageRunningMs + ranMs,
    runningMs: at.progress.runningMs + ranMs,
    quietMs: isHarm(evidence) ? 0 : at.progress.quietMs + (isHealthy(evidence) ? watchedMs : 0),
    lookedAtMs: nowMs,
  };
}

const isHarm = (evidence: Evidence | null): boolean =>
  evidence !== null && (evidence.harm.amber || evidence.harm.result === 'fail');

/** A time of which nothing is known was not quiet. */
const isHealthy = (evidence: Evidence | null): boolean =>
  evidence !== null &&
  evidence.unhealthy === null &&
  evidence.splitBroken === null &&
  evidence.harm.result !== 'error';

const withProgress = <At extends OnTraffic>(at: At, progress: Progress): At => ({
  ...at,
  progress,
});

/** Why the rollout cannot go one step up now; null when nothing stands against it. */
export function obstacleTo(
  { stage, stageRunningMs, quietMs }: Progress,
  evidence: Evidence | null,
  { rules }: RolloutPolicy,
): string | null {
  if (evidence === null) return 'hold: no data could be read';
  if (evidence.splitBroken !== null) return `hold: ${evidence.splitBroken}`;
  const facts = {
    ...evidence,
    hoursInStage: stageRunningMs / HOUR_MS,
    quietHours: quietMs / HOUR_MS,
  };
  const promoting = stage === rules.shares.length - 2;
  const verdict = promoting ? promotionVerdict(facts, rules) : advanceVerdict(facts, rules);
  return verdict.result === 'pass' ? null : verdict.reason;
}

function stepUp({ stage }: Progress, { rules }: RolloutPolicy): StepUp {
  const last = rules.shares.length - 1;
  if (stage >= last) return 'finish';
  return stage === last - 1 ? 'promote' : 'advance';
}

/** One step up, from an approval or by itself. */
export function goUp(state: RolloutState, progress: Progress, up: StepUp, look: Look): Decision {
  if (up === 'finish') {
    const done = ended('promoted', 'held the last stage without harm', look);
    const promote: Effect = { kind: 'promote', against: progress.production };
    return step(state, done, [promote, info], look, 'promoted to everyone');
  }
  const shareBp = shareBpOf(look.policy, progress.stage + 1);
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

function alert(state: RolloutState, at: OnTraffic, harm: string, look: Look): Decision {
  const reason = `hold: ${harm}; taking it off is left to an operator`;
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

const label = (outcome: Outcome) => outcome.replaceAll('_', ' ');
const percent = (bp: number) => `${bp / 100} %`;
