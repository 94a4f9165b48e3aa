import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { estimateTokens, fitWindow, longestOf, messageTokens } from './window.ts';
import golden from './window-golden.json' with { type: 'json' };
import type { ChatMessage } from './wire/chat.ts';

test.each(golden.texts)(
  '$name: no fewer than the tokenizer counts, and not twice as many',
  ({ text, tokens }) => {
    expect(estimateTokens(text)).toBeGreaterThanOrEqual(tokens);
    expect(estimateTokens(text)).toBeLessThan(2 * tokens);
  },
);

test('no text is without cost, and more text never costs less', () => {
  const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(text, text, (a, b) => {
      const joined = `${a}\n${b}`;
      expect(estimateTokens(joined)).toBeGreaterThanOrEqual(
        Math.max(estimateTokens(a), estimateTokens(b)),
      );
    }),
  );
  expect(estimateTokens('')).toBe(0);
});

const user = (content: string): ChatMessage => ({ role: 'user', content });
const assistant = (content: string): ChatMessage => ({ role: 'assistant', content });
const system = 'Be brief.';
const question = 'And now?';
const cutTo = (history: readonly ChatMessage[], windowTokens: number, answerTokens = 64) =>
  fitWindow({ system, history, question }, { windowTokens, answerTokens });

const ten = 'one two six ten one two six ten one two';
const exchange = (n: number) => [user(`${n} ${ten}`), assistant(`${n} ${ten}`)];
const cost = exchange(1).reduce((sum, { content }) => sum + messageTokens(content), 0);
const fixed = messageTokens(system) + messageTokens(question);

describe('a conversation', () => {
  test('that fits is left as it is', () => {
    const history = [...exchange(1), ...exchange(2)];
    expect(cutTo(history, 1000)).toEqual({
      fits: true,
      messages: [{ role: 'system', content: system }, ...history, user(question)],
      dropped: 0,
      answerTokens: 64,
    });
  });

  test('too long by one token loses its oldest exchange, and only that', () => {
    const history = [...exchange(1), ...exchange(2), ...exchange(3)];
    expect(cutTo(history, 64 + fixed + 3 * cost)).toMatchObject({ dropped: 0 });
    expect(cutTo(history, 64 + fixed + 3 * cost - 1)).toMatchObject({
      dropped: 2,
      messages: [
        { role: 'system', content: system },
        ...exchange(2),
        ...exchange(3),
        user(question),
      ],
    });
  });

  test('is not stitched together: what is older than the first that does not fit is left out too', () => {
    const long = [user(ten.repeat(20)), assistant('Yes.')];
    const fitted = cutTo([...exchange(1), ...long, ...exchange(3)], 64 + fixed + 3 * cost);
    expect(fitted).toMatchObject({
      dropped: 4,
      messages: [{ role: 'system' }, ...exchange(3), user(question)],
    });
  });

  test('whose question fills the room has no history left', () => {
    expect(cutTo(exchange(1), 64 + fixed)).toMatchObject({ fits: true, dropped: 2 });
  });

  test('whose question does not fit is refused with the numbers', () => {
    expect(cutTo(exchange(1), 10 + fixed - 1, 10)).toEqual({
      fits: false,
      neededTokens: fixed,
      roomTokens: fixed - 1,
    });
  });

  test('leaves at least half the window to the prompt, however long the answer may become', () => {
    expect(cutTo([], 200, 4096)).toMatchObject({ fits: true, answerTokens: 100 });
  });

  test('keeps a suffix of its history that starts with a question, and never exceeds the room', () => {
    const turn = fc.record({
      role: fc.constantFrom('user' as const, 'assistant' as const),
      content: fc.string({ maxLength: 80 }),
    });
    fc.assert(
      fc.property(
        fc.array(turn, { maxLength: 12 }),
        fc.integer({ min: 128, max: 400 }),
        (all, n) => {
          const fitted = cutTo(all, n);
          if (!fitted.fits) throw new Error('the question alone fits');
          const kept = fitted.messages.slice(1, -1);
          expect(kept).toEqual(all.slice(all.length - kept.length));
          expect(fitted.dropped).toBe(all.length - kept.length);
          if (fitted.dropped > 0 && kept.length > 0) expect(kept[0]?.role).toBe('user');
          const tokens = fitted.messages.reduce((sum, one) => sum + messageTokens(one.content), 0);
          expect(tokens + fitted.answerTokens).toBeLessThanOrEqual(n);
        },
      ),
    );
  });
});

test('the longest text is the one that costs most, not the one with most letters', () => {
  const texts = [
    { name: 'latin', text: 'long words everywhere' },
    { name: 'japanese', text: 'ノードをドレイン' },
  ];
  expect(longestOf(texts)).toBe('japanese');
});
