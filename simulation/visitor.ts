// Simulated visitors: what each one asks and how each one reacts to an answer. Pure and seeded; the
// rates are one table. A visitor knows the right answer of the fact they asked about, because some
// of them correct the assistant. They never learn which model answered.

import type { Fact } from './bank.ts';
import type { Judgement } from './judge.ts';
import { between, chance, pick, type Random } from './random.ts';

/** Every rate of behaviour. */
export const BEHAVIOUR = {
  /** Share of visits that end in explicit feedback. */
  explicitRate: 0.24,
  /** Of those, the share that gives stars instead of a thumb. */
  starsShare: 0.15,
  /** Of dissatisfied voters, the share that also writes the right answer. */
  correctionRate: 0.25,
  /** Voters that press the wrong button. They never write a correction. */
  slipRate: 0.01,
  satisfied: { copyRate: 0.35, thoroughReadRate: 0.5, quickAcceptRate: 0.25 },
  /** Rephrasing and leaving exclude each other; the rest of the dissatisfied just stop. */
  dissatisfied: { rephraseRate: 0.4, leaveRate: 0.4 },
  /** Share of visits made by somebody who has been here before. */
  returningRate: 0.6,
} as const;

export interface Behaviour {
  explicitRate: number;
  starsShare: number;
  correctionRate: number;
  slipRate: number;
  satisfied: { copyRate: number; thoroughReadRate: number; quickAcceptRate: number };
  dissatisfied: { rephraseRate: number; leaveRate: number };
  returningRate: number;
}

export interface Signals {
  copy_event?: boolean;
  read_time_seconds?: number;
  time_to_action_seconds?: number;
  reformulated?: boolean;
  abandoned?: boolean;
}

export type Vote =
  | { type: 'thumbs_up' }
  | { type: 'thumbs_down' }
  | { type: 'rating'; value: number };

export type Correction = Pick<Fact, 'answer' | 'key'>;

export interface Reaction {
  satisfied: boolean;
  vote: Vote | undefined;
  /** The right answer as the visitor knows it, and what in it matters. */
  correction: Correction | undefined;
  /** Undefined where the visitor left no trace at all. */
  signals: Signals | undefined;
  /** The visitor will come back and ask the same in other words. */
  rephrases: boolean;
}

const READING_WORDS_PER_SECOND = 238 / 60;

function vote(random: Random, likes: boolean, behaviour: Behaviour): Vote {
  if (chance(random, behaviour.starsShare)) {
    return { type: 'rating', value: likes ? pick(random, [4, 5, 5]) : pick(random, [1, 1, 2]) };
  }
  return { type: likes ? 'thumbs_up' : 'thumbs_down' };
}

function satisfiedSignals(random: Random, words: number, behaviour: Behaviour): Signals {
  const { copyRate, thoroughReadRate, quickAcceptRate } = behaviour.satisfied;
  const signals: Signals = {};
  if (chance(random, copyRate)) signals.copy_event = true;
  if (chance(random, thoroughReadRate)) {
    const full = words / READING_WORDS_PER_SECOND;
    signals.read_time_seconds = Number(between(random, full, full * 1.6 + 1).toFixed(1));
  }
  if (chance(random, quickAcceptRate)) {
    signals.time_to_action_seconds = Number(between(random, 1, 2.9).toFixed(1));
  }
  return signals;
}

function dissatisfiedSignals(random: Random, behaviour: Behaviour): Signals {
  const { rephraseRate, leaveRate } = behaviour.dissatisfied;
  const drawn = random();
  if (drawn < rephraseRate) return { reformulated: true };
  return drawn < rephraseRate + leaveRate ? { abandoned: true } : {};
}

export interface Seen {
  fact: Correction;
  judgement: Judgement;
  text: string;
}

/** How one visitor reacts to one answer. An unclear answer dissatisfies as a wrong one does. */
export function react(random: Random, seen: Seen, behaviour: Behaviour = BEHAVIOUR): Reaction {
  const satisfied = seen.judgement === 'right';
  const words = seen.text.split(/\s+/).filter(Boolean).length;
  const signals = satisfied
    ? satisfiedSignals(random, words, behaviour)
    : dissatisfiedSignals(random, behaviour);
  const votes = chance(random, behaviour.explicitRate);
  const slips = votes && chance(random, behaviour.slipRate);
  const corrects = votes && !satisfied && !slips && chance(random, behaviour.correctionRate);
  return {
    satisfied,
    vote: votes ? vote(random, satisfied !== slips, behaviour) : undefined,
    correction: corrects ? seen.fact : undefined,
    // A voter is still on the page: leaving at once and voting exclude each other.
    signals:
      votes && signals.abandoned
        ? undefined
        : Object.keys(signals).length > 0
          ? signals
          : undefined,
    rephrases: signals.reformulated === true,
  };
}

export interface Question {
  fact: Fact;
  phrasing: string;
}

/** Asks only from `phrasings`; the held-out ones stay unheard until they are measured. */
export function ask(random: Random, facts: readonly Fact[]): Question {
  const fact = pick(random, facts);
  return { fact, phrasing: pick(random, fact.phrasings) };
}

/** The same fact in other words. */
export function askAgain(random: Random, previous: Question): Question {
  const others = previous.fact.phrasings.filter((phrasing) => phrasing !== previous.phrasing);
  return { fact: previous.fact, phrasing: pick(random, others) };
}
