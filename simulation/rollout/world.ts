// The visitors of one simulated rollout and what is recorded of them: who is in which arm, who takes part
// already, whose votes count. Scripts may come under a fresh identity for each visit or each answer.

import { takesPart } from '../../core/enrolment.ts';
import { evidenceOf, type Observed } from '../../core/rollout/evidence.ts';
import type { Evidence } from '../../core/rollout/facts.ts';
import { literalEvidence } from '../../core/rollout/literal.ts';
import type { Policy } from '../../core/statistics/policy.ts';
import { Xoshiro } from './random.ts';
import { SimulatedRecord } from './record.ts';
import type { Scenario } from './scenario.ts';
import { judgedRates, type SimulatedArm, SLOT_MS, Traffic } from './traffic.ts';

const HOURS_PER_SLOT = SLOT_MS / 3_600_000;
/** A visitor reads before the next question; a script does not. */
const READING_MS = 60_000;
const SCRIPT_MS = 1_000;
/** Apart from the visitors' own random numbers: a week with scripts is the same week with scripts added. */
const SCRIPTS_SEED = 0x5c1f;

/** One identity: what the record and the assignment know of somebody. */
interface Identity {
  /** By which `traffic` makes answers; the record knows them by `id`. */
  visitor: number;
  id: number;
  traffic: Traffic;
  /** In [0, 10,000), which decides their arm. */
  place: number;
  isLost: boolean;
  issuedAtMs: number;
}

export class World {
  private readonly scenario: Scenario;
  private readonly random: Xoshiro;
  private readonly traffic: Traffic;
  private readonly record: SimulatedRecord;
  private readonly places: number[] = [];
  private readonly lost: boolean[] = [];
  private readonly firstSeenMs: number[] = [];
  private readonly scriptRandom: Xoshiro;
  private readonly scripts: Traffic;
  /** Scripts that keep their identity, by the visitor in whose place they come. */
  private readonly kept = new Map<number, Identity>();

  constructor(scenario: Scenario, seed: number) {
    this.scenario = scenario;
    this.random = new Xoshiro(seed);
    this.traffic = new Traffic(scenario, this.random);
    this.record = new SimulatedRecord({
      delaySlots: Math.round(scenario.feedback_delay_hours / HOURS_PER_SLOT),
      bounds: scenario.bounds,
      keepsLatencies: scenario.policy === 'literal',
    });
    this.scriptRandom = new Xoshiro(seed ^ SCRIPTS_SEED);
    this.scripts = new Traffic({ ...scenario, scripted: 1 }, this.scriptRandom);
  }

  isOut(hours: number): boolean {
    const { outage } = this.scenario;
    if (outage === undefined) return false;
    return hours >= outage.from_hour && hours < outage.from_hour + outage.hours;
  }

  observed(slot: number): Observed {
    return this.record.observed(slot);
  }

  evidence(slot: number, rules: Policy): Evidence {
    return this.scenario.policy === 'literal'
      ? literalEvidence(this.record.literally(), rules)
      : evidenceOf(this.observed(slot), rules);
  }

  /** A quarter of an hour goes by at this share. */
  pass(slot: number, shareBp: number): void {
    const out = this.isOut(slot * HOURS_PER_SLOT);
    if (!out) this.record.arrive(slot);
    for (const visitor of this.traffic.visitorsOf(slot)) {
      const own = this.visitorAt(visitor, slot);
      const answers = this.traffic.answersOfVisit();
      const isScript = this.traffic.isScript(visitor);
      this.visit(own, { slot, shareBp, answers, isRecorded: !(out || isScript) });
      if (isScript && !out) this.script(visitor, { slot, shareBp, answers });
    }
  }

  /** Comes instead of a visitor, whose random numbers are drawn all the same. */
  private script(
    visitor: number,
    { slot, shareBp, answers: usual }: { slot: number; shareBp: number; answers: number },
  ): void {
    const { scripts_identity, scripts_answers: answers = usual } = this.scenario;
    if (scripts_identity === 'each_answer') {
      for (let left = answers; left > 0; left -= 1) {
        this.visit(this.newScript(slot), { slot, shareBp, answers: 1, isRecorded: true });
      }
      return;
    }
    const known = this.kept.get(visitor);
    const identity =
      scripts_identity === 'kept' && known !== undefined ? known : this.newScript(slot);
    this.kept.set(visitor, identity);
    this.visit(identity, { slot, shareBp, answers, isRecorded: true });
  }

  private newScript(slot: number): Identity {
    const visitor = this.scripts.newVisitor();
    return {
      visitor,
      id: 2 * visitor + 1,
      traffic: this.scripts,
      place: this.scriptRandom.uniform() * 10_000,
      isLost: this.scriptRandom.uniform() < this.scenario.lost_treatment,
      issuedAtMs: slot * SLOT_MS,
    };
  }

  private visitorAt(visitor: number, slot: number): Identity {
    while (this.places.length <= visitor) {
      this.places.push(this.random.uniform() * 10_000);
      this.lost.push(this.random.uniform() < this.scenario.lost_treatment);
    }
    const issuedAtMs = this.firstSeenMs[visitor] ?? slot * SLOT_MS;
    this.firstSeenMs[visitor] = issuedAtMs;
    return {
      visitor,
      // Scripts have the odd numbers.
      id: this.scenario.scripted === 0 ? visitor : 2 * visitor,
      traffic: this.traffic,
      place: this.places[visitor] ?? 0,
      isLost: this.lost[visitor] ?? false,
      issuedAtMs,
    };
  }

  private visit(
    identity: Identity,
    visit: { slot: number; shareBp: number; answers: number; isRecorded: boolean },
  ): void {
    const { slot, shareBp, answers } = visit;
    const { visitor, traffic, isLost, place } = identity;
    const hours = slot * HOURS_PER_SLOT;
    const gapMs = traffic === this.scripts ? SCRIPT_MS : READING_MS;
    const arm: SimulatedArm = place < shareBp ? 1 : 0;
    const rate = judgedRates(this.scenario.judged, shareBp)[arm];
    const isRecorded = visit.isRecorded && !(arm === 1 && isLost);
    let began = false;
    for (let turn = 0; turn < answers; turn += 1) {
      const answer = traffic.answer(visitor, arm, hours, rate);
      const nowMs = slot * SLOT_MS + turn * gapMs;
      if (!isRecorded || !this.isEnrolled(identity, { turn, nowMs })) continue;
      if (!began) this.record.begin(identity.id, arm);
      began = true;
      this.record.answer(answer);
    }
    if (began) this.record.end(slot, shareBp, gapMs);
  }

  /** Whoever is not is answered by production and counted nowhere. */
  private isEnrolled(
    { visitor, issuedAtMs }: Identity,
    { turn, nowMs }: { turn: number; nowMs: number },
  ): boolean {
    const { min_identity_age_seconds: least } = this.scenario;
    if (least === 0) return true;
    const visitorId = String(visitor);
    const facts = { visitorId, rememberedTurns: turn, identityIssuedAtMs: issuedAtMs, nowMs };
    return takesPart(facts, least);
  }
}
