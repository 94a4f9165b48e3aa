// The simulator's record, which also writes down what it is told: each answer and vote that reaches it. It
// keeps the same sums as without, by the same code.

import { SimulatedRecord } from '../rollout/record.ts';
import type { Scenario } from '../rollout/scenario.ts';
import type { SimulatedAnswer, SimulatedArm } from '../rollout/traffic.ts';
import { World } from '../rollout/world.ts';
import type { AnswerLine, VoteLine } from './events.ts';

/** Tokens of every answer; the simulator knows no lengths. */
const TOKENS = 33;
const ARM = ['control', 'treatment'] as const;

export type Write = (line: AnswerLine | VoteLine) => void;

class WrittenRecord extends SimulatedRecord {
  private readonly write: Write;
  private written = 0;
  private who = { visitor: 0, arm: ARM[0] as (typeof ARM)[number] };
  private pending: Omit<SimulatedAnswer, 'visitor' | 'arm'>[] = [];

  constructor({ bounds }: Scenario, write: Write) {
    super({ delaySlots: 0, bounds, keepsLatencies: false });
    this.write = write;
  }

  override begin(visitor: number, arm: SimulatedArm): void {
    super.begin(visitor, arm);
    this.who = { visitor, arm: ARM[arm] };
    this.pending = [];
  }

  override answer(one: Readonly<SimulatedAnswer>): void {
    super.answer(one);
    // Always the same object.
    this.pending.push({ ...one });
  }

  override end(slot: number, shareBp: number, gapMs: number): void {
    super.end(slot, shareBp, gapMs);
    for (const { error, firstTokenMs, outputTokenMs, up } of this.pending) {
      const id = this.written;
      this.written += 1;
      const first = Math.round(firstTokenMs);
      this.write({
        kind: 'answer',
        id,
        ...this.who,
        share_bp: shareBp,
        slot,
        breaks: error,
        first_token_ms: first,
        total_ms: first + Math.round(outputTokenMs * (TOKENS - 1)),
        completion_tokens: TOKENS,
      });
      if (up !== null) this.write({ kind: 'vote', answer: id, slot, up });
    }
  }
}

/** A simulated world whose record writes. Throws on what the product would not be told the same way. */
export function writtenWorld(scenario: Scenario, seed: number, write: Write): World {
  const refused = (
    [
      ['feedback_delay_hours', scenario.feedback_delay_hours > 0],
      ['judged', scenario.judged > 0],
      ['scripted', scenario.scripted > 0],
      ['min_identity_age_seconds', scenario.min_identity_age_seconds > 0],
      ['policy', scenario.policy === 'literal'],
    ] as const
  ).flatMap(([key, isSet]) => (isSet ? [key] : []));
  if (refused.length > 0) {
    throw new RangeError(
      `${scenario.name} cannot be replayed: leave out ${refused.join(', ')}; bench/decisions/README.md says why.`,
    );
  }
  const world = new World(scenario, seed);
  Reflect.set(world, 'record', new WrittenRecord(scenario, write));
  return world;
}
