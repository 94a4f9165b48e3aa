import { expect, test } from 'vitest';
import {
  answerSettingsSchema,
  BUILT_IN,
  givenSources,
  isSettingsId,
  promptVersionOf,
  settingsBodySchema,
  settingsIdOf,
} from './answer-settings.ts';

const sources = ['one', 'two', 'three'].map((text) => ({ id: text, title: text, text }));

test('the built-in settings are settings', () => {
  expect(settingsBodySchema.parse(BUILT_IN)).toEqual(BUILT_IN);
  expect(promptVersionOf(undefined)).toBe('v1');
});

test('an id is the beginning of the hash, and no model\u2019s', () => {
  const id = settingsIdOf('0123456789abcdef'.repeat(4));
  expect(id).toBe('settings-0123456789ab');
  expect(isSettingsId(id)).toBe(true);
  for (const other of ['2026-w42.1', 'tiny-sre', 'settings-', `${id}+custom`, `${id}0`]) {
    expect(isSettingsId(other)).toBe(false);
  }
});

test.each([
  ['system_prompt', '  '],
  ['system_prompt', 'x'.repeat(4_001)],
  ['system_prompt', 'half of a character \ud83d'],
  ['temperature', 2.1],
  ['top_p', 0],
  ['max_tokens', 0],
  ['max_sources', 17],
  ['max_source_chars', 0.5],
  ['top_k', 40],
])('%s: %j is refused by its name', (key, value) => {
  const { error } = settingsBodySchema.safeParse({ ...BUILT_IN, [key]: value });
  const [issue] = error?.issues ?? [];
  expect([issue?.path.join('.'), ...('keys' in (issue ?? {}) ? [key] : [])]).toContain(key);
});

test('a name is one line', () => {
  const settings = { id: 'settings-0123456789ab', name: 'short', body: BUILT_IN };
  expect(answerSettingsSchema.safeParse(settings).success).toBe(true);
  expect(answerSettingsSchema.safeParse({ ...settings, name: 'a\nb' }).success).toBe(false);
});

test('a model is given the first of the sources, in their order, and of each its beginning', () => {
  const all = { max_sources: null, max_source_chars: null };
  expect(givenSources(all, sources)).toEqual(sources);
  expect(givenSources({ ...all, max_sources: 2 }, sources)).toEqual(sources.slice(0, 2));
  expect(givenSources({ ...all, max_sources: 0 }, sources)).toEqual([]);
  expect(givenSources({ ...all, max_source_chars: 2 }, sources).map(({ text }) => text)).toEqual([
    'on',
    'tw',
    'th',
  ]);
});

test('no character is cut in half, and what has no text is left as it is', () => {
  const odd = [
    { id: '1', title: 'T', text: 'a\ud83d\ude80' },
    { id: '2', title: 'T', text: '\ud83d\ude80' },
    { id: '3', title: 'T' },
  ];
  const cut = (max_source_chars: number) =>
    givenSources({ max_sources: null, max_source_chars }, odd).map(({ text }) => text);
  expect(cut(2)).toEqual(['a', '\ud83d\ude80', undefined]);
  expect(cut(1)).toEqual(['a', undefined, undefined]);
});
