// Measures one model on the held-out phrasings: asked directly, greedily and unrecorded. Also the
// ceiling: what a perfect learner could reach with the corrections accepted so far.

import type { Bank, Fact } from './bank.ts';
import { judge } from './judge.ts';
import { inPool } from './pool.ts';

const CONCURRENCY = 4;

export interface Measurement {
  /** Share of held-out phrasings answered right, over the bank. */
  satisfaction: number;
  /** Share right by fact id. */
  byFact: ReadonlyMap<string, number>;
}

export async function measureHeldOut(
  bank: Bank,
  answer: (question: string) => Promise<string>,
): Promise<Measurement> {
  const questions = bank.facts.flatMap((fact) =>
    fact.held_out.map((question) => ({ fact, question })),
  );
  const judged = await inPool(questions, CONCURRENCY, async ({ fact, question }) => ({
    fact,
    right: judge(fact, await answer(question)) === 'right',
  }));
  const share = (of: Fact) => {
    const own = judged.filter(({ fact }) => fact === of);
    return own.filter(({ right }) => right).length / own.length;
  };
  return {
    satisfaction: judged.filter(({ right }) => right).length / judged.length,
    byFact: new Map(bank.facts.map((fact) => [fact.id, share(fact)])),
  };
}

/** A corrected fact counts whole, any other as right as the base was on it. */
export function ceilingOf(bank: Bank, base: Measurement, corrected: ReadonlySet<string>): number {
  const sum = bank.facts.reduce(
    (total, { id }) => total + (corrected.has(id) ? 1 : (base.byFact.get(id) ?? 0)),
    0,
  );
  return sum / bank.facts.length;
}
