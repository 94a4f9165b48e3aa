// One week of visits: who comes, what they ask, how they react, spread over seven days of the
// product's clock. A visit that fails is counted and reported; too many of them stop the run.

import type { Bank } from './bank.ts';
import type { Answer, Session, VisitorClient } from './client.ts';
import { CallError } from './http.ts';
import { type Judgement, judge } from './judge.ts';
import { inPool } from './pool.ts';
import type { Progress } from './progress.ts';
import { chance, pick, type Random, stream } from './random.ts';
import { ask, askAgain, BEHAVIOUR, type Question, react } from './visitor.ts';

/** As many as a model server answers at once; more would only wait in its queue. */
const CONCURRENCY = 4;
const MAX_FAILED_SHARE = 0.05;
/** Groups of visits, one a day: each jump of the clock waits for the queue to drain. */
export const SLOTS = 7;
/** The homepage streams; some clients ask for the whole answer. */
const STREAMED_SHARE = 0.7;
const HOUR_MS = 3_600_000;

export interface Tally {
  visits: number;
  failed: number;
  right: number;
  wrong: number;
  thumbsUp: number;
  thumbsDown: number;
  explicit: number;
  corrections: number;
}

export const emptyTally = (): Tally => ({
  visits: 0,
  failed: 0,
  right: 0,
  wrong: 0,
  thumbsUp: 0,
  thumbsDown: 0,
  explicit: 0,
  corrections: 0,
});

export interface Visitor {
  token: string | undefined;
}

/** Everybody who has been here, kept across weeks, and who will come back with other words. */
export interface Population {
  visitors: Visitor[];
  comingBack: { visitor: Visitor; question: Question }[];
}

export interface VisitPlan {
  bank: Bank;
  seed: number;
  week: number;
  total: number;
  startMs: number;
  client: VisitorClient;
  population: Population;
  setClock: (atMs: number) => Promise<unknown>;
  progress: Progress;
}

interface Visit {
  random: Random;
  visitor: Visitor | undefined;
  question: Question;
  again: boolean;
}

/** The instant of a slot: within the week that begins at `startMs`, the last one hours before its end. */
export function slotAt(startMs: number, slot: number): number {
  return startMs + HOUR_MS + slot * Math.floor((7 * 24 * HOUR_MS - 4 * HOUR_MS) / SLOTS);
}

export function slotSize(total: number, slot: number): number {
  return Math.floor((total * (slot + 1)) / SLOTS) - Math.floor((total * slot) / SLOTS);
}

function planSlot(plan: VisitPlan, slot: number): Visit[] {
  const { bank, population, seed, week } = plan;
  const size = slotSize(plan.total, slot);
  const returning = population.comingBack.splice(0, size);
  const taken = new Set(returning.map(({ visitor }) => visitor));
  return Array.from({ length: size }, (_, at) => {
    const random = stream(seed, `week ${week} slot ${slot} visit ${at}`);
    const back = returning[at];
    if (back !== undefined) {
      return {
        random,
        visitor: back.visitor,
        question: askAgain(random, back.question),
        again: true,
      };
    }
    const question = ask(random, bank.facts);
    // One visit a slot for each visitor: nobody talks to two pages at once.
    const free = population.visitors.filter((visitor) => !taken.has(visitor));
    const known =
      free.length > 0 && chance(random, BEHAVIOUR.returningRate) ? pick(random, free) : undefined;
    if (known !== undefined) taken.add(known);
    return { random, visitor: known, question, again: false };
  });
}

const UNKNOWN = new Set([401, 403]);

/** Every visit is a conversation of its own; a token that ran out makes the visitor a new one. */
async function sessionOf(plan: VisitPlan, visitor: Visitor): Promise<Session> {
  try {
    return await plan.client.openSession(visitor.token);
  } catch (error) {
    if (!(error instanceof CallError && UNKNOWN.has(error.status))) throw error;
    return plan.client.openSession();
  }
}

async function converse(
  plan: VisitPlan,
  visit: Visit,
): Promise<{ visitor: Visitor; answer: Answer }> {
  const streamed = chance(visit.random, STREAMED_SHARE);
  const visitor = visit.visitor ?? { token: undefined };
  const session = await sessionOf(plan, visitor);
  visitor.token = session.visitor_token;
  if (visit.visitor === undefined) plan.population.visitors.push(visitor);
  return { visitor, answer: await plan.client.chat(session, visit.question.phrasing, streamed) };
}

function count(tally: Tally, judgement: Judgement): void {
  if (judgement === 'right') tally.right++;
  if (judgement === 'wrong') tally.wrong++;
}

async function pay(plan: VisitPlan, visit: Visit, tally: Tally): Promise<void> {
  const { visitor, answer } = await converse(plan, visit);
  const { fact } = visit.question;
  const judgement = judge(fact, answer.text);
  const reaction = react(visit.random, { fact, judgement, text: answer.text });
  count(tally, judgement);
  if (reaction.signals !== undefined) await plan.client.signals(answer, reaction.signals);
  if (reaction.vote !== undefined) {
    await plan.client.feedback(answer, reaction.vote, reaction.correction);
    tally.explicit++;
    if (reaction.vote.type === 'thumbs_up') tally.thumbsUp++;
    if (reaction.vote.type === 'thumbs_down') tally.thumbsDown++;
    if (reaction.correction !== undefined) tally.corrections++;
  }
  if (reaction.rephrases && !visit.again) {
    plan.population.comingBack.push({ visitor, question: visit.question });
  }
}

/** Slots [from, to) of the week. Adds to `tally`; throws when over 5 % of the week's visits failed. */
export async function runSlots(
  plan: VisitPlan,
  [from, to]: readonly [number, number],
  tally: Tally,
): Promise<void> {
  for (let slot = from; slot < to; slot++) {
    await plan.setClock(slotAt(plan.startMs, slot));
    const visits = planSlot(plan, slot);
    let lastError: unknown;
    await inPool(visits, CONCURRENCY, async (visit) => {
      tally.visits++;
      try {
        await pay(plan, visit, tally);
      } catch (error) {
        if (!(error instanceof CallError || error instanceof SyntaxError)) throw error;
        tally.failed++;
        lastError = error;
        plan.progress.line(`  a visit failed: ${error.message}`);
      }
    });
    if (tally.failed > plan.total * MAX_FAILED_SHARE) {
      throw new Error(
        `${tally.failed} of ${tally.visits} visits of week ${plan.week} failed; at most 5 % of ${plan.total} may.`,
        { cause: lastError },
      );
    }
    plan.progress.live(
      `  week ${plan.week}: ${tally.visits}/${plan.total} visits, ${tally.right} right, ` +
        `${tally.wrong} wrong, ${tally.explicit} votes, ${tally.corrections} corrections`,
    );
  }
}
