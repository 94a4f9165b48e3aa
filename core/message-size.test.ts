import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fitted, MESSAGE_BYTES, messageBytes } from './message-size.ts';
import { interactionOf } from './testing/interaction.ts';
import type { InteractionEvent } from './wire/events.ts';

const answer = (over: Partial<InteractionEvent>) => interactionOf({ query: 'Why?', ...over });

const source = (id: string) => ({ id, title: `Runbook ${id}`, text: '説'.repeat(8_000) });
const SIX = ['a', 'b', 'c', 'd', 'e', 'f'].map(source);

test('a record that fits stays as it is', () => {
  const event = answer({ sources: SIX.slice(0, 4) });
  expect(fitted(event)).toBe(event);
});

test('sources that do not fit keep their names, and the record says that it is cut', () => {
  const event = answer({ sources: SIX });
  expect(messageBytes(event)).toBeGreaterThan(MESSAGE_BYTES);
  expect(fitted(event)).toEqual({
    ...event,
    prompt_version: 'v1+cut',
    sources: SIX.map(({ id, title }) => ({ id, title })),
  });
});

test('of a question that does not fit by itself the newest part is kept', () => {
  const event = answer({ query: `${'old "text"\n'.repeat(20_000)}and what now?`, sources: SIX });
  const { query, prompt_version } = fitted(event);
  expect(prompt_version).toBe('v1+cut');
  expect(query).toMatch(/and what now\?$/);
  expect(event.query.endsWith(query)).toBe(true);
});

test('whatever is asked, it fits and holds whole characters', () => {
  const text = fc.string({ unit: 'grapheme', minLength: 200, maxLength: 400 });
  fc.assert(
    fc.property(text, fc.integer({ min: 800, max: 1_200 }), (query, most) => {
      const cut = fitted(answer({ query, sources: SIX }), most);
      expect(messageBytes(cut)).toBeLessThanOrEqual(most);
      expect(query.endsWith(cut.query)).toBe(true);
    }),
  );
});

test('a small question stays with an answer that is too large by itself', () => {
  const event = answer({ query: 'Why?', response: 'x'.repeat(MESSAGE_BYTES + 2_000) });
  expect(fitted(event)).toMatchObject({ query: 'Why?', prompt_version: 'v1+cut' });
});
