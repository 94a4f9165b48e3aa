import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type Bank, BankError, type Fact, parseBank, readBank } from './bank.ts';
import { judge } from './judge.ts';

const fact = (over: Partial<Fact> = {}): Fact => ({
  id: 'dns-ttl',
  topic: 'dns',
  key: ['TTL'],
  answer: 'Resolvers cache an answer for its TTL.',
  wrong: [{ answer: 'Resolvers cache an answer for its SOA.', key: ['SOA'] }],
  phrasings: ['what a?', 'what b?', 'what c?', 'what d?'],
  held_out: ['what e?', 'what f?'],
  ...over,
});

const other = fact({
  id: 'tls-sni',
  phrasings: ['who a?', 'who b?', 'who c?', 'who d?'],
  held_out: ['who e?', 'who f?'],
});

const bank = (facts: unknown[]) => ({ version: 1, name: 'test', facts });

function refusal(facts: unknown[]): string {
  try {
    parseBank(bank(facts));
  } catch (error) {
    if (error instanceof BankError) return error.problems.join('\n');
    throw error;
  }
  return 'accepted';
}

describe('a question bank', () => {
  it('is accepted when every rule holds', () => {
    expect(refusal([fact(), other])).toBe('accepted');
  });

  it.each<[string, Partial<Fact>, string]>([
    ['has an id twice', { id: 'tls-sni' }, 'fact "tls-sni": the id is used twice'],
    [
      'asks a held-out phrasing',
      { held_out: ['What  A?', 'what e?'] },
      'is both asked and held out',
    ],
    ['lists a phrasing twice', { held_out: ['what e?', 'what e?'] }, 'is listed twice'],
    [
      'takes a phrasing of another fact',
      { held_out: ['who a?', 'what e?'] },
      'also a phrasing of fact',
    ],
    ['lacks its key in the answer', { key: ['MTU'] }, 'does not contain every key (MTU)'],
    [
      'has a wrong key in the right answer',
      { wrong: [{ answer: 'They cache.', key: ['cache'] }] },
      'the wrong key (cache) appears in the right answer',
    ],
    [
      'has the right key in a wrong answer',
      { wrong: [{ answer: 'The TTL of an SOA.', key: ['SOA'] }] },
      'contains the right key',
    ],
    [
      'has a wrong answer without its own key',
      { wrong: [{ answer: 'Resolvers ask the SOA.', key: ['MX'] }] },
      'does not contain its own key (MX)',
    ],
    [
      'has too few asked phrasings',
      { phrasings: ['what a?', 'what b?', 'what c?'] },
      'got 3 and 2',
    ],
    ['has too few held-out phrasings', { held_out: ['what e?'] }, 'at least 6 phrasings'],
    ['has no wrong answer', { wrong: [] }, 'fact "dns-ttl": wrong'],
    [
      'has an id that is not kebab-case',
      { id: 'DNS ttl' },
      'fact "DNS ttl": id: expected a kebab-case',
    ],
    ['has an empty answer', { answer: ' ' }, 'fact "dns-ttl": answer'],
  ])('is refused by the name of the fact when one %s', (_, over, rule) => {
    const text = refusal([other, fact(over)]);
    expect(text).toContain(rule);
    expect(text).toContain('fact "');
  });

  it('is refused with unknown fields, another version or too few facts', () => {
    expect(refusal([other, { ...fact(), note: 'x' }])).toContain('fact "dns-ttl"');
    expect(refusal([fact()])).toContain('facts');
    expect(() => parseBank({ ...bank([fact(), other]), version: 2 })).toThrow('only version 1');
  });

  it('numbers a fact that has no id to name it by', () => {
    expect(refusal([other, { topic: 'x' }])).toContain('fact number 2');
  });

  it('says which file could not be read', async () => {
    await expect(readBank('/nowhere/bank.json')).rejects.toThrow('/nowhere/bank.json');
  });
});

describe.each([
  ['sre', 60],
  ['mini', 12],
])('the shipped bank %s', (name, atLeast) => {
  const read = (): Promise<Bank> =>
    readBank(fileURLToPath(new URL(`banks/${name}.json`, import.meta.url)));

  it(`is valid and holds at least ${atLeast} facts`, async () => {
    expect((await read()).facts.length).toBeGreaterThanOrEqual(atLeast);
  });

  it('judges its own answers as they are meant', async () => {
    for (const it of (await read()).facts) {
      expect(judge(it, it.answer), it.id).toBe('right');
      for (const wrong of it.wrong) expect(judge(it, wrong.answer), wrong.answer).toBe('wrong');
      const words = it.answer.split(' ').length;
      expect(words, it.answer).toBeGreaterThanOrEqual(6);
      expect(words, it.answer).toBeLessThanOrEqual(16);
    }
  });
});
