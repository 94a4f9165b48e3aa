// The visitors of a scenario, a quarter of an hour at a time. Each has a lasting mood for every
// metric, so that one visitor's answers resemble each other; arms differ by the scenario alone.

import type { Xoshiro } from './random.ts';
import { type ArmBehaviour, type Scenario, treatmentOf } from './scenario.ts';

export const SLOTS_PER_DAY = 96;
export const SLOT_MS = 900_000;

export type SimulatedArm = 0 | 1;

/** What happened to one answer. */
export interface SimulatedAnswer {
  visitor: number;
  /** 0 is control, 1 treatment. */
  arm: SimulatedArm;
  error: boolean;
  firstTokenMs: number;
  /** For each further token. */
  outputTokenMs: number;
  /** Null when nothing was voted. */
  up: boolean | null;
  /** Null when it was not judged. */
  hallucinated: boolean | null;
}

/** Log-normal: the logarithm's mean, and its spread between visitors and within one. */
interface LatencyLaw {
  mean: number;
  outputMean: number;
  shared: number;
  own: number;
}

// Quantiles of the standard normal at 0.95 and 0.99.
const Z95 = 1.6448536269514722;
const Z99 = 2.3263478740408408;

function latencyLaw(arm: ArmBehaviour, correlation: number): LatencyLaw {
  const deviation = Math.log(arm.first_token_p99 / arm.first_token_p95) / (Z99 - Z95);
  const mean = Math.log(arm.first_token_p95) - Z95 * deviation;
  return {
    mean,
    outputMean: Math.log(arm.output_token_p50),
    shared: deviation * Math.sqrt(correlation),
    own: deviation * Math.sqrt(1 - correlation),
  };
}

export class Traffic {
  private readonly arms: readonly [ArmBehaviour, ArmBehaviour];
  private readonly latency: readonly [LatencyLaw, LatencyLaw];
  private readonly mood = { thumbs: [0], error: [0], hallucination: [0], latency: [0] };
  private readonly scripted: boolean[] = [];
  private readonly tendency: { thumbs: number; error: number; hallucination: number };
  private yesterday: number[] = [];
  private today: number[] = [];
  private due: number[][] = [];
  private day = -1;
  private readonly current: SimulatedAnswer = {
    visitor: 0,
    arm: 0,
    error: false,
    firstTokenMs: 0,
    outputTokenMs: 0,
    up: null,
    hallucinated: null,
  };

  private readonly scenario: Scenario;
  private readonly random: Xoshiro;

  constructor(scenario: Scenario, random: Xoshiro) {
    this.scenario = scenario;
    this.random = random;
    const treatment = treatmentOf(scenario);
    this.arms = [scenario.control, treatment];
    const { latency } = scenario.correlation;
    this.latency = [latencyLaw(scenario.control, latency), latencyLaw(treatment, latency)];
    const { thumbs_up, error, hallucination } = scenario.correlation;
    // Two answers share the visitor's coin with the square of this chance, which is their correlation.
    this.tendency = {
      thumbs: Math.sqrt(thumbs_up),
      error: Math.sqrt(error),
      hallucination: Math.sqrt(hallucination),
    };
    for (const moods of Object.values(this.mood)) moods.length = 0;
  }

  /** Visitors seen so far; their numbers run from 0. */
  get visitors(): number {
    return this.mood.thumbs.length;
  }

  /** Who comes in this quarter of an hour, in order. */
  visitorsOf(slot: number): readonly number[] {
    const day = Math.floor(slot / SLOTS_PER_DAY);
    if (day !== this.day) this.beginDay(day);
    return this.due[slot % SLOTS_PER_DAY] ?? [];
  }

  private beginDay(day: number): void {
    this.day = day;
    this.yesterday = this.today;
    this.today = [];
    this.due = Array.from({ length: SLOTS_PER_DAY }, () => []);
    const { users_per_day, weekend, returning } = this.scenario;
    // Day 0 is a Monday.
    const expected = day % 7 >= 5 ? users_per_day * weekend : users_per_day;
    for (const visitor of this.yesterday) {
      if (this.random.uniform() < returning) this.come(visitor);
    }
    const fresh = Math.max(0, Math.round(expected) - this.today.length);
    for (let count = 0; count < fresh; count += 1) this.come(this.newVisitor());
  }

  isScript(visitor: number): boolean {
    return this.scripted[visitor] === true;
  }

  /** Somebody who comes besides those that `visitorsOf` names. */
  newVisitor(): number {
    const { random, mood } = this;
    mood.thumbs.push(random.uniform());
    mood.error.push(random.uniform());
    mood.hallucination.push(random.uniform());
    this.scripted.push(random.uniform() < this.scenario.scripted);
    return mood.latency.push(random.normal()) - 1;
  }

  private come(visitor: number): void {
    this.today.push(visitor);
    this.due[Math.floor(this.random.uniform() * SLOTS_PER_DAY)]?.push(visitor);
  }

  /** How many answers a visitor gets on one visit. */
  answersOfVisit(): number {
    return 1 + this.random.poisson(this.scenario.answers_per_visit - 1);
  }

  /**
   * One answer for a visitor in an arm; `hours` since the start, `judgedRate` of this arm. The same
   * object every time, since there are millions: copy what is to be kept.
   */
  answer(
    visitor: number,
    arm: SimulatedArm,
    hours: number,
    judgedRate: number,
  ): Readonly<SimulatedAnswer> {
    const { random, mood, tendency, current } = this;
    const behaviour = this.arms[arm];
    const law = this.latency[arm];
    current.visitor = visitor;
    current.arm = arm;
    current.error = this.coin(mood.error[visitor], tendency.error) < behaviour.error;
    const common = law.shared * (mood.latency[visitor] ?? 0);
    current.firstTokenMs = 1_000 * Math.exp(law.mean + common + law.own * random.normal());
    current.outputTokenMs = 1_000 * Math.exp(law.outputMean + common + law.own * random.normal());
    current.hallucinated = null;
    if (!current.error && random.uniform() < judgedRate) {
      const coin = this.coin(mood.hallucination[visitor], tendency.hallucination);
      current.hallucinated = coin < behaviour.hallucination;
    }
    current.up = this.vote(visitor, arm, hours);
    return current;
  }

  private vote(visitor: number, arm: SimulatedArm, hours: number): boolean | null {
    const own = this.arms[arm];
    const control = this.arms[0].thumbs_up;
    const { novelty_hours } = this.scenario;
    const kept = novelty_hours === undefined ? 1 : Math.max(0, 1 - hours / novelty_hours);
    const satisfied = control + (own.thumbs_up - control) * kept;
    const up = this.coin(this.mood.thumbs[visitor], this.tendency.thumbs) < satisfied;
    const votes = this.random.uniform() < (up ? own.votes_when_up : own.votes_when_down);
    if (!this.isScript(visitor)) return votes ? up : null;
    const { scripts_know_arm, scripts_favour } = this.scenario;
    return scripts_know_arm && arm === (scripts_favour === 'control' ? 0 : 1);
  }

  /** The visitor's own coin, or a fresh one: right on average, and alike within a visitor. */
  private coin(own: number | undefined, tendency: number): number {
    const { random } = this;
    return random.uniform() < tendency && own !== undefined ? own : random.uniform();
  }
}

/** Shares of each arm's answers to judge, so that both get equally many of `judged` in total. */
export function judgedRates(judged: number, shareBp: number): readonly [number, number] {
  const share = shareBp / 10_000;
  return [Math.min(1, judged / 2 / (1 - share)), Math.min(1, judged / 2 / share)];
}
