import { describe, expect, it } from 'vitest';
import { type Bank, parseBank } from './bank.ts';
import { parseEvents } from './http.ts';
import { ceilingOf, measureHeldOut } from './measure.ts';
import { inPool } from './pool.ts';
import { progressText } from './training-round.ts';
import { SLOTS, slotAt, slotSize } from './visits.ts';

const HOUR_MS = 3_600_000;

const fact = (id: string, key: string) => ({
  ...{ id, topic: 't', key: [key], answer: `It is ${key}.` },
  wrong: [{ answer: 'It is nothing.', key: ['nothing'] }],
  phrasings: [1, 2, 3, 4].map((n) => `${id} asked ${n}?`),
  held_out: [1, 2].map((n) => `${id} held out ${n}?`),
});
const bank: Bank = parseBank({
  version: 1,
  name: 'two',
  facts: [fact('a', 'alpha'), fact('b', 'beta')],
});

describe('the visits of a week', () => {
  it('lie inside the week, over an hour apart', () => {
    const times = Array.from({ length: SLOTS }, (_, slot) => slotAt(0, slot));
    expect(times[0]).toBeGreaterThan(0);
    expect(times.at(-1)).toBeLessThan(7 * 24 * HOUR_MS - HOUR_MS);
    for (const [at, time] of times.entries()) {
      expect(time - (times[at - 1] ?? -2 * HOUR_MS)).toBeGreaterThan(HOUR_MS);
    }
  });

  it.each([14, 120, 600, 601])('add up to %i', (total) => {
    const sizes = Array.from({ length: SLOTS }, (_, slot) => slotSize(total, slot));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(total);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  });
});

describe('the measurement', () => {
  it('asks held-out phrasings only and counts right answers by fact', async () => {
    const asked: string[] = [];
    const measured = await measureHeldOut(bank, async (question) => {
      asked.push(question);
      return question === 'a held out 1?' ? 'alpha' : 'nothing';
    });
    expect(asked.toSorted()).toEqual(bank.facts.flatMap((it) => it.held_out).toSorted());
    expect(measured.satisfaction).toBe(0.25);
    expect(measured.byFact.get('a')).toBe(0.5);
  });

  it('has a ceiling that equals the base at first and grows with accepted corrections', async () => {
    const base = await measureHeldOut(bank, async (question) =>
      question === 'a held out 1?' ? 'alpha' : '',
    );
    expect(ceilingOf(bank, base, new Set())).toBe(base.satisfaction);
    expect(ceilingOf(bank, base, new Set(['b']))).toBe(0.75);
    expect(ceilingOf(bank, base, new Set(['a', 'b']))).toBe(1);
  });
});

describe('an event stream', () => {
  it('is read up to [DONE]', () => {
    expect(parseEvents('data: {"a":1}\n\n: ping\r\n\r\ndata: {"a":2}\n\ndata: [DONE]\n\n')).toEqual(
      [{ a: 1 }, { a: 2 }],
    );
  });

  it('is refused when it was cut off', () => {
    expect(() => parseEvents('data: {"a":1}\n\n')).toThrow('without [DONE]');
  });
});

describe('progress', () => {
  it('shows phase, step and loss of a training', () => {
    const job = { id: 'j', model_id: '2026-w48.1', status: 'leased', error: null } as const;
    const progress = { phase: 'sft', step: 3, total_steps: 120, loss: 1.5 };
    expect(progressText({ ...job, progress })).toBe('  2026-w48.1: sft 3/120, loss 1.500');
    expect(progressText(job)).toBe('  2026-w48.1: leased');
  });
});

describe('the pool', () => {
  it('keeps the order of results and its width', async () => {
    let running = 0;
    let most = 0;
    const results = await inPool([1, 2, 3, 4, 5], 2, async (item) => {
      running++;
      most = Math.max(most, running);
      await Promise.resolve();
      running--;
      return item * 2;
    });
    expect(results).toEqual([2, 4, 6, 8, 10]);
    expect(most).toBe(2);
  });
});
