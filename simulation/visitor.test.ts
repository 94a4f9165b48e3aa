import { describe, expect, it } from 'vitest';
import type { Fact } from './bank.ts';
import type { Judgement } from './judge.ts';
import { mulberry32, stream } from './random.ts';
import { ask, askAgain, BEHAVIOUR, type Reaction, react } from './visitor.ts';

const DRAWS = 20_000;
const fact: Fact = {
  id: 'a',
  topic: 't',
  key: ['yes'],
  answer: 'The right answer is yes.',
  wrong: [{ answer: 'no', key: ['no'] }],
  phrasings: ['a?', 'b?', 'c?', 'd?'],
  held_out: ['e?', 'f?'],
};

function reactions(judgement: Judgement, seed = 1): Reaction[] {
  const random = mulberry32(seed);
  const seen = { fact, judgement, text: 'The right answer is yes.' };
  return Array.from({ length: DRAWS }, () => react(random, seen));
}

const shareOf = <Item>(items: Item[], test: (item: Item) => boolean) =>
  items.filter(test).length / items.length;
/** Four standard errors of a share: one false alarm in about sixteen thousand. */
const near = (share: number, rate: number, draws: number) =>
  expect(Math.abs(share - rate)).toBeLessThan(4 * Math.sqrt((rate * (1 - rate)) / draws) + 1e-9);

describe('a visitor', () => {
  it.each<Judgement>(['right', 'wrong', 'unclear'])(
    'votes in 24 % of visits after a %s answer',
    (judgement) => {
      near(
        shareOf(reactions(judgement), (it) => it.vote !== undefined),
        0.24,
        DRAWS,
      );
    },
  );

  it('gives mostly thumbs and some stars', () => {
    const voted = reactions('right').filter((it) => it.vote !== undefined);
    near(
      shareOf(voted, (it) => it.vote?.type === 'rating'),
      BEHAVIOUR.starsShare,
      voted.length,
    );
  });

  it('corrects in a quarter of dissatisfied votes, always with the right answer', () => {
    const voted = reactions('wrong').filter((it) => it.vote !== undefined);
    const expected = BEHAVIOUR.correctionRate * (1 - BEHAVIOUR.slipRate);
    near(
      shareOf(voted, (it) => it.correction !== undefined),
      expected,
      voted.length,
    );
    for (const it of voted) expect([undefined, fact.answer]).toContain(it.correction?.answer);
  });

  it('never corrects without a vote, nor when satisfied', () => {
    expect(
      reactions('wrong').some((it) => it.correction !== undefined && it.vote === undefined),
    ).toBe(false);
    expect(reactions('right').some((it) => it.correction !== undefined)).toBe(false);
  });

  it('presses the wrong button about as rarely as the table says', () => {
    const thumbs = reactions('right').filter((it) => it.vote?.type.startsWith('thumbs'));
    near(
      shareOf(thumbs, (it) => it.vote?.type === 'thumbs_down'),
      BEHAVIOUR.slipRate,
      thumbs.length,
    );
  });

  it('copies, reads and accepts quickly when satisfied', () => {
    const { copyRate, thoroughReadRate, quickAcceptRate } = BEHAVIOUR.satisfied;
    const all = reactions('right');
    near(
      shareOf(all, (it) => it.signals?.copy_event === true),
      copyRate,
      DRAWS,
    );
    near(
      shareOf(all, (it) => it.signals?.read_time_seconds !== undefined),
      thoroughReadRate,
      DRAWS,
    );
    near(
      shareOf(all, (it) => (it.signals?.time_to_action_seconds ?? 9) < 3),
      quickAcceptRate,
      DRAWS,
    );
    expect(all.some((it) => it.rephrases)).toBe(false);
  });

  it('rephrases or leaves when dissatisfied, never both, and does not leave after a vote', () => {
    const { rephraseRate, leaveRate } = BEHAVIOUR.dissatisfied;
    const all = reactions('unclear');
    near(
      shareOf(all, (it) => it.rephrases),
      rephraseRate,
      DRAWS,
    );
    const leaving = leaveRate * (1 - BEHAVIOUR.explicitRate);
    near(
      shareOf(all, (it) => it.signals?.abandoned === true),
      leaving,
      DRAWS,
    );
    expect(all.some((it) => it.signals?.abandoned && it.rephrases)).toBe(false);
    expect(all.some((it) => it.signals?.copy_event)).toBe(false);
  });

  it('reacts the same for the same seed and otherwise for another', () => {
    expect(reactions('wrong', 7)).toEqual(reactions('wrong', 7));
    expect(reactions('wrong', 7)).not.toEqual(reactions('wrong', 8));
  });

  it('asks every phrasing but never a held-out one', () => {
    const random = stream(1, 'questions');
    const asked = new Set(Array.from({ length: 500 }, () => ask(random, [fact]).phrasing));
    expect([...asked].toSorted()).toEqual(fact.phrasings);
  });

  it('uses other words when asking again', () => {
    const random = mulberry32(3);
    for (let i = 0; i < 100; i++) {
      expect(askAgain(random, { fact, phrasing: 'a?' }).phrasing).not.toBe('a?');
    }
  });
});
