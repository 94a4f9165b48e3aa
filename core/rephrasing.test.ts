import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { similarity } from './rephrasing.ts';

const THRESHOLD = 0.6;

test.each([
  ['Why does Loki crash?', 'Loki crashes, why?'],
  ['restart the pod', 'restarting pods'],
  ['How do I drain a node?', 'How can I drain the node?'],
  ['Wie starte ich den Pod neu?', 'wie startet man den pod neu'],
])('"%s" and "%s" say the same', (one, other) => {
  expect(similarity(one, other)).toBeGreaterThanOrEqual(THRESHOLD);
});

test.each([
  ['How do I drain a node?', 'How do I restart a node?'],
  ['How do I drain a node?', 'And a whole pool?'],
  ['Which port does Prometheus use?', 'Which port does Grafana use?'],
  ['What is it?', 'How is it?'],
  ['thanks', 'How do I drain a node?'],
])('"%s" and "%s" do not', (one, other) => {
  expect(similarity(one, other)).toBeLessThan(THRESHOLD);
});

test('lies between 0 and 1, is the same both ways, and is 1 for the same telling words', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (one, other) => {
      const value = similarity(one, other);
      expect(value).toBe(similarity(other, one));
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThanOrEqual(1);
    }),
  );
  expect(similarity('Drain the node!', 'drain node')).toBe(1);
});

test('nine in ten phrasings of the bank are found, and no question about another fact', () => {
  const { facts } = z
    .object({ facts: z.array(z.object({ phrasings: z.array(z.string()) })) })
    .parse(JSON.parse(readFileSync('simulation/banks/sre.json', 'utf8')));
  let same = 0;
  let pairs = 0;
  let mistaken = 0;
  for (const [index, { phrasings }] of facts.entries()) {
    for (const [at, one] of phrasings.entries()) {
      for (const other of phrasings.slice(at + 1)) {
        pairs += 1;
        if (similarity(one, other) >= THRESHOLD) same += 1;
      }
      for (const fact of facts.slice(index + 1)) {
        const [other] = fact.phrasings;
        if (other !== undefined && similarity(one, other) >= THRESHOLD) mistaken += 1;
      }
    }
  }
  expect(same / pairs).toBeGreaterThan(0.9);
  expect(mistaken).toBe(0);
});
