// What the recorder would know of a simulated experiment: the same running sums, kept by the same
// functions of core/statistics, a visit at a time. The decision sees nothing else.

import type { Arrivals, Observed } from '../../core/rollout/evidence.ts';
import { quantile } from '../../core/statistics/histogram.ts';
import {
  addChange,
  emptyMoments,
  type Moments,
  type UserCell,
} from '../../core/statistics/moments.ts';
import { nullShare, type SplitGroup } from '../../core/statistics/sample-ratio.ts';
import { type SimulatedAnswer, type SimulatedArm, SLOT_MS, SLOTS_PER_DAY } from './traffic.ts';

/** As the recorder: T is the 95th percentile of so many first answers of control, then frozen. */
const CALIBRATING_ANSWERS = 2_000;

const ARM = ['control', 'treatment'] as const;

interface Pair {
  n: number;
  y: number;
}

class Metric {
  readonly moments: Moments = emptyMoments();
  private readonly standings: UserCell[][] = [];

  add(visitor: number, stage: string, arm: SimulatedArm, { n, y }: Pair): void {
    if (n === 0) return;
    const before = this.standings[visitor] ?? [];
    this.standings[visitor] = addChange(this.moments, before, { stage, arm: ARM[arm], n, y });
  }
}

/** Slower than T, the 95th percentile of control's first answers; counted once T is frozen. */
class Slow extends Metric {
  private calibrating: number[] | null = [];
  private slowMs = Number.POSITIVE_INFINITY;

  see(visitor: number, stage: string, arm: SimulatedArm, times: readonly number[]): void {
    if (this.calibrating === null) {
      this.add(visitor, stage, arm, countTrue(times.map((time) => time > this.slowMs)));
      return;
    }
    if (arm === 0) this.calibrating.push(...times);
    if (this.calibrating.length < CALIBRATING_ANSWERS) return;
    const p95 = quantile(this.calibrating.slice(0, CALIBRATING_ANSWERS), 0.95);
    if (typeof p95 === 'number') this.slowMs = p95;
    this.calibrating = null;
  }
}

/** Answers of one arm by slot, for the pace of the last day. */
class Arriving {
  private readonly bySlot: number[] = [];

  add(slot: number, answers: number): void {
    this.bySlot[slot] = (this.bySlot[slot] ?? 0) + answers;
  }

  until(slot: number): Arrivals {
    const newest = this.bySlot.length - 1;
    if (newest < 0) return { newestMs: null, lastDay: 0 };
    let lastDay = 0;
    for (let at = Math.max(0, newest - SLOTS_PER_DAY + 1); at <= newest; at += 1) {
      lastDay += this.bySlot[at] ?? 0;
    }
    // Answers of a quarter of an hour count as given at its end.
    return { newestMs: Math.min(slot, newest + 1) * SLOT_MS, lastDay };
  }
}

interface Late {
  visitor: number;
  stage: string;
  arm: SimulatedArm;
  votes: Pair;
}

export class SimulatedRecord {
  private readonly thumbs = new Metric();
  private readonly error = new Metric();
  private readonly hallucination = new Metric();
  private readonly firstToken = new Slow();
  private readonly outputToken = new Slow();
  private readonly arrivals = [new Arriving(), new Arriving()] as const;
  private readonly groups = new Map<string, SplitGroup>();
  /** The share at which each visitor was last seen, and whether in treatment. */
  private readonly lastSeen: { shareBp: number; arm: SimulatedArm }[] = [];
  private readonly late = new Map<number, Late[]>();
  private readonly delaySlots: number;

  constructor(delaySlots: number) {
    this.delaySlots = delaySlots;
  }

  /** What a look after `slot` quarters of an hour sees. */
  observed(slot: number): Observed {
    return {
      nowMs: slot * SLOT_MS,
      metrics: {
        thumbs_up: this.thumbs.moments,
        error: this.error.moments,
        slow_first_token: this.firstToken.moments,
        slow_output_token: this.outputToken.moments,
        hallucination: this.hallucination.moments,
      },
      waived: [],
      users: this.error.moments.users,
      splitGroups: [...this.groups.values()],
      arrivals: { control: this.arrivals[0].until(slot), treatment: this.arrivals[1].until(slot) },
      // Offline comparisons are not simulated: the scenario's candidate passed its gate.
      offline: { better: true, reason: 'as the scenario assumes' },
    };
  }

  /** One visit: all of a visitor's answers within a slot, assigned at one share. */
  visit(slot: number, shareBp: number, answers: readonly SimulatedAnswer[]): void {
    const [first] = answers;
    if (first === undefined) return;
    const { visitor, arm } = first;
    const stage = String(shareBp);
    this.arrivals[arm].add(slot, answers.length);
    this.countSplit(visitor, shareBp, arm);
    const errors = answers.reduce((sum, { error }) => sum + Number(error), 0);
    this.error.add(visitor, stage, arm, { n: answers.length, y: errors });
    const given = answers.filter(({ error }) => !error);
    this.firstToken.see(
      visitor,
      stage,
      arm,
      given.map((one) => one.firstTokenMs),
    );
    this.outputToken.see(
      visitor,
      stage,
      arm,
      given.map((one) => one.outputTokenMs),
    );
    const judged = answers.flatMap(({ hallucinated }) => hallucinated ?? []);
    this.hallucination.add(visitor, stage, arm, countTrue(judged));
    const votes = countTrue(answers.flatMap(({ up }) => up ?? []));
    if (this.delaySlots === 0) this.thumbs.add(visitor, stage, arm, votes);
    else if (votes.n > 0) {
      const due = slot + this.delaySlots;
      this.late.set(due, [...(this.late.get(due) ?? []), { visitor, stage, arm, votes }]);
    }
  }

  /** Votes that were under way until this slot. */
  arrive(slot: number): void {
    for (const { visitor, stage, arm, votes } of this.late.get(slot) ?? []) {
      this.thumbs.add(visitor, stage, arm, votes);
    }
    this.late.delete(slot);
  }

  /** A visitor's first appearance in a stage, unless they are in treatment already. */
  private countSplit(visitor: number, shareBp: number, arm: SimulatedArm): void {
    const before = this.lastSeen[visitor];
    if (before?.shareBp === shareBp || before?.arm === 1) return;
    this.lastSeen[visitor] = { shareBp, arm };
    const share = nullShare(
      shareBp / 10_000,
      before === undefined ? null : before.shareBp / 10_000,
    );
    if (typeof share !== 'number') return;
    const key = `${shareBp}:${before?.shareBp ?? ''}`;
    const group = this.groups.get(key) ?? { control: 0, treatment: 0, share };
    group[ARM[arm]] += 1;
    this.groups.set(key, group);
  }
}

const countTrue = (values: readonly boolean[]): Pair => ({
  n: values.length,
  y: values.reduce((sum, value) => sum + Number(value), 0),
});
