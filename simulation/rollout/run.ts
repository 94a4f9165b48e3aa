// One simulated rollout from its start to its end: visitors, the sums the recorder would keep, a look
// every quarter of an hour and whatever `decide` makes of it. The same scenario and seed give the same
// rollout.

import { decide } from '../../core/rollout/decide.ts';
import { evidenceOf } from '../../core/rollout/evidence.ts';
import type { Evidence, Facts } from '../../core/rollout/facts.ts';
import { literalEvidence } from '../../core/rollout/literal.ts';
import { type RolloutPolicy, shareBpOf } from '../../core/rollout/policy.ts';
import { type Outcome, plannedState } from '../../core/rollout/state.ts';
import type { Policy } from '../../core/statistics/policy.ts';
import { Xoshiro } from './random.ts';
import { SimulatedRecord } from './record.ts';
import type { Scenario } from './scenario.ts';
import { judgedRates, type SimulatedArm, SLOT_MS, Traffic } from './traffic.ts';

export interface RunResult {
  seed: number;
  outcome: Outcome | 'frozen' | 'running';
  /** Hours since the start. */
  hours: number;
  /** When the last stage, 95 %, was entered; null if never. */
  lastStageHours: number | null;
  steppedInOutage: boolean;
  reason: string;
}

const HOURS_PER_SLOT = SLOT_MS / 3_600_000;

export function runRollout(scenario: Scenario, policy: RolloutPolicy, seed: number): RunResult {
  const world = new World(scenario, seed);
  let state = plannedState(0);
  let shareBp = 0;
  let lastStageHours: number | null = null;
  let steppedInOutage = false;
  const { rules } = policy;
  const last = shareBpOf(policy, rules.shares.length - 1);
  // A day more than the longest run, so that the engine itself has to end it.
  const slots = (rules.maximumHours + 24) / HOURS_PER_SLOT;
  for (let slot = 0; slot <= slots; slot += 1) {
    const nowMs = slot * SLOT_MS;
    const hours = slot * HOURS_PER_SLOT;
    const facts: Facts = {
      evidence: world.evidence(slot, rules),
      candidateDown: null,
      production: 'production',
      routed: true,
      placeInLine: null,
    };
    const { next, effects, reason } = decide(state, facts, { policy, nowMs });
    state = next;
    for (const effect of effects) {
      if (effect.kind !== 'start' && effect.kind !== 'share' && effect.kind !== 'promote') continue;
      if (effect.kind !== 'promote') shareBp = effect.shareBp;
      if (shareBp === last) lastStageHours ??= hours;
      if (world.isOut(hours)) steppedInOutage = true;
    }
    const result = { seed, hours, lastStageHours, steppedInOutage, reason };
    if (state.at.phase === 'ended') return { ...result, outcome: state.at.outcome };
    if (state.at.phase === 'frozen') return { ...result, outcome: 'frozen' };
    world.pass(slot, shareBp);
  }
  const hours = slots * HOURS_PER_SLOT;
  return { seed, outcome: 'running', hours, lastStageHours, steppedInOutage, reason: 'no end' };
}

/** Visitors and what is recorded of them. */
class World {
  private readonly scenario: Scenario;
  private readonly random: Xoshiro;
  private readonly traffic: Traffic;
  private readonly record: SimulatedRecord;
  /** Place of each visitor in [0, 10,000), which decides their arm, and whether they get lost. */
  private readonly places: number[] = [];
  private readonly lost: boolean[] = [];

  constructor(scenario: Scenario, seed: number) {
    this.scenario = scenario;
    this.random = new Xoshiro(seed);
    this.traffic = new Traffic(scenario, this.random);
    const delaySlots = Math.round(scenario.feedback_delay_hours / HOURS_PER_SLOT);
    this.record = new SimulatedRecord(delaySlots, scenario.policy === 'literal');
  }

  isOut(hours: number): boolean {
    const { outage } = this.scenario;
    if (outage === undefined) return false;
    return hours >= outage.from_hour && hours < outage.from_hour + outage.hours;
  }

  /** A quarter of an hour goes by at this share. */
  pass(slot: number, shareBp: number): void {
    const hours = slot * HOURS_PER_SLOT;
    const out = this.isOut(hours);
    const rates = judgedRates(this.scenario.judged, shareBp);
    if (!out) this.record.arrive(slot);
    for (const visitor of this.traffic.visitorsOf(slot)) {
      const arm = this.armOf(visitor, shareBp);
      const isRecorded = !(out || (arm === 1 && this.lost[visitor]));
      this.record.begin(visitor, arm);
      for (let left = this.traffic.answersOfVisit(); left > 0; left -= 1) {
        const answer = this.traffic.answer(visitor, arm, hours, rates[arm]);
        if (isRecorded) this.record.answer(answer);
      }
      if (isRecorded) this.record.end(slot, shareBp);
    }
  }

  private armOf(visitor: number, shareBp: number): SimulatedArm {
    while (this.places.length <= visitor) {
      this.places.push(this.random.uniform() * 10_000);
      this.lost.push(this.random.uniform() < this.scenario.lost_treatment);
    }
    return (this.places[visitor] ?? 0) < shareBp ? 1 : 0;
  }

  evidence(slot: number, rules: Policy): Evidence {
    return this.scenario.policy === 'literal'
      ? literalEvidence(this.record.literally(), rules)
      : evidenceOf(this.record.observed(slot), rules);
  }
}
