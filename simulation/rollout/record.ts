// What the recorder would know of a simulated experiment: the same running sums, kept by the same
// functions of core/statistics, a visit at a time. The decision sees nothing else.

import type { Arrivals, Observed } from '../../core/rollout/evidence.ts';
import type { LiterallyObserved } from '../../core/rollout/literal.ts';
import { bucketOf, quantile } from '../../core/statistics/histogram.ts';
import { emptyMoments, type Moments, type UserCell } from '../../core/statistics/moments.ts';
import { nullShare, type SplitGroup } from '../../core/statistics/sample-ratio.ts';
import type { VoteBounds } from '../../core/vote-bounds.ts';
import type { Given } from './given-votes.ts';
import { Standings } from './standings.ts';
import { Thumbs } from './thumbs.ts';
import { type SimulatedAnswer, type SimulatedArm, SLOT_MS, SLOTS_PER_DAY } from './traffic.ts';

/** As the recorder: T is the 95th percentile of so many first answers of control, then frozen. */
const CALIBRATING_ANSWERS = 2_000;

const ARM = ['control', 'treatment'] as const;

const NEVER = -1;
const IN_TREATMENT = -2;

const stageNames = new Map<number, string>();
function stageName(shareBp: number): string {
  const known = stageNames.get(shareBp);
  if (known !== undefined) return known;
  const name = String(shareBp);
  stageNames.set(shareBp, name);
  return name;
}

class Metric {
  readonly moments: Moments = emptyMoments();
  private readonly standings = new Standings();
  private readonly change: UserCell = { stage: '', arm: 'control', n: 0, y: 0 };

  add(visitor: number, stage: string, arm: SimulatedArm, n: number, y: number): void {
    if (n === 0) return;
    const { change } = this;
    change.stage = stage;
    change.arm = ARM[arm];
    change.n = n;
    change.y = y;
    this.standings.add(this.moments, visitor, change);
  }
}

/** Slower than T, the 95th percentile of control's first answers; counted once T is frozen. */
class Slow extends Metric {
  private calibrating: number[] | null = [];
  private slowMs = Number.POSITIVE_INFINITY;

  private counted = 0;
  private slow = 0;

  see(ms: number, arm: SimulatedArm): void {
    if (this.calibrating === null) {
      this.counted += 1;
      if (ms > this.slowMs) this.slow += 1;
      return;
    }
    if (arm === 0) this.calibrating.push(ms);
    if (this.calibrating.length < CALIBRATING_ANSWERS) return;
    const p95 = quantile(this.calibrating, 0.95);
    if (typeof p95 === 'number') this.slowMs = p95;
    this.calibrating = null;
  }

