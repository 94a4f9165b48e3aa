import { expect, test } from 'vitest';
import { deadLetterOf, unreadable } from './dead-letters.ts';
import { queueEventSchema } from './wire/events.ts';

const body = { kind: 'signals', interaction_id: 'i', visitor_id: 'v', v: 1 };

test('a message with our reason and one that the queue gave up are both read', () => {
  const about = { kind: 'signals', interactionId: 'i', visitorId: 'v' };
  expect(deadLetterOf({ reason: 'refused by the database', body })).toMatchObject({
    ...about,
    reason: 'refused by the database',
  });
  expect(deadLetterOf(body)).toMatchObject({
    ...about,
    reason: 'given up by the queue after every delivery',
  });
});

test('the same message has the same text, whatever the order of its keys and its wrapping', () => {
  const { text } = deadLetterOf(body);
  const turned = Object.fromEntries(Object.entries(body).toReversed());
  expect(deadLetterOf(turned).text).toBe(text);
  expect(deadLetterOf({ reason: 'x', body: turned }).text).toBe(text);
  expect(JSON.parse(text)).toEqual(body);
});

test.each([[null], ['words'], [[1, 2]], [undefined], [{ kind: 7, visitor_id: { a: 1 } }]])(
  'anything can be kept: %j',
  (message) => {
    expect(deadLetterOf(message)).toMatchObject({
      kind: null,
      interactionId: null,
      visitorId: null,
    });
  },
);

test('what Postgres cannot store is kept escaped, and names nobody', () => {
  const letter = deadLetterOf({
    reason: 'a\u0000\ud800',
    body: { visitor_id: 'half \ud800', query: '\u0000' },
  });
  expect(letter.visitorId).toBeNull();
  expect(letter.reason).toBe('a\ufffd');
  expect(letter.text).toBe('{"query":"\\u0000","visitor_id":"half \\ud800"}');
});

test('an unreadable message is described by its fields, never by what they hold', () => {
  const { error } = queueEventSchema.safeParse({ ...body, signals: 'secret words' });
  expect(error && unreadable(error)).toBe(
    'unreadable: event_id, model_version, signals, received_at',
  );
  const unknown = queueEventSchema.safeParse({ kind: 'secret words' }).error;
  expect(unknown && unreadable(unknown)).toBe('unreadable: kind');
});