  /** Adds what was seen since the last time. */
  settle(visitor: number, stage: string, arm: SimulatedArm): void {
    this.add(visitor, stage, arm, this.counted, this.slow);
    this.counted = 0;
    this.slow = 0;
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

export interface RecordOptions {
  delaySlots: number;
  bounds: VoteBounds;
  /** Latencies one by one are kept for the literal rule alone. */
  keepsLatencies: boolean;
}

export class SimulatedRecord {
  private readonly thumbs: Thumbs;
  private readonly error = new Metric();
  private readonly hallucination = new Metric();
  private readonly firstToken = new Slow();
  private readonly outputToken = new Slow();
  private readonly arrivals = [new Arriving(), new Arriving()] as const;
  private readonly groups = new Map<number, SplitGroup>();
  /** The share at which each visitor was last seen; IN_TREATMENT once they were there. */
  private readonly lastSeen: number[] = [];
  private readonly late = new Map<number, Given[]>();
  private readonly delaySlots: number;
  private readonly keepsLatencies: boolean;
  private readonly latencies: {
    control: Record<string, number>;
    treatment: Record<string, number>;
  } = { control: {}, treatment: {} };
  private visitor = 0;
  private arm: SimulatedArm = 0;
  private answers = 0;
  private errors = 0;
  private judged = 0;
  private hallucinated = 0;
  private ups: boolean[] = [];

  constructor({ delaySlots, bounds, keepsLatencies }: RecordOptions) {
    this.delaySlots = delaySlots;
    this.keepsLatencies = keepsLatencies;
    this.thumbs = new Thumbs(bounds);
  }

  /** What the fixed thresholds see. */
  literally(): LiterallyObserved {
    const { metrics, users } = this.observed(0);
    return { metrics, users, latencies: this.latencies };
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
      judging: null,
      // Offline comparisons are not simulated: the scenario's candidate passed its gate.
      offline: { better: true, reason: 'as the scenario assumes' },
    };
  }

  /** A visit begins: answers follow, then `end`. All are assigned at one share. */
  begin(visitor: number, arm: SimulatedArm): void {
    this.visitor = visitor;
    this.arm = arm;
    this.answers = 0;
    this.errors = 0;
    this.judged = 0;
    this.hallucinated = 0;
    if (this.ups.length > 0) this.ups = [];
  }

  answer(one: Readonly<SimulatedAnswer>): void {
    this.answers += 1;
    if (one.error) this.errors += 1;
    else {
      this.firstToken.see(one.firstTokenMs, this.arm);
      this.outputToken.see(one.outputTokenMs, this.arm);
      if (this.keepsLatencies) this.keepLatency(one.firstTokenMs);
    }
    if (one.hallucinated !== null) this.judged += 1;
    if (one.hallucinated === true) this.hallucinated += 1;
    if (one.up !== null) this.ups.push(one.up);
  }

  private keepLatency(ms: number): void {
    const counts = this.latencies[ARM[this.arm]];
    const bucket = bucketOf(ms);
    if (bucket !== null) counts[bucket] = (counts[bucket] ?? 0) + 1;
  }

  /** `gapMs` lies between one vote and the next. */
  end(slot: number, shareBp: number, gapMs: number): void {
    const { visitor, arm, ups } = this;
    const stage = stageName(shareBp);
    this.arrivals[arm].add(slot, this.answers);
    this.countSplit(visitor, shareBp, arm);
    this.error.add(visitor, stage, arm, this.answers, this.errors);
    this.firstToken.settle(visitor, stage, arm);
    this.outputToken.settle(visitor, stage, arm);
    this.hallucination.add(visitor, stage, arm, this.judged, this.hallucinated);
    if (ups.length === 0) return;
    const given = { visitor, stage, arm: ARM[arm], startMs: slot * SLOT_MS, gapMs, ups };
    if (this.delaySlots === 0) {
      this.thumbs.give(given);
      return;
    }
    const due = slot + this.delaySlots;
    const waiting = this.late.get(due);
    if (waiting === undefined) this.late.set(due, [given]);
    else waiting.push(given);
  }

  /** Votes that were under way until this slot. */
  arrive(slot: number): void {
    for (const given of this.late.get(slot) ?? []) this.thumbs.give(given);
    this.late.delete(slot);
  }

  /** A visitor's first appearance in a stage, unless they are in treatment already. */
  private countSplit(visitor: number, shareBp: number, arm: SimulatedArm): void {
    const { lastSeen, groups } = this;
    while (lastSeen.length <= visitor) lastSeen.push(NEVER);
    const before = lastSeen[visitor] ?? NEVER;
    if (before === shareBp || before === IN_TREATMENT) return;
    lastSeen[visitor] = arm === 1 ? IN_TREATMENT : shareBp;
    const share = nullShare(shareBp / 10_000, before === NEVER ? null : before / 10_000);
    if (typeof share !== 'number') return;
    const key = shareBp * 100_000 + before;
    const group = groups.get(key) ?? { control: 0, treatment: 0, share };
    group[ARM[arm]] += 1;
    groups.set(key, group);
  }
}
